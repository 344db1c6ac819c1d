// DNS over TCP (RFC 7766) on libevent, within one worker.
#pragma once

#include <event2/event.h>
#include <event2/listener.h>

#include <functional>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/base/clock.h"
#include "dnsd/server/sockets.h"

struct bufferevent;

namespace dnsd::server {

struct TcpLimits {
  unsigned clients = 1000;  // open connections; one more closes the one idle longest
  Duration idle = std::chrono::seconds(10);  // for a whole query to come, the first or the next
};

// The connections of one worker, on all its listen addresses. Used by the worker's thread alone.
class TcpListener {
 public:
  // `before_query` brings the responder's snapshots up to date. Borrows all.
  TcpListener(event_base* base, answer::Responder& responder, answer::WorkerStats& stats,
              TcpLimits limits, std::function<void()> before_query);
  ~TcpListener();

  // Listens on a bound socket. ResourceExhausted if libevent cannot.
  absl::Status Listen(Fd fd);

  // Takes no more connections or queries; drops each connection once what it is owed is sent.
  void Drain();
  bool empty() const;

 private:
  struct Connection;

  void Accept(int fd, const sockaddr& client);
  void PauseAccepting();
  void Serve(Connection& connection);
  bool ServeMessage(Connection& connection);
  void Close(Connection& connection);
  void CloseIfSent(Connection& connection);

  event_base* base_;
  answer::Responder& responder_;
  answer::WorkerStats& stats_;
  TcpLimits limits_;
  std::function<void()> before_query_;
  std::vector<evconnlistener*> listeners_;
  event* resume_ = nullptr;                   // after accepting had to pause
  std::list<Connection> connections_;         // the one idle longest first
  std::unique_ptr<std::uint8_t[]> response_;  // kMaxTcpSize octets behind two of length
  bool draining_ = false;
};

}  // namespace dnsd::server
