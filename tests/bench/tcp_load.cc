// Loads a DNS server over a few TCP connections, each with a window of queries on their way, and
// prints as JSON how many were answered. For tests/bench/tcp_cost.
//
//   tcp_load ADDR:PORT NAME CONNECTIONS WINDOW SECONDS
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/wire/name.h"

namespace {

using Clock = std::chrono::steady_clock;
using Octets = std::vector<std::uint8_t>;

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// A query for the name's A records, behind its length.
Octets Query(const std::string& text) {
  const auto name = dnsd::wire::Name::Parse(text);
  if (!name) Fail("name");
  Octets query = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  query.insert(query.end(), name->wire().begin(), name->wire().end());
  query.insert(query.end(), {0, 1, 0, 1});
  query[1] = static_cast<std::uint8_t>(query.size() - 2);
  return query;
}

int Connect(const dnsd::Endpoint& server) {
  sockaddr_storage address;
  const socklen_t size = server.ToSockaddr(address);
  const int fd = socket(address.ss_family, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) Fail("connect");
  return fd;
}

// One connection: counts the responses in what comes, and asks anew for each.
class Client {
 public:
  Client(const dnsd::Endpoint& server, const Octets& query, std::size_t window)
      : fd_(Connect(server)) {
    for (std::size_t i = 0; i < window; ++i) {
      queries_.insert(queries_.end(), query.begin(), query.end());
    }
    query_size_ = query.size();
    Ask(window);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;

  int fd() const { return fd_; }

  // Returns how many responses came.
  std::size_t Take() {
    const ssize_t size = recv(fd_, input_.data() + kept_, input_.size() - kept_, MSG_DONTWAIT);
    if (size == 0) Fail("closed by the server");
    if (size < 0) {
      if (errno == EAGAIN) return 0;
      Fail("recv");
    }
    const std::size_t end = kept_ + static_cast<std::size_t>(size);
    std::size_t at = 0, count = 0;
    while (end - at >= 2) {
      const std::size_t message = static_cast<std::size_t>(input_[at] << 8 | input_[at + 1]) + 2;
      if (end - at < message) break;
      if ((input_[at + 5] & 15) != 0) wrong_ = true;
      at += message;
      ++count;
    }
    std::memmove(input_.data(), input_.data() + at, end - at);
    kept_ = end - at;
    Ask(count);
    return count;
  }

  bool wrong() const { return wrong_; }

 private:
  void Ask(std::size_t count) {
    for (std::size_t left = count * query_size_; left > 0;) {
      const ssize_t size = send(fd_, queries_.data(), left, MSG_NOSIGNAL);
      if (size <= 0) Fail("send");
      // Queries are alike, so that the rest of one may be taken from any of them: but it starts
      // where the last ended.
      left -= static_cast<std::size_t>(size);
      if (left % query_size_ != 0) left = SendRest(left);
    }
  }
  std::size_t SendRest(std::size_t left) {
    while (left % query_size_ != 0) {
      const std::size_t rest = left % query_size_;
      const ssize_t size = send(fd_, queries_.data() + query_size_ - rest, rest, MSG_NOSIGNAL);
      if (size <= 0) Fail("send");
      left -= static_cast<std::size_t>(size);
    }
    return left;
  }

  int fd_;
  Octets queries_;
  std::size_t query_size_ = 0;
  Octets input_ = Octets(1 << 18);
  std::size_t kept_ = 0;
  bool wrong_ = false;
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const auto server = argc == 6 ? dnsd::Endpoint::Parse(argv[1]) : std::nullopt;
  if (!server) {
    std::fprintf(stderr, "usage: tcp_load ADDR:PORT NAME CONNECTIONS WINDOW SECONDS\n");
    return 2;
  }
  const Octets query = Query(argv[2]);
  const int epoll = epoll_create1(0);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    clients.push_back(
        std::make_unique<Client>(*server, query, static_cast<std::size_t>(std::atoi(argv[4]))));
    epoll_event event{.events = EPOLLIN, .data = {.ptr = clients.back().get()}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, clients.back()->fd(), &event);
  }
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(std::atof(argv[5]));
  std::uint64_t answered = 0;
  std::array<epoll_event, 64> events;
  while (Clock::now() < end) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < ready; ++i) {
      answered += static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr)->Take();
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const bool wrong =
      std::any_of(clients.begin(), clients.end(), [](auto& c) { return c->wrong(); });
  std::printf("{\"answered\": %llu, \"seconds\": %.3f, \"cpu_seconds\": %.3f, \"wrong\": %s}\n",
              static_cast<unsigned long long>(answered), seconds, CpuSeconds(),
              wrong ? "true" : "false");
  return 0;
}
