#include <algorithm>
#include <string>
#include <utility>

#include "dnsd/policy/placement_expand.h"
#include "dnsd/policy/placement_tally.h"
#include "dnsd/policy/placement_turn.h"

namespace dnsd::policy {
namespace {

constexpr int kRoomTries = 4;  // nodes that room is looked for on

// Takes one replica of the turn's site to the best node, or sees to it that there will be room.
bool AddOne(PlacementTurn& turn, PlacementRoom& room, const ReplicaTally& tally) {
  const PlacementSite& site = turn.site();
  const bool emptied = tally.kept + tally.emptied >= site.least;
  const double need = site.demand / std::max(1U, site.least);
  if (const auto node = turn.Choose({.need = need, .anyhow = true})) {
    return turn.Expand(*node, emptied ? PlacementReason::kEvacuate : PlacementReason::kMinimum,
                       std::to_string(tally.kept) + " of its least of " +
                           std::to_string(site.least) + " replicas " +
                           (emptied ? "are on nodes that stay" : "are left"));
  }
  std::vector<std::uint32_t> tried;
  for (int i = 0; i < kRoomTries; ++i) {
    const auto node = turn.Choose({.need = need, .anyhow = true, .full = true, .without = &tried});
    if (!node || room.Make(turn, *node, need, true)) return false;
    tried.push_back(*node);
  }
  return false;
}

}  // namespace

void Repair(PlacementRound& round, PlacementRoom& room, std::vector<std::uint32_t> sites) {
  const PlacementState& state = round.state();
  std::vector<std::pair<std::uint32_t, std::uint32_t>> order;  // replicas left, site
  for (const std::uint32_t site : sites) {
    const ReplicaTally tally = Tally(round, state.sites[site]);
    order.emplace_back(tally.kept + tally.emptied, site);
  }
  std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    const double da = state.sites[a.second].demand, db = state.sites[b.second].demand;
    return da != db ? da > db : a.second < b.second;
  });
  const std::size_t reserved = round.rules().most_actions / 4;
  for (const auto& [left, site] : order) {
    PlacementTurn turn(round, site);
    ReplicaTally tally = Tally(round, turn.site());
    while (tally.kept < turn.site().least && round.actions_left() > reserved &&
           AddOne(turn, room, tally)) {
      ++tally.kept;
    }
    if (round.actions_left() <= reserved) return;
  }
}

}  // namespace dnsd::policy
