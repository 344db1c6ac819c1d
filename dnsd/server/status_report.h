// What dnsd tells people and metrics about its fleet.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/fleet/fleet.h"
#include "dnsd/locality/rtt_table.h"
#include "dnsd/placement/placer.h"
#include "dnsd/policy/least_cost.h"
#include "dnsd/server/site_orders.h"

namespace dnsd::server {

struct NodeStatus {
  std::string name;
  fleet::NodeState state = fleet::NodeState::kUnknown;
  std::string reason;                  // why it is in this state
  std::vector<IpAddress> addresses;    // as claimed
  std::vector<IpAddress> refused;      // of those, what another node holds
  std::optional<MonotonicTime> heard;  // last report in this process; its age is now - heard
  Duration interval{};
  std::string software_version;
  fleet::Place place;
  fleet::Load load;
  policy::CostFigures figures;  // its `delay` is null here
  float cost = 0;
  double error_share = 0;     // of its requests, 0 to 1
  std::uint64_t answers = 0;  // addresses of it given out, by all workers
  fleet::Order order;         // of an operator
  bool declares_hosting = false;
  std::uint64_t sites = 0;           // named by it
  std::uint64_t demanded_sites = 0;  // with requests, by its access logs
  double demand_rps = 0;             // sum over them
  std::vector<fleet::NodeDemand::Site> busiest;
};

// Immutable and safe to share. Built at most four times a second, and at least once.
struct StatusReport {
  MonotonicTime built;
  std::vector<NodeStatus> nodes;  // by NodeIndex
  std::vector<SiteOrder> site_orders;
  std::uint64_t hosted_sites = 0;
  std::uint64_t bound_addresses = 0;                   // of the pools', held by a node
  std::array<std::uint64_t, fleet::kFaults> faults{};  // by fleet::Fault
  std::uint64_t reports = 0;                           // heartbeats taken in, Hellos included
  std::uint64_t dropped_beats = 0;                     // by the full inbox
  std::uint64_t transitions = 0;
  std::uint64_t publications = 0;                               // of the fleet's view
  double session_seconds = 0;                                   // tau
  double sessions_per_answer = 0;                               // kappa
  double cpus_per_session = 0;                                  // mean, e bar
  std::optional<locality::RttCounts> rtts;                      // nothing: samples are refused
  std::string store_error;                                      // of the last write; empty: fine
  std::shared_ptr<const placement::PlacementReport> placement;  // null: none
};

}  // namespace dnsd::server
