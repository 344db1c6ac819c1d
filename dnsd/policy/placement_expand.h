// Replicas for sites that have too few: of their demand, or of their least.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/policy/placement_room.h"
#include "dnsd/policy/placement_round.h"

namespace dnsd::policy {

// CPUs that the site will want by when a copy begun now is there.
double ExpectedDemand(const PlacementRound& round, const PlacementSite& site);

// Sites that have fewer replicas than their least, or will once nodes are emptied; those with the
// fewest first. Leaves a quarter of the round's actions to others.
void Repair(PlacementRound& round, PlacementRoom& room, std::vector<std::uint32_t> sites);

// Sites whose idlest replica is too busy, by falling demand; `sites` also has those with replicas
// on the way, whose share is reserved for them.
void ExpandBusy(PlacementRound& round, PlacementRoom& room, std::vector<std::uint32_t> sites);

}  // namespace dnsd::policy
