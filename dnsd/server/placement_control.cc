#include "dnsd/server/placement_control.h"

#include <utility>

namespace dnsd::server {
namespace {

using placement::Action;
using placement::Mode;
using Phase = Action::Phase;

// "expand: demand 3.2 CPUs, its 2 replicas take 1.4", "contract failed: ..."
Event EventOf(const Action& action) {
  Event event{.kind = Event::Kind::kPlacement, .node = action.node, .site = action.site};
  event.text = NameOf(action.kind);
  if (action.phase > Phase::kWorking) event.text += std::string(" ") + NameOf(action.phase);
  if (action.kind == Action::Kind::kContract && action.phase == Phase::kWorking) {
    event.text += ": no answer names it any more";
  } else if (!action.is_over()) {
    event.text += (action.by_hand ? " by hand: " : ": ") + action.why;
  } else if (!action.detail.empty()) {
    event.text += ": " + action.detail;
  }
  if (action.phase == Phase::kFailed) event.gravity = Event::Gravity::kWarning;
  return event;
}

placement::StoredPlacement RestoredOf(const PlacementStore* store) {
  return store == nullptr ? placement::StoredPlacement{} : store->restored();
}

}  // namespace

PlacementControl::PlacementControl(const ControlParts& parts, MonotonicTime now)
    : answer_rates_(parts.answer_rates),
      served_(parts.served),
      store_(parts.placement_store),
      events_(parts.events),
      placer_(
          parts.placement, RestoredOf(parts.placement_store),
          [this](const std::string& site) { return pools_.Of(site); }, now) {}

placement::World PlacementControl::WorldOf(const fleet::Fleet& fleet,
                                           const fleet::HostingTable& hosting,
                                           const SiteOrders& orders, MonotonicTime now,
                                           WallTime wall) {
  placement::World world{fleet, hosting, now, wall, {}};
  if (orders.empty()) return world;
  world.is_ordered_out = [&orders](const std::string& site, const std::string& node) {
    return orders.Has({site, ""}) || orders.Has({site, node});
  };
  return world;
}

bool PlacementControl::Step(fleet::Fleet& fleet, const SiteOrders& orders, double cpus_per_answer,
                            fleet::DirectiveSink* sink, MonotonicTime now, WallTime wall) {
  const auto hosting = fleet.hosting();
  pools_.Adopt(served_->Get(), fleet.node_of());
  if (store_ != nullptr) placer_.Stored(store_->written());
  std::vector<placement::SiteDemands::Answered> answered;
  if (answer_rates_ && placer_.IsSampleDue(now)) {
    for (const auto& [site, rate] : answer_rates_()) {
      answered.push_back({site, rate * cpus_per_answer});
    }
  }
  const bool led = placer_.lead().is_ours();
  placer_.Step(WorldOf(fleet, *hosting, orders, now, wall), answered);
  if (placer_.settings().mode == Mode::kAuto && led != placer_.lead().is_ours()) TellLead();
  PassOn(sink);
  if (withheld_ == placer_.withheld()) return false;
  withheld_ = placer_.withheld();
  return true;
}

void PlacementControl::TellLead() {
  const placement::Lead& lead = placer_.lead();
  if (events_ == nullptr) return;
  Event event{.kind = Event::Kind::kPlacement};
  event.text = lead.is_ours() ? "this dnsd decides: " : "this dnsd does not decide any more: ";
  event.text += std::to_string(lead.named) + " of " + std::to_string(lead.nodes) + " nodes name it";
  events_->Add(std::move(event));
}

void PlacementControl::PassOn(fleet::DirectiveSink* sink) {
  for (auto& [stream, tasks] : placer_.TakeDirectives()) {
    if (sink != nullptr) sink->Send(stream, std::move(tasks));
  }
  for (const Action& action : placer_.TakeNotes()) {
    if (events_ != nullptr) events_->Add(EventOf(action));
  }
  auto changes = placer_.TakeUnstored();
  if (!changes) return;
  if (store_ == nullptr) {
    placer_.Stored(changes->sequence);
  } else {
    store_->Save(*std::move(changes));
  }
}

absl::StatusOr<PlacementAnswer> PlacementControl::Order(const PlacementOrder& order,
                                                        fleet::Fleet& fleet,
                                                        const SiteOrders& orders, MonotonicTime now,
                                                        WallTime wall) {
  if (placer_.settings().mode == Mode::kOff) {
    return absl::FailedPreconditionError(
        "placement is off; set placement.mode to plan or auto, and reload");
  }
  const auto hosting = fleet.hosting();
  pools_.Adopt(served_->Get(), fleet.node_of());
  return Carry(order, WorldOf(fleet, *hosting, orders, now, wall));
}

absl::StatusOr<PlacementAnswer> PlacementControl::Carry(const PlacementOrder& order,
                                                        const placement::World& world) {
  using Kind = PlacementOrder::Kind;
  PlacementAnswer answer;
  const auto take = [&answer](const absl::StatusOr<bool>& changed) {
    if (changed.ok()) answer.changed = *changed;
    return changed.status();
  };
  const auto begin = [&answer](absl::StatusOr<Action> action) {
    if (!action.ok()) return action.status();
    answer.actions.push_back(*std::move(action));
    answer.changed = true;
    return absl::OkStatus();
  };
  const std::string why = order.reason.empty() ? "an operator asked for it" : order.reason;
  absl::Status done;
  switch (order.kind) {
    case Kind::kPlan:
      answer.plan = placer_.Plan(world);
      answer.shortages = placer_.shortages();
      break;
    case Kind::kApply:
      answer.actions = placer_.Apply(world);
      answer.changed = !answer.actions.empty();
      break;
    case Kind::kExpand:
      done = begin(placer_.Expand(world, order.site, order.node, why));
      break;
    case Kind::kContract:
      done = begin(placer_.Contract(world, order.site, order.node, why));
      break;
    case Kind::kPin:
    case Kind::kUnpin:
      done = take(placer_.Pin(world, order.site, order.node, order.kind == Kind::kPin));
      break;
    case Kind::kFreeze:
    case Kind::kUnfreeze:
      done = take(placer_.Freeze(world, order.site, order.kind == Kind::kFreeze));
      break;
  }
  if (!done.ok()) return done;
  return answer;
}

std::shared_ptr<const placement::PlacementReport> PlacementControl::Report() const {
  auto report = std::make_shared<placement::PlacementReport>(placer_.Report());
  if (store_ != nullptr) report->store_error = store_->error();
  return report;
}

}  // namespace dnsd::server
