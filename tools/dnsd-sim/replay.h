// A recorded history of real nodes as a scenario: their clients come again, and choose anew.
//
//   time,node,cpus,cpu,sps           time in seconds, from any origin; cpu: 0 to 1
//   0,web1,4,0.31,12.5               one line a node and report, the lines of a node in order
//
// What sessions cost a node and what else ran on it is told apart by the straight line through its
// reports, busy CPUs = background + cost * sessions a second: the cost stays, the background is
// what each report leaves. Where there is a column `background` (a share), it is believed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "tools/dnsd-sim/scenario.h"

namespace dnsd::sim {

// What a node reported at a time.
struct HistoryReport {
  double at = 0;  // seconds since the history began
  double cpu = 0;
  double sessions = 0;  // new ones a second
  std::optional<double> background{};
};

struct HistoryNode {
  std::string name;
  double cpus = 1;
  std::vector<HistoryReport> reports;  // by rising time
};

struct History {
  std::vector<HistoryNode> nodes;  // as they first appear
  double seconds = 0;              // from the first report to the last
};

//   NotFound         the file cannot be read
//   InvalidArgument  "path:line: what was found, what was wanted"
absl::StatusOr<History> LoadHistory(const std::string& path);

// CPU seconds that one session takes on the node, above 0.
double CostOfSession(const HistoryNode& node);

// Adds the nodes, the demand times `scale` and the work of a request to `scenario`; the duration
// too unless it is `has_duration`. A session's work is the fleet's mean, and a node where sessions
// cost less is that much faster.
//   InvalidArgument  no sessions, or no more than the warm-up
absl::Status Replay(const History& history, double scale, bool has_duration, Scenario& scenario);

}  // namespace dnsd::sim
