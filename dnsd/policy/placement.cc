#include "dnsd/policy/placement.h"

#include <cassert>
#include <cmath>

#include "dnsd/policy/placement_contract.h"
#include "dnsd/policy/placement_expand.h"
#include "dnsd/policy/placement_room.h"
#include "dnsd/policy/placement_round.h"
#include "dnsd/policy/placement_shortage.h"
#include "dnsd/policy/placement_tally.h"

namespace dnsd::policy {
namespace {

constexpr std::size_t kMostShortages = 100;

// What is to be looked at: most sites are in none of these.
struct Worklists {
  std::vector<std::uint32_t> few;   // below their least
  std::vector<std::uint32_t> busy;  // or with replicas on the way
  std::vector<std::uint32_t> many;  // above their most
  std::vector<std::uint32_t> more;  // above their least
};

Worklists Sort(const PlacementRound& round) {
  Worklists lists;
  const auto& sites = round.state().sites;
  for (std::uint32_t i = 0; i < sites.size(); ++i) {
    const PlacementSite& site = sites[i];
    assert(std::isfinite(site.demand) && site.demand >= 0);
    assert(std::isfinite(site.lasting) && site.lasting >= 0);
    assert(std::isfinite(site.trend));
    const ReplicaTally tally = Tally(round, site);
    const bool busy = tally.ready > 0 && tally.idlest > round.rules().high;
    if (busy || tally.coming) lists.busy.push_back(i);
    if (site.frozen) continue;
    if (tally.kept < site.least) lists.few.push_back(i);
    if (tally.there > MostOf(site)) lists.many.push_back(i);
    if (tally.ready > site.least) lists.more.push_back(i);
  }
  return lists;
}

}  // namespace

const char* NameOf(PlacementReason reason) {
  switch (reason) {
    case PlacementReason::kDemand:
      return "demand";
    case PlacementReason::kMinimum:
      return "minimum";
    case PlacementReason::kEvacuate:
      return "evacuate";
    case PlacementReason::kRebalance:
      return "rebalance";
    case PlacementReason::kIdle:
      return "idle";
    case PlacementReason::kRoom:
      return "room";
    case PlacementReason::kMost:
      return "most";
  }
  return "unknown";
}

std::vector<PlacementAction> Decide(const PlacementState& state, const PlacementRules& rules,
                                    MonotonicTime now, std::vector<PlacementShortage>* shortages) {
  PlacementRound round(state, rules, now);
  PlacementRoom room(round);
  const Worklists lists = Sort(round);
  Repair(round, room, lists.few);
  ExpandBusy(round, room, lists.busy);
  ContractAboveMost(round, lists.many);
  if (rules.storage == PlacementRules::Storage::kResourceAware) room.Relieve();
  if (rules.contract == PlacementRules::Contract::kEager) ContractIdle(round, lists.more);
  if (shortages != nullptr) *shortages = FindShortages(round, lists.few, kMostShortages);
  return round.Take();
}

}  // namespace dnsd::policy
