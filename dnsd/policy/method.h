// How each policy comes from its candidates to an answer.
#pragma once

#include <cstdint>

#include "dnsd/zone/site_options.h"

namespace dnsd::policy {

enum class Method : std::uint8_t {
  kPrice,   // the least (selection.h)
  kTurns,   // one after the other; by share while guards tell members apart
  kRandom,  // by chance, in proportion to weights (shares.h)
  kShare,   // in proportion to weights, spread evenly (shares.h)
  kHash,    // the client's own (rendezvous.h)
};

constexpr Method MethodOf(zone::Policy policy) {
  switch (policy) {
    case zone::Policy::kRoundRobin:
      return Method::kTurns;
    case zone::Policy::kRandom:
      return Method::kRandom;
    case zone::Policy::kWeighted:
    case zone::Policy::kQuota:
    case zone::Policy::kMemoryWeight:
    case zone::Policy::kDynamicWeight:
      return Method::kShare;
    case zone::Policy::kHash:
      return Method::kHash;
    case zone::Policy::kLeastCost:
    case zone::Policy::kLeastLoad:
    case zone::Policy::kWlc:
    case zone::Policy::kFailover:
      break;
  }
  return Method::kPrice;
}

}  // namespace dnsd::policy
