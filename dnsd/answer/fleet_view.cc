#include "dnsd/answer/fleet_view.h"

#include <chrono>

namespace dnsd::answer {

namespace {

// A group comes back with a member that has been usable for so many beats.
constexpr int kSteadyBeats = 10;

}  // namespace

NodeEntry EntryOf(const fleet::Fleet& fleet, const policy::FleetModel& model,
                  fleet::NodeIndex index, MonotonicTime now) {
  const fleet::Node& node = fleet.nodes()[index];
  NodeEntry entry;
  entry.figures = model.Predict(index, now, fleet.WarmUpFactor(index, now));
  entry.cost = policy::CostOf(entry.figures, entry.figures.sessions);
  entry.tier = fleet::TierOf(node.state);
  const MonotonicTime usable = entry.tier == fleet::Tier::kUsable ? now : node.last_usable;
  entry.last_usable = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(usable.time_since_epoch()).count());
  entry.declares_hosting = node.declares_hosting;
  entry.disabled = node.state == fleet::NodeState::kDisabled;
  entry.steady = now - node.usable_since >= kSteadyBeats * node.interval;
  return entry;
}

FleetView ViewOf(fleet::Fleet& fleet, const policy::FleetModel& model, MonotonicTime now) {
  FleetView view;
  const auto nodes = static_cast<fleet::NodeIndex>(fleet.nodes().size());
  std::vector<double> warm_up;
  view.nodes.reserve(nodes);
  warm_up.reserve(nodes);
  for (fleet::NodeIndex i = 0; i < nodes; ++i) {
    view.nodes.push_back(EntryOf(fleet, model, i, now));
    warm_up.push_back(fleet.WarmUpFactor(i, now));
  }
  view.gauges = model.gauges();
  view.columns = model.Columns(now, warm_up);
  view.node_of = fleet.node_of();
  view.hosting = fleet.hosting();
  view.places = fleet.places();
  view.delay_tables = model.delay_tables();
  return view;
}

}  // namespace dnsd::answer
