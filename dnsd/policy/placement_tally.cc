#include "dnsd/policy/placement_tally.h"

#include <algorithm>
#include <limits>

namespace dnsd::policy {

bool IsKept(const PlacementRound& round, const PlacementReplica& replica) {
  if (round.node(replica.node).lost) return false;
  switch (replica.phase) {
    case ReplicaPhase::kReady:
    case ReplicaPhase::kComing:
      return true;
    case ReplicaPhase::kUnwell:
      return round.now() - replica.since <= round.rules().grace;
    case ReplicaPhase::kGoing:
      break;
  }
  return false;
}

ReplicaTally Tally(const PlacementRound& round, const PlacementSite& site) {
  ReplicaTally tally;
  tally.idlest = std::numeric_limits<double>::infinity();
  for (const PlacementReplica& replica : site.replicas) {
    if (IsKept(round, replica)) {
      ++(round.node(replica.node).evacuates ? tally.emptied : tally.kept);
    }
    tally.coming |= replica.phase == ReplicaPhase::kComing;
    tally.going |= replica.phase == ReplicaPhase::kGoing;
    tally.there +=
        replica.phase == ReplicaPhase::kReady || replica.phase == ReplicaPhase::kUnwell ? 1 : 0;
    if (!Answers(round, replica)) continue;
    ++tally.ready;
    tally.idlest = std::min(tally.idlest, round.load(replica.node));
  }
  return tally;
}

std::uint32_t MostOf(const PlacementSite& site) {
  return site.most == 0 ? std::numeric_limits<std::uint32_t>::max()
                        : std::max(site.most, site.least);
}

double LastingDemand(const PlacementSite& site, const PlacementReplica& replica) {
  const double share = site.demand > kIdleDemand ? std::min(1.0, replica.demand / site.demand)
                                                 : 1 / static_cast<double>(site.replicas.size());
  return std::max(replica.demand, site.lasting * share);
}

}  // namespace dnsd::policy
