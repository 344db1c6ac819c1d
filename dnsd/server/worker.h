// A worker: one thread that serves its share of the queries and shares nothing that is written.
#pragma once

#include <event2/event.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/base/clock.h"
#include "dnsd/base/snapshot.h"
#include "dnsd/server/sockets.h"
#include "dnsd/server/tcp_listener.h"
#include "dnsd/server/udp_socket.h"

namespace dnsd::server {

// Start, BeginStop and Join are called by one thread (main); all else happens on the worker's own.
// Borrows the published snapshots, which must outlive it.
class Worker {
 public:
  Worker(std::size_t number, const Published<answer::Served>& served,
         const Published<answer::FleetView>& fleet, TcpLimits limits, std::uint64_t seed);
  ~Worker();

  // Before Add: the tap is told of the queries, and outlives the worker.
  void set_tap(QueryTap* tap) {
    tap_ = tap;
    tcp_.set_tap(tap);
  }
  // Before Start: serve these too.
  absl::Status Add(WorkerSockets sockets);
  // Appends the descriptors of all that Add was given, which stay open until BeginStop.
  void AppendSockets(std::vector<int>& out) const;
  void Start();
  // Begins to end the thread: what has arrived is answered, TCP clients get what they are owed for
  // a second at most, and UDP goes on meanwhile, since the kernel still gives this worker its
  // share. Begin with all workers, then join all.
  // `followed`: another process has all the sockets too.
  void BeginStop(bool followed = false);
  void Join();

  const answer::WorkerStats& stats() const { return stats_; }
  // When its loop last had a turn for the second's tick; any thread.
  MonotonicTime ticked() const {
    return MonotonicTime(MonotonicTime::duration(ticked_.load(std::memory_order_relaxed)));
  }

 private:
  struct UdpEvent;
  struct BaseFree {
    void operator()(event_base* base) const { event_base_free(base); }
  };

  void Tick();
  void Refresh();
  void ServeUdp(UdpEvent& udp);
  void BeforeTcpTurn();
  void Drain();
  void CheckStopped();

  answer::WorkerStats stats_;
  answer::Responder responder_;
  View<answer::Served> served_;
  View<answer::FleetView> fleet_;
  std::unique_ptr<event_base, BaseFree> base_;
  TcpListener tcp_;
  QueryTap* tap_ = nullptr;
  std::vector<std::unique_ptr<UdpEvent>> udp_;
  std::vector<int> sockets_;  // what AppendSockets tells: udp_'s and tcp_'s
  event* tick_ = nullptr;     // tells the time, and lets an idle worker drop old snapshots
  event* stop_ = nullptr;
  event* stopped_ = nullptr;                   // while stopping: polls for the last connection
  std::atomic<MonotonicTime::rep> ticked_{0};  // its own thread's to write
  std::atomic<bool> followed_{false};
  int stop_polls_ = 0;
  unsigned tcp_turns_ = 0;
  std::thread thread_;
};

}  // namespace dnsd::server
