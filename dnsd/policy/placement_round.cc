#include "dnsd/policy/placement_round.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace dnsd::policy {

PlacementRound::PlacementRound(const PlacementState& state, const PlacementRules& rules,
                               MonotonicTime now)
    : state_(state),
      rules_(rules),
      now_(now),
      plans_(state.nodes.size()),
      acted_(state.sites.size()) {
  CountNodes();
  CountMoves();
  Expect(0);
}

void PlacementRound::CountNodes() {
  double busy = 0;
  for (std::uint32_t i = 0; i < plans_.size(); ++i) {
    const PlacementNode& node = state_.nodes[i];
    assert(std::isfinite(node.cpus) && node.cpus > 0);
    assert(std::isfinite(node.load) && node.load >= 0);
    assert(std::isfinite(node.bandwidth) && node.bandwidth > 0);
    plans_[i].busy = node.load * node.cpus;
    plans_[i].disk = node.used;
    if (!node.serves) continue;
    busy += plans_[i].busy;
    cpus_ += node.cpus;
  }
  mean_load_ = cpus_ > 0 ? busy / cpus_ : 0;
}

void PlacementRound::Expect(double cpus) {
  const double mean = mean_load_ + (cpus_ > 0 ? std::max(0.0, cpus) / cpus_ : 0);
  target_ = std::clamp(mean + rules_.headroom, rules_.least_target, rules_.most_target);
  for (std::uint32_t i = 0; i < plans_.size(); ++i) Reorder(i);
}

void PlacementRound::CountMoves() {
  double bytes = 0, sized = 0;
  for (const PlacementSite& site : state_.sites) {
    if (site.bytes == 0) continue;
    bytes += static_cast<double>(site.bytes);
    ++sized;
  }
  mean_bytes_ = sized > 0 ? static_cast<std::uint64_t>(bytes / sized) : 0;
  for (const PlacementSite& site : state_.sites) {
    for (const PlacementReplica& replica : site.replicas) {
      assert(replica.node < plans_.size());
      Plan& plan = plans_[replica.node];
      plan.transfers += replica.transfers;
      if (replica.phase == ReplicaPhase::kComing) {
        plan.disk += BytesOf(site);
        ++plan.actions;
      } else if (replica.phase == ReplicaPhase::kGoing) {
        plan.leaving += BytesOf(site);
        ++plan.actions;
      }
    }
  }
}

void PlacementRound::SetBusy(std::uint32_t node, double cpus) {
  plans_[node].busy = cpus;
  Reorder(node);
}

double PlacementRound::Fill(std::uint32_t node, std::uint64_t more) const {
  const std::uint64_t quota = state_.nodes[node].quota;
  if (quota == 0 || rules_.storage != PlacementRules::Storage::kResourceAware) return 0;
  return static_cast<double>(plans_[node].disk + more) / static_cast<double>(quota);
}

std::uint64_t PlacementRound::Lacking(std::uint32_t node, std::uint64_t bytes) const {
  const std::uint64_t quota = state_.nodes[node].quota;
  if (quota == 0 || rules_.storage != PlacementRules::Storage::kResourceAware) return 0;
  const std::uint64_t wanted = plans_[node].disk + bytes;
  return wanted > quota ? wanted - quota : 0;
}

// What is on the way in does not count: it may be there already, in part or, for a heartbeat,
// whole.
std::uint64_t PlacementRound::Excess(std::uint32_t node) const {
  const std::uint64_t allowed = state_.nodes[node].quota + plans_[node].leaving;
  const bool known = state_.nodes[node].quota > 0;
  return known && state_.nodes[node].used > allowed ? state_.nodes[node].used - allowed : 0;
}

std::uint64_t PlacementRound::LackingLater(std::uint32_t node, std::uint64_t bytes) const {
  const std::uint64_t lacking = Lacking(node, bytes + plans_[node].claimed);
  const std::uint64_t leaving = plans_[node].leaving;
  return lacking > leaving ? lacking - leaving : 0;
}

void PlacementRound::Add(PlacementAction action) {
  Plan& plan = plans_[action.node];
  const std::uint64_t bytes = BytesOf(state_.sites[action.site]);
  if (action.kind == PlacementAction::Kind::kExpand) {
    plan.disk += bytes;
    if (!action.sources.empty()) ++plans_[action.sources.front()].transfers;
  } else {
    plan.leaving += bytes;
  }
  ++plan.actions;
  acted_[action.site] = true;
  Reorder(action.node);
  actions_.push_back(std::move(action));
}

bool PlacementRound::CanOpen(std::uint32_t i) const {
  const PlacementNode& node = state_.nodes[i];
  return node.takes && node.serves && !node.lost && !node.evacuates &&
         plans_[i].actions < rules_.most_node_actions;
}

void PlacementRound::Reorder(std::uint32_t node) {
  Plan& plan = plans_[node];
  if (plan.open) open_.erase({plan.key, node});
  plan.open = CanOpen(node);
  plan.key = -Spare(node, target_);
  if (plan.open) open_.insert({plan.key, node});
}

}  // namespace dnsd::policy
