// What the cost model reads out of one report, whatever the report says: all finite, in range.
#pragma once

#include <optional>

#include "dnsd/fleet/heartbeat.h"

namespace dnsd::policy {

struct ReportFacts {
  double cpus = 1;                    // m, at least 0.01
  double load = 0;                    // z: 0 idle, 1 all CPUs busy, growing slowly beyond
  bool has_load = false;              // else z is 0, and means nothing
  std::optional<double> sessions;     // new ones a second
  std::optional<double> requests;     // a second, failed ones included
  std::optional<double> connections;  // established
  double errors = 0;                  // a second, at most `requests` where those are known
  double memory = 0;                  // share in use
  bool is_swapping = false;           // pages go out while tasks wait for them
};

// The value held to 0 and `most`; nothing for what is no number.
std::optional<double> Sane(const std::optional<double>& value, double most);

// The share of memory in use, 0 to 1; nothing where it is not reported.
std::optional<double> MemoryOf(const fleet::Load& load);

// z = u + u/2 ln(1 + max(u, q) - u), with u the application's own utilisation, or else the CPU's,
// held to 1, and q the larger of that utilisation and the runnable tasks per CPU.
//
// docs/policies.md has no u before the logarithm. Reporters sample the run queue at an instant, the
// CPU over the interval: on a CPU that was idle one runnable task (the reporter itself, even) would
// add a third of the CPU's worth of load. On a busy CPU the two agree.
ReportFacts FactsOf(const fleet::Load& load);

}  // namespace dnsd::policy
