#include "dnsd/policy/placement_turn.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dnsd/policy/placement_tally.h"

namespace dnsd::policy {
namespace {

constexpr double kWorthwhile = 0.05;  // of a node's CPUs, to be worth a copy

// What a node without spare CPUs is worth to a site that must have another one: less than any that
// has some, and the less the busier it is.
double LastResort(double load) { return 1e-3 * std::max(1e-3, 2 - load); }

double DiskCost(double fill) { return 1 + std::pow(100, fill - 1); }

// Where a copy can be had: whole, on a node that is up. One that is to be emptied is.
bool IsSource(const PlacementRound& round, const PlacementReplica& replica) {
  const PlacementNode& node = round.node(replica.node);
  return replica.phase == ReplicaPhase::kReady && !node.lost && (node.serves || node.evacuates);
}

}  // namespace

PlacementTurn::PlacementTurn(PlacementRound& round, std::uint32_t site)
    : round_(round), index_(site), site_(round.state().sites[site]) {
  transfers_.resize(site_.replicas.size());
  for (const PlacementReplica& replica : site_.replicas) {
    transfers_[static_cast<std::size_t>(&replica - site_.replicas.data())] = replica.transfers;
    if (IsKept(round, replica) && !round.node(replica.node).evacuates) TakeGroup(replica.node);
  }
  if (!round.acted(site)) return;
  for (const PlacementAction& action : round.actions()) {
    if (action.site != site || action.kind != PlacementAction::Kind::kExpand) continue;
    given_.push_back(action.node);
    TakeGroup(action.node);
  }
}

bool PlacementTurn::IsApart(std::uint32_t node) const {
  const std::uint32_t group = round_.node(node).group;
  return group == 0 || std::find(groups_.begin(), groups_.end(), group) == groups_.end();
}

void PlacementTurn::TakeGroup(std::uint32_t node) {
  if (IsApart(node)) groups_.push_back(round_.node(node).group);
}

bool PlacementTurn::MayHave(std::uint32_t node) const {
  if (std::binary_search(site_.barred.begin(), site_.barred.end(), node)) return false;
  if (std::find(given_.begin(), given_.end(), node) != given_.end()) return false;
  return std::none_of(site_.replicas.begin(), site_.replicas.end(),
                      [node](const PlacementReplica& replica) { return replica.node == node; });
}

void PlacementTurn::Weigh(const Wish& wish, std::uint32_t node, Best& any, Best& apart) const {
  const double spare = round_.Spare(node, round_.target());
  const double least = std::min(wish.least, kWorthwhile * round_.node(node).cpus);
  if (!wish.anyhow && spare <= least) return;
  if (!wish.full && round_.Lacking(node, bytes()) > 0) return;
  if (wish.without != nullptr &&
      std::find(wish.without->begin(), wish.without->end(), node) != wish.without->end()) {
    return;
  }
  double value = std::max(0.0, std::min(wish.need, spare));
  if (wish.anyhow) value += LastResort(round_.load(node));
  value /= DiskCost(round_.Fill(node, bytes()));
  if (value > any.value && MayHave(node)) any = {value, node};
  if (value > apart.value && IsApart(node) && MayHave(node)) apart = {value, node};
}

std::optional<std::uint32_t> PlacementTurn::Choose(const Wish& wish) {
  Best any, apart;
  if (site_.pool != nullptr) {
    for (const std::uint32_t node : *site_.pool) {
      if (!round_.Look()) break;
      if (round_.IsOpen(node)) Weigh(wish, node, any, apart);
    }
  } else {
    for (const auto& [key, node] : round_.open()) {
      // Those that follow have less to spare, so none can be worth more.
      const double most = std::min(wish.need, -key);
      const Best& best = WantsGroups() ? apart : any;
      if (!wish.anyhow && (-key <= kIdleDemand || most / DiskCost(0) <= best.value)) break;
      if (!round_.Look()) break;
      Weigh(wish, node, any, apart);
    }
  }
  return WantsGroups() && apart.node ? apart.node : any.node;
}

bool PlacementTurn::Expand(std::uint32_t node, PlacementReason reason, std::string why) {
  std::vector<std::uint32_t> sources = Sources();
  if (sources.empty()) return false;
  for (std::size_t i = 0; i < site_.replicas.size(); ++i) {
    if (site_.replicas[i].node == sources.front()) ++transfers_[i];
  }
  given_.push_back(node);
  TakeGroup(node);
  round_.Add({.kind = PlacementAction::Kind::kExpand,
              .site = index_,
              .node = node,
              .sources = std::move(sources),
              .reason = reason,
              .why = std::move(why)});
  return true;
}

std::vector<std::uint32_t> PlacementTurn::Sources() {
  const auto& replicas = site_.replicas;
  const PlacementRules& rules = round_.rules();
  std::vector<std::size_t> whole;
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (IsSource(round_, replicas[i])) whole.push_back(i);
  }
  if (whole.empty()) return {};  // what relays has it from one of these
  const auto load = [&](std::size_t i) {
    return std::make_pair(round_.transfers(replicas[i].node), transfers_[i]);
  };
  std::stable_sort(whole.begin(), whole.end(), [&](std::size_t a, std::size_t b) {
    if (rules.copy == PlacementRules::Copy::kStar) return replicas[a].home > replicas[b].home;
    return load(a) < load(b);
  });

  std::vector<std::uint32_t> sources;
  if (rules.copy == PlacementRules::Copy::kChain) {
    const PlacementReplica* newest = nullptr;
    for (std::size_t i = 0; i < replicas.size(); ++i) {
      if (replicas[i].phase != ReplicaPhase::kComing || round_.node(replicas[i].node).lost ||
          transfers_[i] >= rules.transfers) {
        continue;
      }
      if (newest == nullptr || replicas[i].since > newest->since) newest = &replicas[i];
    }
    if (!given_.empty()) {
      sources.push_back(given_.back());
    } else if (newest != nullptr) {
      sources.push_back(newest->node);
    }
  }
  if (sources.empty() && transfers_[whole.front()] >= rules.transfers) return {};
  for (const std::size_t i : whole) sources.push_back(replicas[i].node);
  return sources;
}

}  // namespace dnsd::policy
