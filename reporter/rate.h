// A counter of the kernel's as a rate.
#pragma once

#include <cstdint>
#include <optional>

#include "dnsd/base/clock.h"

namespace dnsd::reporter {

class Rate {
 public:
  // The counter's growth a second since the last call. Nothing at the first call, when no time has
  // passed, and when the counter went back: it wrapped, or what it counts was replaced.
  std::optional<double> Update(std::uint64_t value, MonotonicTime now) {
    std::optional<double> rate;
    if (last_ && now > last_->time && value >= last_->value) {
      rate = static_cast<double>(value - last_->value) / Seconds(now - last_->time);
    }
    last_ = Sample{value, now};
    return rate;
  }

 private:
  struct Sample {
    std::uint64_t value;
    MonotonicTime time;
  };
  std::optional<Sample> last_;
};

}  // namespace dnsd::reporter
