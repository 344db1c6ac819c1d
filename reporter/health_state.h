// A verdict on health from a row of checks.
#pragma once

#include <string>
#include <utility>

namespace dnsd::reporter {

// Healthy after `rise` good checks in a row, unhealthy after `fall` bad ones; the very first check
// decides alone. Until then it is not known, and counts as unhealthy.
class HealthState {
 public:
  HealthState(unsigned rise, unsigned fall) : rise_(rise), fall_(fall) {}

  // Goes on from the verdict of another check, which this one replaces.
  void Inherit(const HealthState& former) {
    known_ = former.known_;
    healthy_ = former.healthy_;
    detail_ = former.detail_;
  }

  // Takes a check's result in; `detail`: why it failed. True if what should be reported changed.
  bool Observe(bool good, const std::string& detail) {
    row_ = good == healthy_ ? 0 : row_ + 1;
    const bool turns = !known_ || row_ >= (good ? rise_ : fall_);
    if (!turns || (known_ && good == healthy_)) {
      if (good || healthy_ || detail == detail_) return false;
      detail_ = detail;  // still bad, for another reason
      return true;
    }
    known_ = true;
    healthy_ = good;
    row_ = 0;
    detail_ = good ? "" : detail;
    return true;
  }

  bool known() const { return known_; }
  bool healthy() const { return healthy_; }
  // Why it is not healthy; empty when it is.
  const std::string& detail() const { return detail_; }
  // A check has contradicted the verdict: the next should come soon.
  bool in_doubt() const { return row_ > 0; }

 private:
  unsigned rise_;
  unsigned fall_;
  unsigned row_ = 0;  // checks in a row that contradict the verdict
  bool known_ = false;
  bool healthy_ = false;
  std::string detail_ = "not checked yet";
};

}  // namespace dnsd::reporter
