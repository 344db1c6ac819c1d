// How answers by load split the sites' demand over the nodes that have them.
#pragma once

#include <vector>

#include "dnsd/policy/placement.h"

namespace dnsd::sim {

// Splits each site's demand (CPUs, by site) so that those of its nodes that answer are as busy as
// each other, given what the others take, once for each site in turn; sets `demand` of the replicas
// and `load` of the nodes, to which `copying` (CPUs, by node) is added. Returns the CPUs asked of
// sites for which nobody answers.
double SplitDemand(policy::PlacementState& state, const std::vector<double>& demand,
                   const std::vector<double>& copying);

}  // namespace dnsd::sim
