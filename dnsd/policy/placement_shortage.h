// Sites that should have more replicas, and why they get none.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/policy/placement.h"
#include "dnsd/policy/placement_round.h"

namespace dnsd::policy {

// Of these sites, which are below their least: those that the round has no action for and no node
// that could take one; so many at most.
std::vector<PlacementShortage> FindShortages(const PlacementRound& round,
                                             const std::vector<std::uint32_t>& sites,
                                             std::size_t most);

}  // namespace dnsd::policy
