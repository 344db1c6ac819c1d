// What the control thread does in one turn, free of threads and clocks: see control_loop.h.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/fleet/fleet.h"
#include "dnsd/fleet/inbox.h"
#include "dnsd/locality/rtt_table.h"
#include "dnsd/policy/fleet_model.h"
#include "dnsd/server/control_parts.h"
#include "dnsd/server/placement_control.h"
#include "dnsd/server/site_orders.h"
#include "dnsd/server/status_report.h"

namespace dnsd::server {

// Used by one thread, but for status().
class Controller {
 public:
  // Restores what the store holds, and publishes.
  // Restored orders end by `wall`, which is the same moment as `now`.
  Controller(const ControlParts& parts, MonotonicTime now, WallTime wall = {});

  // Where directives go; nothing: nowhere.
  void SetSink(fleet::DirectiveSink* sink) { sink_ = sink; }
  // Takes the events in, judges what is due at `now`, and publishes if anything changed.
  void Step(MonotonicTime now, const std::vector<fleet::Event>& events);
  // When to call Step next though nothing comes in.
  MonotonicTime NextWake() const;
  // After the address table has grown.
  void RebindAddresses(MonotonicTime now);
  // Reads what the policies of other sites ask, and publishes it.
  void SetGauges(std::vector<policy::Gauge> gauges, MonotonicTime now);
  // Changes the orders of all nodes whose names match one of `patterns` (`*` and `?` as a shell has
  // them), publishes and stores at once: the names of those it changed. NotFound, and nothing done,
  // if one of the patterns matches none.
  absl::StatusOr<std::vector<std::string>> SetOrder(const std::vector<std::string>& patterns,
                                                    const fleet::OrderChange& change,
                                                    MonotonicTime now);
  // Orders for sites, or nodes at sites, in the same way: those that changed.
  std::vector<SiteKey> SetSiteOrders(const std::vector<SiteKey>& keys,
                                     const fleet::OrderChange& change, MonotonicTime now);
  // Forgets what was measured if it is not wanted any more; else keeps it, within its new limits.
  void SetMeasured(const MeasuredConfig& measured, MonotonicTime now);
  void SetPlacement(const placement::Settings& settings);
  absl::StatusOr<PlacementAnswer> Place(const PlacementOrder& order, MonotonicTime now);
  // Both clocks at one moment: the wall clock's is told with what happens from now on.
  void SetClocks(MonotonicTime now, WallTime wall) { clocks_ = {now, wall}; }
  // Hands the state to the store now, if it is not there yet.
  void Save(MonotonicTime now);

  std::shared_ptr<const StatusReport> status() const;  // any thread
  std::uint64_t dropped_beats = 0;                     // of the inbox, for the report

 private:
  void Restore(MonotonicTime now, WallTime wall);
  void RestoreSiteOrders(const std::vector<SiteOrder>& stored, MonotonicTime now, WallTime wall);
  bool EndSiteOrders(MonotonicTime now);
  void ForgiveOwnStall(MonotonicTime now);
  std::uint64_t AnswersGiven(fleet::NodeIndex node) const;
  void SkipAnswers();
  void CountAnswers(MonotonicTime now);
  std::vector<float> AnswerScale() const;
  void TakeEvent(const fleet::Event& event, MonotonicTime now);
  bool PassOutcomeOn();
  void Tell(Event event);
  bool StepPlacement(MonotonicTime now);
  WallTime WallAt(MonotonicTime now) const;
  void Publish(MonotonicTime now);
  void Report(MonotonicTime now);
  NodeStatus StatusOf(fleet::NodeIndex index, MonotonicTime now) const;

  const ControlParts parts_;
  fleet::DirectiveSink* sink_ = nullptr;
  fleet::Fleet fleet_;
  policy::FleetModel model_;
  SiteOrders site_orders_;
  std::optional<PlacementControl> placement_;  // nothing: there are no zones to place sites of
  std::pair<MonotonicTime, WallTime> clocks_;
  std::optional<locality::RttTable> rtts_;  // nothing: samples are refused

  struct WorkerCount {
    std::uint64_t answers = 0;  // at sites, at the last count
    double recent = 0;          // those of about the last second
  };
  std::vector<WorkerCount> workers_;  // by worker
  MonotonicTime counted_;
  std::vector<std::uint64_t> answers_;  // by NodeIndex: all workers', at the last count
  bool answering_ = false;              // answers were given since the count before
  bool any_warming_ = false;            // as published
  bool unreported_ = false;             // the status is older than what is published
  bool unsaved_ = false;
  MonotonicTime stepped_, published_, reported_, saved_;
  MonotonicTime next_wake_;  // as of the last Step
  std::uint64_t reports_ = 0, transitions_ = 0, publications_ = 0;

  mutable std::mutex mutex_;  // guards the one below
  std::shared_ptr<const StatusReport> status_;
};

}  // namespace dnsd::server
