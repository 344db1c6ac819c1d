// Replicas that are too many.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/policy/placement_round.h"

namespace dnsd::policy {

// One replica of each site that has more than its most: the busiest node's.
void ContractAboveMost(PlacementRound& round, const std::vector<std::uint32_t>& sites);

// One replica of each site that its others carry well: that with the least demand. For
// `contract: eager`; the lazy way leaves it until its disk is wanted.
void ContractIdle(PlacementRound& round, const std::vector<std::uint32_t>& sites);

}  // namespace dnsd::policy
