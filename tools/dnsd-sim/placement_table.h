// Runs of a placement scenario, and the table of them.
#pragma once

#include <string>
#include <vector>

#include "tools/dnsd-sim/placement_cluster.h"

namespace dnsd::sim {

struct PlacementRun {
  double room = -1;  // below 0: no quotas
  std::size_t method = 0;
  PlacementTally tally;
};

// Every method with every room, `jobs` at a time.
std::vector<PlacementRun> RunPlacement(const PlacementScenario& scenario, std::size_t jobs);

// One line a run. `times`: also how long a decision takes, which no two runs have alike.
std::string PlacementTable(const PlacementScenario& scenario, const std::vector<PlacementRun>& runs,
                           bool times);

}  // namespace dnsd::sim
