#include "dnsd/placement/lead.h"

#include "dnsd/placement/facts.h"

namespace dnsd::placement {

Lead LeadIn(const fleet::Fleet& fleet) {
  Lead lead;
  for (const fleet::Node& node : fleet.nodes()) {
    if (!Obeys(node) || !Serves(node)) continue;
    ++lead.nodes;
    if (node.names_decider) ++lead.named;
  }
  return lead;
}

}  // namespace dnsd::placement
