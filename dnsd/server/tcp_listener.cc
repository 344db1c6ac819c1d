#include "dnsd/server/tcp_listener.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include <cerrno>

#include "dnsd/base/log.h"

namespace dnsd::server {
namespace {

// A client that does not read its responses is not read from either.
constexpr std::size_t kMostUnread = 256 * 1024;  // octets
constexpr timeval kPause = {0, 100'000};         // when out of descriptors

timeval ToTimeval(Duration d) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  return {static_cast<time_t>(us / 1'000'000), static_cast<suseconds_t>(us % 1'000'000)};
}

}  // namespace

// `deadline` is set anew by whole queries only, so that one sent octet by octet cannot hold a
// connection open (RFC 7766 §6.2.3).
struct TcpListener::Connection {
  TcpListener& owner;
  bufferevent* buffer;
  event* deadline;
  IpAddress client;
  std::list<Connection>::iterator self;  // in owner.connections_
};

TcpListener::TcpListener(event_base* base, answer::Responder& responder, answer::WorkerStats& stats,
                         TcpLimits limits, std::function<void()> before_query)
    : base_(base),
      responder_(responder),
      stats_(stats),
      limits_(limits),
      before_query_(std::move(before_query)),
      response_(
          std::make_unique_for_overwrite<std::uint8_t[]>(answer::Responder::kMaxTcpSize + 2)) {
  resume_ = evtimer_new(
      base_,
      [](evutil_socket_t, short, void* self) {
        for (evconnlistener* l : static_cast<TcpListener*>(self)->listeners_)
          evconnlistener_enable(l);
      },
      this);
}

TcpListener::~TcpListener() {
  while (!connections_.empty()) Close(connections_.front());
  for (evconnlistener* listener : listeners_) evconnlistener_free(listener);
  event_free(resume_);
}

absl::Status TcpListener::Listen(Fd fd) {
  evconnlistener* listener = evconnlistener_new(
      base_,
      [](evconnlistener*, evutil_socket_t accepted, sockaddr* client, int, void* self) {
        static_cast<TcpListener*>(self)->Accept(accepted, *client);
      },
      this, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd.get());
  if (listener == nullptr) return absl::ResourceExhaustedError("libevent cannot listen on TCP");
  fd.release();
  evconnlistener_set_error_cb(listener, [](evconnlistener*, void* self) {
    static_cast<TcpListener*>(self)->PauseAccepting();
  });
  listeners_.push_back(listener);
  return absl::OkStatus();
}

// Out of descriptors or memory: trying again at once would only spin.
void TcpListener::PauseAccepting() {
  stats_.tcp_refused.Add();
  for (evconnlistener* listener : listeners_) evconnlistener_disable(listener);
  evtimer_add(resume_, &kPause);
}

void TcpListener::Accept(int fd, const sockaddr& client) {
  // A newcomer takes the place of whoever has been idle longest (RFC 7766 §6.2.3), so that nobody
  // shuts the others out by sitting there.
  if (connections_.size() >= limits_.clients) {
    stats_.tcp_refused.Add();
    Close(connections_.front());
  }
  bufferevent* buffer = bufferevent_socket_new(base_, fd, BEV_OPT_CLOSE_ON_FREE);
  if (buffer == nullptr) {
    stats_.tcp_refused.Add();
    evutil_closesocket(fd);
    return;
  }
  stats_.tcp_connections.Add();
  connections_.push_back({*this, buffer, nullptr, IpAddress::FromSockaddr(client), {}});
  Connection* connection = &connections_.back();
  connection->self = std::prev(connections_.end());
  connection->deadline = evtimer_new(
      base_,
      [](evutil_socket_t, short, void* c) {
        auto& late = *static_cast<Connection*>(c);
        late.owner.Close(late);
      },
      connection);
  const timeval idle = ToTimeval(limits_.idle);
  evtimer_add(connection->deadline, &idle);
  const auto serve = [](bufferevent*, void* c) {
    auto& ready = *static_cast<Connection*>(c);
    ready.owner.Serve(ready);
  };
  // Written-out data makes room for the answers to what was read before.
  bufferevent_setcb(
      buffer, serve, serve,
      [](bufferevent*, short, void* c) {
        auto& gone = *static_cast<Connection*>(c);
        gone.owner.Close(gone);
      },
      connection);
  bufferevent_enable(buffer, EV_READ | EV_WRITE);
}

void TcpListener::Serve(Connection& connection) {
  before_query_();
  while (ServeMessage(connection)) {
  }
  const bool clogged = evbuffer_get_length(bufferevent_get_output(connection.buffer)) > kMostUnread;
  if (clogged) {
    bufferevent_disable(connection.buffer, EV_READ);
  } else if (!draining_) {
    bufferevent_enable(connection.buffer, EV_READ);
  }
  if (draining_) CloseIfSent(connection);
}

// Answers one whole message, if there is one and room for its response.
bool TcpListener::ServeMessage(Connection& connection) {
  evbuffer* in = bufferevent_get_input(connection.buffer);
  evbuffer* out = bufferevent_get_output(connection.buffer);
  std::uint8_t prefix[2];
  if (evbuffer_get_length(out) > kMostUnread || evbuffer_copyout(in, prefix, 2) < 2) return false;
  const std::size_t size = static_cast<std::size_t>(prefix[0]) << 8 | prefix[1];
  if (evbuffer_get_length(in) < 2 + size) return false;
  const std::uint8_t* message = evbuffer_pullup(in, static_cast<ev_ssize_t>(2 + size)) + 2;
  const std::size_t answer =
      responder_.Respond({message, size}, connection.client, answer::Transport::kTcp,
                         {response_.get() + 2, answer::Responder::kMaxTcpSize});
  evbuffer_drain(in, 2 + size);
  if (answer == 0) return true;  // and no more time for what deserves no response
  response_[0] = static_cast<std::uint8_t>(answer >> 8);
  response_[1] = static_cast<std::uint8_t>(answer);
  evbuffer_add(out, response_.get(), 2 + answer);
  const timeval idle = ToTimeval(limits_.idle);
  evtimer_add(connection.deadline, &idle);
  connections_.splice(connections_.end(), connections_, connection.self);
  return true;
}

void TcpListener::Drain() {
  draining_ = true;
  for (evconnlistener* listener : listeners_) evconnlistener_disable(listener);
  for (auto at = connections_.begin(); at != connections_.end();) {
    Connection& connection = *at++;
    bufferevent_disable(connection.buffer, EV_READ);
    CloseIfSent(connection);
  }
}

bool TcpListener::empty() const { return connections_.empty(); }

void TcpListener::CloseIfSent(Connection& connection) {
  if (evbuffer_get_length(bufferevent_get_output(connection.buffer)) == 0) Close(connection);
}

void TcpListener::Close(Connection& connection) {
  event_free(connection.deadline);
  bufferevent_free(connection.buffer);
  connections_.erase(connection.self);
}

}  // namespace dnsd::server
