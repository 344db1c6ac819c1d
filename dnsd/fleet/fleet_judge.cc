// What time does to a node: silence, warm-up, penalties; and the state that follows from the facts.
#include <algorithm>
#include <cmath>
#include <utility>

#include "dnsd/fleet/fleet.h"

namespace dnsd::fleet {
namespace {

constexpr Duration kFlapHalfLife = std::chrono::minutes(5);
constexpr double kFlapOut = 3;   // above: the node stays out
constexpr double kFlapBack = 1;  // until below
constexpr Duration kTogether = std::chrono::seconds(5);

Duration Times(Duration interval, double count) { return FromSeconds(Seconds(interval) * count); }

double PenaltyAt(const Node& node, MonotonicTime now) {
  return node.flap_penalty * std::exp2(-Seconds(now - node.flap_time) / Seconds(kFlapHalfLife));
}

// When the penalty has faded to kFlapBack.
MonotonicTime FadedAt(const Node& node) {
  return node.flap_time + Times(kFlapHalfLife, std::log2(node.flap_penalty / kFlapBack));
}

}  // namespace

MonotonicTime Fleet::SuspectAt(const Node& node) const {
  return std::max(node.heard + Times(node.interval, options_.suspect_after), node.judged_from);
}

MonotonicTime Fleet::DeadAt(const Node& node) const {
  return std::max(node.heard + Times(node.interval, options_.dead_after), node.judged_from);
}

void Fleet::Advance(MonotonicTime now) {
  const std::size_t before = deaths_.size();
  for (NodeIndex i = 0; i < nodes_.size(); ++i) Advance(i, now);
  if (deaths_.size() > before) ForgiveCommonDeaths(now);
}

void Fleet::Advance(NodeIndex index, MonotonicTime now) {
  Node& node = nodes_[index];
  if (node.warming && now >= WarmAt(node)) node.warming = false;
  if (node.flapping && now >= FadedAt(node)) node.flapping = false;
  if (node.order.end && now >= node.order.end->at) SetOrder(index, {}, now);
  if (!node.is_gone()) {
    node.silent = now >= SuspectAt(node);
    if (now >= DeadAt(node)) Die(index, now);
  }
  Judge(index, now);
}

std::optional<MonotonicTime> Fleet::NextDeadline() const {
  std::optional<MonotonicTime> next;
  const auto note = [&](MonotonicTime due) { next = next ? std::min(*next, due) : due; };
  for (const Node& node : nodes_) {
    if (node.warming) note(WarmAt(node));
    if (node.flapping) note(FadedAt(node));
    if (node.order.end) note(node.order.end->at);
    if (!node.is_gone()) note(node.silent ? DeadAt(node) : SuspectAt(node));
  }
  return next;
}

void Fleet::ForgiveUntil(MonotonicTime time) {
  for (Node& node : nodes_) node.judged_from = std::max(node.judged_from, time);
}

void Fleet::SetFailing(NodeIndex index, bool failing, MonotonicTime now) {
  if (nodes_[index].failing == failing) return;
  Node& node = nodes_[index];
  node.failing = failing;
  // What it serves now is a trial.
  if (!failing && options_.warm_up > Duration::zero()) {
    node.warming = true;
    node.warming_since = now;
  }
  Judge(index, now);
}

void Fleet::SetOrder(NodeIndex index, Order order, MonotonicTime now) {
  Node& node = nodes_[index];
  if (order.kind == Order::Kind::kNone && node.order.kind != Order::Kind::kNone) WarmUp(node, now);
  node.order = std::move(order);
  Judge(index, now);
}

void Fleet::WarmUp(Node& node, MonotonicTime now) {
  if (options_.warm_up <= Duration::zero()) return;
  node.warming = true;
  node.warming_since = now;
}

void Fleet::Die(NodeIndex index, MonotonicTime now) {
  Node& node = nodes_[index];
  node.dead = true;
  deaths_.push_back({index, now, node.flap_penalty, node.flap_time, node.flapping});
  node.flap_penalty = PenaltyAt(node, now) + 1;
  node.flap_time = now;
  node.flapping = node.flapping || node.flap_penalty > kFlapOut;
  GiveUpAddresses(index);
}

// When most nodes die within seconds, it is the network or dnsd that failed, not they: no penalty.
void Fleet::ForgiveCommonDeaths(MonotonicTime now) {
  std::erase_if(deaths_, [now](const Death& death) { return death.at + kTogether < now; });
  const auto live = static_cast<std::size_t>(
      std::ranges::count_if(nodes_, [](const Node& node) { return !node.is_gone(); }));
  if (deaths_.size() < 2 || deaths_.size() <= live) return;
  // The latest first, so that of two deaths of one node the state before both is restored.
  for (auto at = deaths_.rbegin(); at != deaths_.rend(); ++at) {
    const Death& death = *at;
    Node& node = nodes_[death.node];
    node.flap_penalty = death.penalty;
    node.flap_time = death.penalty_time;
    node.flapping = death.flapping;
    Judge(death.node, now);
  }
}

void Fleet::Judge(NodeIndex index, MonotonicTime now) {
  Node& node = nodes_[index];
  auto [state, reason] = StateOf(node);
  node.reason = reason;
  if (state == node.state) return;
  const bool was_usable = TierOf(node.state) == Tier::kUsable;
  if (was_usable) node.last_usable = now;
  if (!was_usable && TierOf(state) == Tier::kUsable) node.usable_since = now;
  outcome_.transitions.push_back({index, node.state, state, std::move(reason)});
  node.state = state;
}

// An operator's word stands above all that a reporter says, but a drained node that is gone is
// gone.
std::pair<NodeState, std::string> Fleet::StateOf(const Node& node) const {
  const auto ordered = [&node] {
    return node.order.reason.empty() ? std::string("an operator said so")
                                     : "an operator said so: " + node.order.reason;
  };
  if (node.order.kind == Order::Kind::kDisable) return {NodeState::kDisabled, ordered()};
  if (node.order.kind == Order::Kind::kDrain && !node.is_gone()) {
    return {NodeState::kDraining, ordered()};
  }
  return OwnStateOf(node);
}

// The gravest fact decides. An unwell node is out, though silence alone would leave it a last
// resort: it said itself that it cannot serve.
std::pair<NodeState, std::string> Fleet::OwnStateOf(const Node& node) const {
  const auto because = [&node](const std::string& what) {
    return node.health_detail.empty() ? what : what + ": " + node.health_detail;
  };
  if (node.left) return {NodeState::kLeaving, because("its reporter said goodbye")};
  if (node.dead) return {NodeState::kDead, "no heartbeat in time"};
  if (node.flapping) return {NodeState::kUnhealthy, "died too often lately"};
  if (!node.healthy) return {NodeState::kUnhealthy, because("its health check fails")};
  if (node.silent) return {NodeState::kSuspect, "a heartbeat is overdue"};
  if (node.closed) return {NodeState::kSuspect, because("its stream ended")};
  if (node.failing) return {NodeState::kSuspect, "more than half of its requests fail"};
  if (node.warming) return {NodeState::kWarming, "new or back"};
  if (!node.reported) return {NodeState::kAlive, "as stored before the restart"};
  return {NodeState::kAlive, "reports in time"};
}

double Fleet::WarmUpFactor(NodeIndex index, MonotonicTime now) const {
  const Node& node = nodes_[index];
  if (!node.warming) return 1;
  const double ramp = Seconds(now - node.warming_since) / Seconds(options_.warm_up);
  return 1 / std::clamp(ramp, 0.1, 1.0);
}

}  // namespace dnsd::fleet
