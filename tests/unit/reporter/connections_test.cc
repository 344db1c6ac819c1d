#include "reporter/connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

const MonotonicTime kStart{1h};

// As a little-endian kernel prints 127.0.0.1:80, its state 01 (established) or 0A (listening).
constexpr const char* kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
    "   0: 0100007F:0050 0200007F:C001 01 00000000:00000000 00:00000000 00000000     0\n"
    "   1: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
    "   2: 0100007F:0051 0200007F:C002 01 00000000:00000000 00:00000000 00000000     0\n"
    "   3: 0200007F:0050 0200007F:C003 01 00000000:00000000 00:00000000 00000000     0\n"
    "   4: broken\n";
constexpr const char* kTcp6 =
    "  sl  local_address                         remote_address                        st\n"
    "   0: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000200007F:C001 01\n"
    "   1: B80D0120000000000000000001000000:0050 B80D0120000000000000000002000000:C001 01\n";

TEST(CountConnections, CountsEstablishedOnesOnThePorts) {
  EXPECT_EQ(CountConnections(kTcp, {{80}, {}}).established, 2U);
  EXPECT_EQ(CountConnections(kTcp, {{80, 81}, {}}).established, 3U);
  EXPECT_EQ(CountConnections(kTcp, {{443}, {}}).established, 0U);
}

TEST(CountConnections, CountsOnlyTheNodesAddresses) {
  const auto v4 = *IpAddress::Parse("127.0.0.1");
  EXPECT_EQ(CountConnections(kTcp, {{80}, {v4}}).established, 1U);
  EXPECT_EQ(CountConnections(kTcp6, {{80}, {v4}}).established, 1U);  // mapped into IPv6
  EXPECT_EQ(CountConnections(kTcp6, {{80}, {*IpAddress::Parse("2001:db8::1")}}).established, 1U);
  EXPECT_EQ(CountConnections(kTcp6, {{80}, {}}).established, 2U);
}

TEST(CountConnections, TellsThoseWithARequestThatNobodyHasRead) {
  const std::string tcp =
      std::string(kTcp) +
      "   5: 0100007F:0050 0200007F:C004 01 00000000:0000001F 00:00000000 00000000     0\n"
      "   6: 0100007F:0050 0200007F:C005 01 0000001F:00000000 00:00000000 00000000     0\n"
      "   7: 0100007F:0050 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0\n";
  EXPECT_EQ(CountConnections(tcp, {{80}, {}}), (ConnectionCount{4, 1}));
}

// A listening socket on a free port of 127.0.0.1 with `count` connections to it.
class Connected {
 public:
  explicit Connected(int count) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    const int listener = Open();
    EXPECT_EQ(bind(listener, any, size), 0);
    EXPECT_EQ(listen(listener, 16), 0);
    EXPECT_EQ(getsockname(listener, any, &size), 0);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < count; ++i) EXPECT_EQ(connect(Open(), any, size), 0);
    for (int i = 0; i < count; ++i) sockets_.push_back(accept(listener, nullptr, nullptr));
  }
  ~Connected() {
    for (const int fd : sockets_) close(fd);
  }
  std::uint16_t port() const { return port_; }

  // An octet to the server, there when this returns.
  void Send(int connection, int count) {
    ASSERT_EQ(send(sockets_[static_cast<std::size_t>(1 + connection)], "x", 1, 0), 1);
    pollfd readable{sockets_[static_cast<std::size_t>(1 + count + connection)], POLLIN, 0};
    ASSERT_EQ(poll(&readable, 1, -1), 1);
  }

 private:
  int Open() { return sockets_.emplace_back(socket(AF_INET, SOCK_STREAM, 0)); }
  std::vector<int> sockets_;
  std::uint16_t port_ = 0;
};

TEST(ConnectionCounter, AsksTheKernelForSeveralPortsAtOnce) {
  const Connected three(3), two(2), others(1);
  ConnectionCounter counter({{1, three.port(), two.port()}, {}}, FileRoot("/"));
  EXPECT_EQ(counter.Count(kStart)->established, 5U);
  ConnectionCounter elsewhere({{three.port()}, {*IpAddress::Parse("127.0.0.2")}}, FileRoot("/"));
  EXPECT_EQ(elsewhere.Count(kStart)->established, 0U);
}

TEST(ConnectionCounter, TellsThoseWithARequestThatNobodyHasRead) {
  Connected three(3);
  ConnectionCounter counter({{three.port()}, {}}, FileRoot("/"));
  EXPECT_EQ(counter.Count(kStart), (ConnectionCount{3, 0}));
  three.Send(0, 3);
  three.Send(2, 3);
  EXPECT_EQ(counter.Count(kStart), (ConnectionCount{3, 2}));
}

TEST(ConnectionCounter, CountsOnMorePortsThanTheKernelsFilterTakes) {
  const Connected three(3);
  std::vector<std::uint16_t> ports(1500, 1);
  ports.back() = three.port();
  ConnectionCounter counter({ports, {*IpAddress::Parse("127.0.0.1")}}, FileRoot("/"));
  EXPECT_EQ(counter.Count(kStart)->established, 3U);
}

TEST(ConnectionCounter, CountsOnAsManyPortsAsMayBeConfigured) {
  const Connected three(3);
  std::vector<std::uint16_t> ports(256, 1);
  ports.back() = three.port();
  ConnectionCounter counter({ports, {*IpAddress::Parse("127.0.0.1")}}, FileRoot("/"));
  EXPECT_EQ(counter.Count(kStart)->established, 3U);
}

auto OpenDescriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST(ConnectionCounter, AsksTheKernelAgainAfterAMinute) {
  ConnectionCounter counter({{80}, {}}, FileRoot("/"));
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none{0, usual.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  EXPECT_FALSE(counter.Count(kStart));
  setrlimit(RLIMIT_NOFILE, &usual);
  const auto before = OpenDescriptors();
  EXPECT_TRUE(counter.Count(kStart + 59s));
  EXPECT_EQ(OpenDescriptors(), before) << "no socket yet";
  EXPECT_TRUE(counter.Count(kStart + 60s));
  EXPECT_EQ(OpenDescriptors(), before + 1);
}

}  // namespace
}  // namespace dnsd::reporter
