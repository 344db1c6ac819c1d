// Which of several dnsd decides: the one that most nodes name (reporter/deciders.h).
//
// They share nothing, but all hear the same nodes. Each node names one at a time, so that two can
// both have most of the nodes only where each takes the other's for dead; and what a decision takes
// away every dnsd hears of for the whole grace time before it is gone (Ledger), and counts.
#pragma once

#include <cstddef>

#include "dnsd/fleet/fleet.h"

namespace dnsd::placement {

struct Lead {
  std::size_t nodes = 0;  // alive, whose reporters make and withdraw replicas
  std::size_t named = 0;  // of those, that name this dnsd

  bool is_ours() const { return 2 * named > nodes; }
  friend bool operator==(const Lead&, const Lead&) = default;
};

Lead LeadIn(const fleet::Fleet& fleet);

}  // namespace dnsd::placement
