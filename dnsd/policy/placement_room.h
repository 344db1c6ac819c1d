// Room on full disks, and what may be taken away at all.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dnsd/policy/placement_round.h"
#include "dnsd/policy/placement_turn.h"

namespace dnsd::policy {

// Whether the replica may be withdrawn: none of its site is on the move, it is neither the home nor
// pinned nor, with `idle`, younger than the hold; enough others answer, in as many groups; and they
// can carry what it takes without getting busier than the fleet is.
bool MayGo(const PlacementRound& round, std::uint32_t site, const PlacementReplica& replica,
           bool idle = true);

// What is on which node: one walk over all sites, when it is first asked.
class PlacementRoom {
 public:
  explicit PlacementRoom(PlacementRound& round) : round_(round) {}

  // Withdraws replicas so that one of the turn's site, which should take `need` CPUs there, will
  // have room on the node: those with the least demand an octet, and, unless the site must have it
  // `anyhow`, only such as are worth less than half of what takes their place. True if there will
  // be room, by this or by what is on its way out already.
  bool Make(PlacementTurn& turn, std::uint32_t node, double need, bool anyhow);

  // Withdraws replicas from nodes that hold more than their quotas.
  void Relieve();

 private:
  struct Held {
    std::uint32_t site = 0;
    const PlacementReplica* replica = nullptr;
  };

  // Adds kRoom actions until so many octets are on their way out, or nothing else may go. What is
  // worth more an octet stays. False, and nothing done, if they cannot be had and `all` is wanted.
  bool Free(std::uint32_t node, std::uint64_t octets, double most_worth, bool all);
  double WorthOf(const Held& held) const;  // CPUs an octet
  const std::vector<Held>& On(std::uint32_t node);

  PlacementRound& round_;
  std::vector<std::vector<Held>> held_;  // by node; empty until it is asked for
};

}  // namespace dnsd::policy
