// DNS over TCP (RFC 7766, RFC 9210) on libevent, within one worker.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/base/clock.h"
#include "dnsd/server/client_counts.h"
#include "dnsd/server/query_tap.h"
#include "dnsd/server/sockets.h"
#include "dnsd/server/tcp_connection.h"
#include "dnsd/server/tcp_limits.h"
#include "dnsd/server/warning_limit.h"

struct sockaddr;

namespace dnsd::server {

// The connections of one worker, on all its listen addresses. Used by the worker's thread alone.
class TcpListener {
 public:
  // `before_query` brings the responder's snapshots up to date. Borrows all.
  TcpListener(event_base* base, answer::Responder& responder, answer::WorkerStats& stats,
              const TcpLimits& limits, std::function<void()> before_query);
  ~TcpListener();

  // Before the first client: `tap` is told of the queries, their client without its port.
  void set_tap(QueryTap* tap) { tap_ = tap; }
  // Takes clients from a listening socket. ResourceExhausted if libevent cannot.
  absl::Status Listen(Fd fd);

  // Takes who waits to be let in and what has arrived, then nothing more; drops each connection
  // once what it is owed is sent. `followed`: another process has the listening sockets too, so who
  // waits is its client; and who was let in here and has not asked yet may still do so.
  void Drain(bool followed);
  bool empty() const { return open() == 0; }

 private:
  struct Socket;  // a listening one
  struct Connection;
  using Connections = std::list<Connection>;

  std::size_t open() const { return idle_.size() + busy_.size(); }
  Duration IdleNow() const { return IdleTime(limits_, open()); }

  void AcceptSome(Socket& socket);
  bool MakeRoom(answer::TcpEnd reason);
  void PauseAccepting(int error);
  void Admit(Fd fd, const sockaddr& address);

  void PrepareToAnswer();
  void Serve(Connection& connection);
  void Settle(Connection& connection, TcpConnection::State before, bool progress);
  bool Watch(Connection& connection);
  void Close(Connection& connection, answer::TcpEnd reason);
  void CloseLate();
  void Arm(MonotonicTime now);

  event_base* base_;
  answer::Responder& responder_;
  answer::WorkerStats& stats_;
  const TcpLimits limits_;
  std::function<void()> before_query_;
  QueryTap* tap_ = nullptr;
  TcpService service_;
  ClientCounts counts_;
  std::vector<std::unique_ptr<Socket>> sockets_;

  // Each has the connection first whose time is over first, so that one timer does for all.
  Connections idle_;  // kIdle
  Connections busy_;  // kReceiving, kSending
  event deadline_;
  MonotonicTime armed_ = MonotonicTime::max();  // when deadline_ comes

  event resume_;  // after accepting had to pause
  WarningLimit warnings_{1, std::chrono::minutes(1)};
  bool draining_ = false;
  bool followed_ = false;
};

}  // namespace dnsd::server
