// What main hands the control thread.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/address_table.h"
#include "dnsd/base/snapshot.h"
#include "dnsd/placement/settings.h"
#include "dnsd/server/config.h"
#include "dnsd/server/events.h"
#include "dnsd/server/placement_store.h"
#include "dnsd/server/state_store.h"

namespace dnsd::server {

// All borrowed; all must outlive the control loop.
struct ControlParts {
  HeartbeatConfig config{};
  AddressTable* addresses = nullptr;  // the control thread's own from Start to Stop
  Published<answer::FleetView>* fleet = nullptr;
  std::vector<const answer::WorkerStats*> workers{};
  StateStore* store = nullptr;                         // nothing: nothing outlives a restart
  Events* events = nullptr;                            // nothing: nobody is told what happened
  std::vector<policy::Gauge> gauges{policy::Gauge{}};  // of the first sites served
  MeasuredConfig measured{};
  std::uint64_t rtt_seed = 0;  // secret; of the table that round-trip times are kept in
  placement::Settings placement{};
  Published<answer::Served>* served = nullptr;  // for the sites' pools; nothing: no placement
  // The busiest sites and their answers a second, on the control thread; nothing: not known.
  std::function<std::vector<std::pair<std::string, double>>()> answer_rates{};
  PlacementStore* placement_store = nullptr;  // nothing: actions are begun unwritten
};

}  // namespace dnsd::server
