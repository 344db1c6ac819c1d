// How evenly the load lies: who answers, who is loaded, and how far the busiest is above the rest.
#pragma once

#include <vector>

#include "dnsd/server/status_report.h"

namespace dnsd::server {

struct Balance {
  struct Node {
    double answers = 0;  // its share of the addresses given out of late, 0 to 1
    double load = 0;     // its share of the CPUs that are busy, 0 to 1
  };
  std::vector<Node> nodes;  // by NodeIndex
  // The highest utilisation over the mean one, of the nodes that may answer and tell theirs:
  // 1 is even, 0 that none is known or all are idle.
  double imbalance = 0;
};

// `answer_rates`: by NodeIndex; those past its end give none.
Balance BalanceOf(const std::vector<NodeStatus>& nodes, const std::vector<double>& answer_rates);

}  // namespace dnsd::server
