// The control thread: takes the reporters' events in, judges, publishes the fleet's view.
//
//   gRPC threads ──> inbox ──┐
//   worker counters ─────────┼──> Controller::Step ──> Published<FleetView> ──> workers
//   deadlines (a timer) ─────┘            │
//                                         ├──> DirectiveSink (answers to reporters)
//                                         ├──> StateStore (its own thread)
//                                         └──> status()
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/fleet/inbox.h"
#include "dnsd/fleet/order.h"
#include "dnsd/server/control_parts.h"
#include "dnsd/server/placement_control.h"
#include "dnsd/server/site_orders.h"
#include "dnsd/server/status_report.h"

struct event;
struct event_base;

namespace dnsd::server {

class Controller;

// Built by main, and stopped before the control service, so that the streams which that one ends
// are not taken for nodes in trouble:
//
//   ControlLoop loop({...});             // restores what is stored and publishes the first view
//   ControlService service(loop.inbox(), ...);
//   loop.Start(&service);  ...  loop.Stop();  then the service's
class ControlLoop {
 public:
  using Parts = ControlParts;

  explicit ControlLoop(const Parts& parts);
  ~ControlLoop();  // stops
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  // Where the control service puts events, from any thread.
  fleet::Inbox& inbox() { return inbox_; }

  // Starts the thread. `sink` gets the directives; nothing where there are no reporters. It must
  // live until Stop.
  absl::Status Start(fleet::DirectiveSink* sink);
  // Ends the thread, functions posted by then done, and hands the last state to the store.
  void Stop();

  // Runs `work` on the control thread soon; any thread. False, and nothing done, after Stop.
  bool Post(std::function<void()> work);
  // On the control thread (Post), after zones were loaded that interned new addresses: binds the
  // nodes' addresses to them and publishes.
  void RebindAddresses();

  // Controller's, from any other thread. Unavailable after Stop.
  absl::StatusOr<std::vector<std::string>> SetOrder(const std::vector<std::string>& patterns,
                                                    const fleet::OrderChange& change);
  absl::StatusOr<std::vector<SiteKey>> SetSiteOrders(const std::vector<SiteKey>& keys,
                                                     const fleet::OrderChange& change);

  absl::StatusOr<PlacementAnswer> Place(const PlacementOrder& order);

  // On the control thread, before sites are served whose policies ask other things of the nodes.
  void SetGauges(std::vector<policy::Gauge> gauges);
  // On the control thread, when the configuration has been read again.
  void SetMeasured(const MeasuredConfig& measured);
  void SetPlacement(const placement::Settings& settings);

  // The newest report, at most a quarter of a second old; any thread, never null.
  std::shared_ptr<const StatusReport> status() const;

 private:
  static void OnEvent(int fd, short what, void* self);
  void Wake();
  void Turn();
  bool RunPosted();
  void SetTimer(Duration in);

  std::unique_ptr<Controller> controller_;
  fleet::Inbox inbox_;
  struct event_base* base_ = nullptr;
  struct event* event_ = nullptr;  // its timer, and what Wake activates
  std::atomic<bool> woken_{false};
  MonotonicTime not_before_;  // the thread's: the soonest that Step may run
  MonotonicTime next_turn_;   // the thread's: when it must

  std::mutex mutex_;  // guards the two below
  std::vector<std::function<void()>> posted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dnsd::server
