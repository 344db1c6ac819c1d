#include "dnsd/policy/placement_room.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "dnsd/policy/placement_tally.h"
#include "dnsd/policy/placement_words.h"

namespace dnsd::policy {
namespace {

// Whether as many groups are left without it as the least, or as there are.
bool KeepsGroups(const PlacementRound& round, const PlacementSite& site,
                 const PlacementReplica& leaving) {
  std::set<std::uint32_t> with, without;
  std::size_t ungrouped = 0;
  for (const PlacementReplica& replica : site.replicas) {
    const PlacementNode& node = round.node(replica.node);
    if (!IsKept(round, replica) || node.evacuates) continue;
    if (node.group == 0 && &replica != &leaving) ++ungrouped;
    if (node.group == 0) continue;
    with.insert(node.group);
    if (&replica != &leaving) without.insert(node.group);
  }
  return without.size() == with.size() || without.size() + ungrouped >= site.least;
}

}  // namespace

bool MayGo(const PlacementRound& round, std::uint32_t index, const PlacementReplica& leaving,
           bool idle) {
  const PlacementSite& site = round.state().sites[index];
  if (site.frozen || leaving.home || leaving.pinned || round.acted(index)) return false;
  if (leaving.phase != ReplicaPhase::kReady && leaving.phase != ReplicaPhase::kUnwell) return false;
  if (round.node(leaving.node).lost || !round.MayAct(leaving.node)) return false;
  if (idle && round.now() - leaving.since < round.rules().hold) return false;

  const PlacementRules& rules = round.rules();
  // As busy as the fleet is, or as `low` has it; but always so far below `high` that the site does
  // not want a replica back at once.
  const double level =
      std::clamp(round.mean_load(), rules.low, std::max(rules.low, rules.high - rules.headroom));
  double room = 0;
  double idlest = std::numeric_limits<double>::infinity();  // load, of those that are left
  std::uint32_t left = 0;
  for (const PlacementReplica& replica : site.replicas) {
    if (replica.phase == ReplicaPhase::kComing || replica.phase == ReplicaPhase::kGoing) {
      return false;
    }
    if (&replica == &leaving || !Answers(round, replica) || round.node(replica.node).evacuates) {
      continue;
    }
    ++left;
    room += std::max(0.0, round.Spare(replica.node, level));
    idlest = std::min(idlest, round.load(replica.node));
  }
  if (left < std::max(1U, site.least) || !KeepsGroups(round, site, leaving)) return false;
  // Where all that are left are crowded it would be wanted back at once.
  if (idle && site.demand > kIdleDemand && idlest > rules.high) return false;
  const double moved = LastingDemand(site, leaving);
  return !idle || moved <= kIdleDemand || moved <= room;
}

const std::vector<PlacementRoom::Held>& PlacementRoom::On(std::uint32_t node) {
  if (held_.empty()) {
    held_.resize(round_.state().nodes.size());
    for (std::uint32_t i = 0; i < round_.state().sites.size(); ++i) {
      for (const PlacementReplica& replica : round_.state().sites[i].replicas) {
        held_[replica.node].push_back({i, &replica});
      }
    }
  }
  return held_[node];
}

double PlacementRoom::WorthOf(const Held& held) const {
  const PlacementSite& site = round_.state().sites[held.site];
  return LastingDemand(site, *held.replica) /
         static_cast<double>(std::max<std::uint64_t>(1, round_.BytesOf(site)));
}

bool PlacementRoom::Free(std::uint32_t node, std::uint64_t octets, double most_worth, bool all) {
  std::vector<std::pair<double, Held>> may;
  for (const Held& held : On(node)) {
    const double worth = WorthOf(held);
    if (worth <= most_worth && MayGo(round_, held.site, *held.replica)) {
      may.emplace_back(worth, held);
    }
  }
  std::sort(may.begin(), may.end(), [](const auto& a, const auto& b) {
    return std::make_pair(a.first, a.second.site) < std::make_pair(b.first, b.second.site);
  });
  std::uint64_t freed = 0;
  std::size_t count = 0;
  for (; count < may.size() && freed < octets; ++count) {
    freed += round_.BytesOf(round_.state().sites[may[count].second.site]);
  }
  if (all && freed < octets) return false;
  for (std::size_t i = 0; i < count && round_.MayAct(node); ++i) {
    const auto& [worth, held] = may[i];
    const PlacementSite& site = round_.state().sites[held.site];
    round_.Add({.kind = PlacementAction::Kind::kContract,
                .site = held.site,
                .node = node,
                .reason = PlacementReason::kRoom,
                .why = "its disk is wanted, and it takes " +
                       CpusText(LastingDemand(site, *held.replica)) + " with " +
                       OctetsText(round_.BytesOf(site))});
  }
  return true;
}

bool PlacementRoom::Make(PlacementTurn& turn, std::uint32_t node, double need, bool anyhow) {
  const std::uint64_t bytes = turn.bytes();
  const std::uint64_t quota = round_.node(node).quota;
  if (bytes == 0 || (quota > 0 && bytes > quota)) return false;
  const std::uint64_t lacking = round_.LackingLater(node, bytes);
  const double most_worth =
      anyhow ? std::numeric_limits<double>::infinity() : need / 2 / static_cast<double>(bytes);
  if (lacking > 0 && !Free(node, lacking, most_worth, true)) return false;
  round_.Claim(node, bytes);
  return true;
}

void PlacementRoom::Relieve() {
  for (std::uint32_t node = 0; node < round_.state().nodes.size(); ++node) {
    if (round_.actions_left() == 0) return;
    const std::uint64_t over = round_.Excess(node);
    if (over > 0) Free(node, over, std::numeric_limits<double>::infinity(), false);
  }
}

}  // namespace dnsd::policy
