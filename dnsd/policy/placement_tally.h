// What the replicas of a site amount to.
#pragma once

#include <cstdint>

#include "dnsd/policy/placement_round.h"

namespace dnsd::policy {

struct ReplicaTally {
  std::uint32_t ready = 0;  // that answer
  std::uint32_t kept =
      0;  // that count towards the least: what is lost, or unwell for long, does not
  std::uint32_t emptied = 0;  // likewise, but for their nodes, which are to be emptied
  std::uint32_t there = 0;    // finished, whatever their state: what the most is about
  bool coming = false;
  bool going = false;
  double idlest = 0;  // load of the idlest node that answers; of no meaning if none does

  bool moving() const { return coming || going; }
};

// Whether answers may name the replica.
inline bool Answers(const PlacementRound& round, const PlacementReplica& replica) {
  return replica.phase == ReplicaPhase::kReady && round.node(replica.node).serves;
}
// Whether it counts towards the least, its node being emptied or not.
bool IsKept(const PlacementRound& round, const PlacementReplica& replica);

ReplicaTally Tally(const PlacementRound& round, const PlacementSite& site);

// The most replicas that it may have; never below its least.
std::uint32_t MostOf(const PlacementSite& site);

// What a replica takes, of the last seconds or ten minutes: the higher.
double LastingDemand(const PlacementSite& site, const PlacementReplica& replica);

}  // namespace dnsd::policy
