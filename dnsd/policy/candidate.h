// A member that may be answered.
#pragma once

#include <cstdint>

#include "dnsd/fleet/node_state.h"
#include "dnsd/policy/closeness.h"

namespace dnsd::policy {

struct Candidate {
  std::uint32_t member = 0;                // place in its pool
  float cost = 0;                          // or its weight; 0 and upwards
  ClosenessScore closeness = 0;            // greatest is best
  fleet::NodeIndex node = fleet::kNoNode;  // kNoNode: unmanaged
};

}  // namespace dnsd::policy
