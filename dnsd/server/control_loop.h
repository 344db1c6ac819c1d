// The control thread: takes the reporters' events in, judges, publishes the fleet's view.
//
//   gRPC threads ──> inbox ──┐
//   worker counters ─────────┼──> Controller::Step ──> Published<FleetView> ──> workers
//   deadlines (a timer) ─────┘            │
//                                         ├──> DirectiveSink (answers to reporters)
//                                         ├──> StateStore (its own thread)
//                                         └──> status()
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/address_table.h"
#include "dnsd/base/snapshot.h"
#include "dnsd/base/status.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/fleet/inbox.h"
#include "dnsd/server/config.h"
#include "dnsd/server/status_report.h"

struct event;
struct event_base;

namespace dnsd::server {

class Controller;
class StateStore;

// Built by main before the workers and the control service, and stopped after the latter:
//
//   ControlLoop loop({...});             // restores what is stored and publishes the first view
//   ControlService service(loop.inbox(), ...);
//   loop.Start(&service);  ...  service shut down;  loop.Stop();
class ControlLoop {
 public:
  struct Parts {
    HeartbeatConfig config;
    AddressTable* addresses = nullptr;  // the control thread's own between Start and Stop
    Published<answer::FleetView>* fleet = nullptr;
    std::vector<const answer::WorkerStats*> workers;
    StateStore* store = nullptr;  // nothing: nothing outlives a restart
  };

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

  // Runs `work` on the control thread soon; any thread. Work posted after Stop is dropped.
  void Post(std::function<void()> work);
  // On the control thread (Post), after zones were loaded that interned new addresses: binds the
  // nodes' addresses to them and publishes.
  void RebindAddresses();

  // The newest report, at most a quarter of a second old; any thread, never null.
  std::shared_ptr<const StatusReport> status() const;

 private:
  static void OnEvent(int fd, short what, void* self);
  void Wake();
  void Run();
  void Turn();
  void RunPosted();

  std::unique_ptr<Controller> controller_;
  fleet::Inbox inbox_;
  struct event_base* base_ = nullptr;
  struct event* event_ = nullptr;  // its timer, and what Wake activates
  std::mutex mutex_;               // guards the two below
  std::vector<std::function<void()>> posted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dnsd::server
