#include "dnsd/server/tcp_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "dnsd/base/log.h"

namespace dnsd::server {
namespace {

using answer::TcpEnd;
using answer::TcpRefusal;
using State = TcpConnection::State;

constexpr int kAcceptsATurn = 64;         // before UDP and the other clients have their turn
constexpr int kLastReads = 64;            // of each client on the way out
constexpr timeval kPause = {0, 100'000};  // when out of descriptors
// Deadlines come at most so often: those that fall together are seen to together.
constexpr Duration kGrain = std::chrono::milliseconds(10);
// Octets the kernel takes of what is not on its way yet. Without it a client that does not read
// can have 4 MiB there (tcp_wmem), whatever is bounded here.
constexpr int kMostNotSent = 64 * 1024;
constexpr int kFastOpenQueue = 256;

timeval ToTimeval(Duration d) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  return {static_cast<time_t>(us / 1'000'000), static_cast<suseconds_t>(us % 1'000'000)};
}

// Connections inherit these of the listening socket. Best effort: none is needed.
void SetTcpOptions(int fd) {
  const auto set = [fd](int option, int value) {
    (void)setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_NODELAY, 1);  // what is ready together is sent together; the rest must not wait for it
  set(TCP_NOTSENT_LOWAT, kMostNotSent);
  set(TCP_FASTOPEN, kFastOpenQueue);  // RFC 7766 §9; where net.ipv4.tcp_fastopen has 2
}

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// Whether somebody waits to be let in; true where that cannot be told (poll refuses to look at more
// sockets than may be open, which may be none).
bool MayHaveWaiting(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return poll(&waiting, 1, 0) != 0;
}

}  // namespace

struct TcpListener::Socket {
  TcpListener& owner;
  Fd fd;
  event readable;

  ~Socket() { event_del(&readable); }
};

struct TcpListener::Connection {
  Connection(TcpListener& listener, Fd fd, const IpAddress& client)
      : owner(listener), io(std::move(fd), client) {}
  Connection(const Connection&) = delete;
  ~Connection() {
    if (event_initialized(&ready)) event_del(&ready);
  }

  TcpListener& owner;
  TcpConnection io;
  event ready{};          // to write while kSending, to read else
  MonotonicTime since{};  // the state began, or its last progress
  bool was_answered = false;
  Connections* list = nullptr;   // owner.idle_ or owner.busy_
  Connections::iterator self{};  // in it
};

TcpListener::TcpListener(event_base* base, answer::Responder& responder, answer::WorkerStats& stats,
                         const TcpLimits& limits, std::function<void()> before_query)
    : base_(base),
      responder_(responder),
      stats_(stats),
      limits_(limits),
      before_query_(std::move(before_query)),
      counts_(limits.clients_per_prefix, limits.ipv4_prefix, limits.ipv6_prefix) {
  service_.respond = [this](std::span<const std::uint8_t> message, const IpAddress& client,
                            std::span<std::uint8_t> out) {
    const std::size_t size = responder_.Respond(message, client, answer::Transport::kTcp, out);
    if (tap_ != nullptr) {
      tap_->Tell(message, out.first(size), {client, 0}, answer::Transport::kTcp);
    }
    return size;
  };
  evtimer_assign(
      &deadline_, base_,
      [](evutil_socket_t, short, void* self) { static_cast<TcpListener*>(self)->CloseLate(); },
      this);
  evtimer_assign(
      &resume_, base_,
      [](evutil_socket_t, short, void* self) {
        for (const auto& s : static_cast<TcpListener*>(self)->sockets_) {
          event_add(&s->readable, nullptr);
        }
      },
      this);
}

TcpListener::~TcpListener() {
  event_del(&deadline_);
  event_del(&resume_);
}

absl::Status TcpListener::Listen(Fd fd) {
  SetTcpOptions(fd.get());
  auto socket = std::unique_ptr<Socket>(new Socket{*this, std::move(fd), {}});
  event_assign(
      &socket->readable, base_, socket->fd.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* s) {
        auto& ready = *static_cast<Socket*>(s);
        ready.owner.AcceptSome(ready);
      },
      socket.get());
  if (event_add(&socket->readable, nullptr) != 0) {
    return absl::ResourceExhaustedError("libevent cannot watch a TCP socket");
  }
  sockets_.push_back(std::move(socket));
  return absl::OkStatus();
}

// ---- letting clients in ----

void TcpListener::AcceptSome(Socket& socket) {
  bool made_room = false;
  for (int i = 0; i < kAcceptsATurn; ++i) {
    sockaddr_storage address;
    auto* const client = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    Fd fd(accept4(socket.fd.get(), client, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.get() >= 0) {
      made_room = false;
      Admit(std::move(fd), *client);
    } else if (errno == EAGAIN) {
      return;
    } else if (IsShortage(errno)) {
      const int error = errno;
      // accept4 wants a descriptor before it looks whether there is anybody to take it.
      if (!MayHaveWaiting(socket.fd.get())) return;
      // A descriptor given up that another took is no reason to give up all.
      if (made_room || !MakeRoom(TcpEnd::kRoom)) return PauseAccepting(error);
      made_room = true;
    }
    // Any other error is of that one connection, which is gone (accept(2)).
  }
}

// Closes whoever has been idle longest (RFC 7766 §6.2.3), so that nobody shuts the others out by
// sitting there; if nobody is idle, whoever has taken longest. False if there is nobody.
bool TcpListener::MakeRoom(TcpEnd reason) {
  Connections& from = idle_.empty() ? busy_ : idle_;
  if (from.empty()) return false;
  Close(from.front(), reason);
  return true;
}

// Out of descriptors or memory: trying again at once would only spin. Who waits to be let in goes
// on waiting.
void TcpListener::PauseAccepting(int error) {
  stats_.tcp_refused[static_cast<std::size_t>(TcpRefusal::kShortage)].Add();
  for (const auto& socket : sockets_) event_del(&socket->readable);
  evtimer_add(&resume_, &kPause);
  std::uint64_t held_back = 0;
  if (!warnings_.Allow(MonotonicClock::now(), held_back)) return;
  spdlog::warn(
      "no TCP client can be let in: {}; UDP goes on, and so do the {} connections of this worker "
      "(raise the limit of open files, LimitNOFILE, or lower tcp.clients; said {} times since the "
      "last such line)",
      std::strerror(error), open(), held_back + 1);
}

void TcpListener::Admit(Fd fd, const sockaddr& address) {
  const IpAddress client = IpAddress::FromSockaddr(address);
  if (!counts_.Enter(client)) {
    stats_.tcp_refused[static_cast<std::size_t>(TcpRefusal::kPrefix)].Add();
    return;
  }
  if (open() >= limits_.clients) MakeRoom(TcpEnd::kRoom);
  stats_.tcp_connections.Add();
  Connection& connection = idle_.emplace_back(*this, std::move(fd), client);
  connection.list = &idle_;
  connection.self = std::prev(idle_.end());
  connection.since = MonotonicClock::now();
  if (!Watch(connection)) return Close(connection, TcpEnd::kRoom);
  Arm(connection.since);
}

// ---- serving them ----

void TcpListener::PrepareToAnswer() {
  before_query_();
  responder_.set_tcp_keepalive(draining_ ? 0 : KeepaliveTimeout(limits_, open()));
}

void TcpListener::Serve(Connection& connection) {
  PrepareToAnswer();
  const State before = connection.io.state();
  const bool progress =
      before == State::kSending ? connection.io.Write(service_) : connection.io.Read(service_);
  Settle(connection, before, progress);
}

// Gives new time for progress alone, so that a query sent octet by octet cannot hold a connection
// open, nor can responses taken so (RFC 7766 §6.2.3).
void TcpListener::Settle(Connection& connection, State before, bool progress) {
  const State state = connection.io.state();
  if (state == State::kEnded) return Close(connection, connection.io.end());
  if (progress) connection.was_answered = true;
  const bool may_ask = state == State::kReceiving || !connection.was_answered;
  if (draining_ && state != State::kSending && !(followed_ && may_ask)) {
    return Close(connection, TcpEnd::kStop);
  }
  if ((state == State::kSending) != (before == State::kSending) && !Watch(connection)) {
    return Close(connection, TcpEnd::kRoom);
  }
  if (!progress && state == before) return;
  connection.since = MonotonicClock::now();
  Connections& to = state == State::kIdle ? idle_ : busy_;
  to.splice(to.end(), *connection.list, connection.self);
  connection.list = &to;
  Arm(connection.since);
}

// Waits for what the connection's state waits for. False if libevent has no memory for that.
bool TcpListener::Watch(Connection& connection) {
  const bool sending = connection.io.state() == State::kSending;
  if (event_initialized(&connection.ready)) event_del(&connection.ready);
  event_assign(
      &connection.ready, base_, connection.io.fd(),
      static_cast<short>((sending ? EV_WRITE : EV_READ) | EV_PERSIST),
      [](evutil_socket_t, short, void* c) {
        auto& ready = *static_cast<Connection*>(c);
        ready.owner.Serve(ready);
      },
      &connection);
  return event_add(&connection.ready, nullptr) == 0;
}

void TcpListener::Close(Connection& connection, TcpEnd reason) {
  stats_.tcp_closed[static_cast<std::size_t>(reason)].Add();
  if (connection.io.state() == State::kSending) connection.io.DropUnsent();
  counts_.Leave(connection.io.client());
  connection.list->erase(connection.self);
}

// ---- time ----

void TcpListener::CloseLate() {
  const MonotonicTime now = MonotonicClock::now();
  while (!idle_.empty() && idle_.front().since + IdleNow() <= now) {
    Close(idle_.front(), TcpEnd::kIdle);
  }
  while (!busy_.empty() && busy_.front().since + limits_.transfer <= now) {
    Close(busy_.front(), TcpEnd::kSlow);
  }
  armed_ = MonotonicTime::max();
  Arm(now);
}

// Sees to it that deadline_ comes when somebody's time is over. It may come earlier: who was first
// has then had a query answered.
void TcpListener::Arm(MonotonicTime now) {
  MonotonicTime next = MonotonicTime::max();
  if (!idle_.empty()) next = idle_.front().since + IdleNow();
  if (!busy_.empty()) next = std::min(next, busy_.front().since + limits_.transfer);
  if (next >= armed_) return;
  armed_ = next;
  const timeval wait = ToTimeval(std::max(next - now, Duration::zero()) + kGrain);
  evtimer_add(&deadline_, &wait);
}

// ---- the end ----

void TcpListener::Drain(bool followed) {
  draining_ = true;
  followed_ = followed;
  if (!followed) {
    for (const auto& socket : sockets_) AcceptSome(*socket);
  }
  event_del(&resume_);
  sockets_.clear();
  PrepareToAnswer();
  for (Connections* list : {&idle_, &busy_}) {
    for (auto at = list->begin(); at != list->end();) {
      Connection& connection = *at++;
      const State before = connection.io.state();
      for (int i = 0; i < kLastReads && connection.io.state() <= State::kReceiving; ++i) {
        if (!connection.io.Read(service_)) break;
        connection.was_answered = true;
      }
      Settle(connection, before, false);
    }
  }
}

}  // namespace dnsd::server
