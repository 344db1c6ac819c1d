// Reports on a clock of the tests' own, for whatever takes them as CostModel does.
#pragma once

#include <chrono>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/heartbeat.h"
#include "dnsd/fleet/node_state.h"

namespace dnsd::policy {

constexpr Duration kSecond = std::chrono::seconds(1);

inline MonotonicTime At(double s) { return MonotonicTime(std::chrono::hours(1)) + FromSeconds(s); }

// A report that came at once, of a reporter that tells every second.
template <typename Model>
void Report(Model& model, fleet::NodeIndex node, const fleet::Load& load, double s) {
  model.OnReport(node, load, At(s), Duration::zero(), kSecond);
}

}  // namespace dnsd::policy
