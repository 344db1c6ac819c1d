// The fleet as a worker sees it: one entry a node, one number an address. Built whole by the
// control loop, at most 20 times a second, and shared as an immutable snapshot.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dnsd/base/address_table.h"
#include "dnsd/fleet/fleet.h"
#include "dnsd/fleet/hosting.h"
#include "dnsd/fleet/node_state.h"
#include "dnsd/fleet/place.h"
#include "dnsd/locality/rtt_view.h"
#include "dnsd/policy/fleet_model.h"
#include "dnsd/policy/gauge.h"
#include "dnsd/policy/least_cost.h"

namespace dnsd::answer {

struct NodeEntry {
  policy::CostFigures figures;
  float cost = 0;                 // CostOf(figures, figures.sessions), ready to compare
  std::uint32_t last_usable = 0;  // seconds on the monotonic clock; for `last_good`
  fleet::Tier tier = fleet::Tier::kUsable;
  bool declares_hosting = false;  // hosts what it names, and nothing else
  bool disabled = false;          // by an operator: not even for want of others
  bool steady = true;             // usable for so long that its group may come back
};

struct FleetView {
  std::vector<NodeEntry> nodes;  // by NodeIndex
  // What the sites' policies ask of the nodes; the first is in `nodes`, and its column empty.
  std::vector<policy::Gauge> gauges;
  std::vector<policy::GaugeColumn> columns;  // by gauge
  std::vector<fleet::NodeIndex> node_of;     // by AddressId; kNoNode: unmanaged. May be shorter
                                             // than the address table: the rest is unmanaged
  std::shared_ptr<const fleet::HostingTable> hosting = std::make_shared<fleet::HostingTable>();
  // Measured round-trip times to the nodes; empty: none, or they are not wanted.
  std::shared_ptr<const locality::RttView> rtts = std::make_shared<locality::RttView>();
  // By NodeIndex. The same list until it changes; may be shorter than `nodes`.
  std::shared_ptr<const std::vector<fleet::NamedPlace>> places =
      std::make_shared<std::vector<fleet::NamedPlace>>();
  // By worker: how many answers all workers give for one of its own, 1 and upwards; a worker past
  // the end counts as the only one.
  std::vector<float> answer_scale;
  // Keeps the DelayTables that `nodes` point into alive.
  std::vector<std::shared_ptr<const policy::DelayTable>> delay_tables;

  fleet::NodeIndex NodeOf(AddressId address) const {
    return address < node_of.size() ? node_of[address] : fleet::kNoNode;
  }
};

// One node as of `now`.
NodeEntry EntryOf(const fleet::Fleet& fleet, const policy::FleetModel& model,
                  fleet::NodeIndex index, MonotonicTime now);

// All of the fleet as of `now`; its answer_scale is left empty. Builds the hosting table.
FleetView ViewOf(fleet::Fleet& fleet, const policy::FleetModel& model, MonotonicTime now);

}  // namespace dnsd::answer
