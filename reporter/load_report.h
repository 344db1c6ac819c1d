// What a load source says: a JSON object in the names of the ORCA load report.
//
//   {"cpu_utilization": 0.4, "rps_fractional": 120.5, "eps": 0, "queue_depth": 7,
//    "named_metrics": {"cache_hits": 0.93}}
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "proto/heartbeat.pb.h"

namespace dnsd::reporter {

struct LoadReport {
  heartbeat::v1::Load load;
  std::vector<std::string> faults;  // keys left out, each with the value found and what was wanted
};

// Numeric keys that no load has become named metrics, as do those of the object "named_metrics".
// A key with an impossible value is left out and told of; a utilisation just above 1 counts as 1.
//   InvalidArgument   the text is not a JSON object
absl::StatusOr<LoadReport> ParseLoadReport(const std::string& json);

// The values of a load source from one reading to the next. After a reading that failed, the last
// good values stay for a while (a file may be half-written, a command slow once); then the source
// has nothing to say, and the kernel's values stand. Time is an argument.
class LoadBoard {
 public:
  static constexpr Duration kGrace = std::chrono::seconds(10);

  // Takes a reading in. Returns what to warn the operator of: empty when all is well or when it is
  // what was wrong before, so that one fault is one line however often it is met.
  std::string Take(const absl::StatusOr<std::string>& json, MonotonicTime now);

  // Null: the source says nothing.
  const heartbeat::v1::Load* Find(MonotonicTime now) const;

 private:
  std::optional<heartbeat::v1::Load> load_;
  MonotonicTime good_at_;
  bool failing_ = false;
  std::string fault_;      // told of last
  std::string last_json_;  // what load_ was read from
};

}  // namespace dnsd::reporter
