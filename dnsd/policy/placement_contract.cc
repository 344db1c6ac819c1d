#include "dnsd/policy/placement_contract.h"

#include <string>

#include "dnsd/policy/placement_room.h"
#include "dnsd/policy/placement_tally.h"
#include "dnsd/policy/placement_words.h"

namespace dnsd::policy {
namespace {

// The replica for which `badness` is highest, of those that may go; null: none may.
template <typename Badness>
const PlacementReplica* Worst(const PlacementRound& round, std::uint32_t site, bool idle,
                              Badness badness) {
  const PlacementReplica* worst = nullptr;
  for (const PlacementReplica& replica : round.state().sites[site].replicas) {
    if (worst != nullptr && badness(replica) <= badness(*worst)) continue;
    if (MayGo(round, site, replica, idle)) worst = &replica;
  }
  return worst;
}

void Contract(PlacementRound& round, std::uint32_t site, const PlacementReplica& replica,
              PlacementReason reason, std::string why) {
  round.Add({.kind = PlacementAction::Kind::kContract,
             .site = site,
             .node = replica.node,
             .reason = reason,
             .why = std::move(why)});
}

}  // namespace

void ContractAboveMost(PlacementRound& round, const std::vector<std::uint32_t>& sites) {
  for (const std::uint32_t index : sites) {
    if (round.actions_left() == 0) return;
    const PlacementSite& site = round.state().sites[index];
    const PlacementReplica* worst =
        Worst(round, index, false, [&](const PlacementReplica& r) { return round.load(r.node); });
    if (worst == nullptr) continue;
    Contract(round, index, *worst, PlacementReason::kMost,
             std::to_string(Tally(round, site).there) + " replicas, of at most " +
                 std::to_string(MostOf(site)));
  }
}

void ContractIdle(PlacementRound& round, const std::vector<std::uint32_t>& sites) {
  for (const std::uint32_t index : sites) {
    if (round.actions_left() == 0) return;
    const PlacementSite& site = round.state().sites[index];
    const PlacementReplica* worst = Worst(
        round, index, true, [&](const PlacementReplica& r) { return -LastingDemand(site, r); });
    if (worst == nullptr) continue;
    Contract(round, index, *worst, PlacementReason::kIdle,
             "the others can carry its " + CpusText(LastingDemand(site, *worst)));
  }
}

}  // namespace dnsd::policy
