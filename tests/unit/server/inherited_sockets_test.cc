#include "dnsd/server/inherited_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dnsd::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A socket as a service manager has it: bound, and blocking.
Fd Bound(int type, const char* endpoint, std::uint16_t* port = nullptr) {
  Fd fd(socket(AF_INET, type, 0));
  sockaddr_storage address{};
  const unsigned size = Endpoint::Parse(endpoint)->ToSockaddr(address);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  if (type == SOCK_STREAM) {
    EXPECT_EQ(listen(fd.get(), 1), 0);
  }
  socklen_t length = sizeof address;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length);
  if (port != nullptr) {
    *port = Endpoint::FromSockaddr(reinterpret_cast<sockaddr&>(address)).port;
  }
  return fd;
}

TEST(InheritedSockets, AreTakenByAddressPortAndType) {
  std::uint16_t udp_port = 0;
  std::uint16_t tcp_port = 0;
  std::vector<Fd> fds;
  fds.push_back(Bound(SOCK_DGRAM, "127.0.0.1:0", &udp_port));
  fds.push_back(Bound(SOCK_STREAM, "127.0.0.1:0", &tcp_port));
  const int udp = fds[0].get();
  InheritedSockets sockets(std::move(fds));
  Endpoint wanted{*IpAddress::Parse("127.0.0.1"), udp_port};
  Endpoint elsewhere{*IpAddress::Parse("127.0.0.2"), udp_port};
  EXPECT_THAT(sockets.Take(elsewhere, SOCK_DGRAM), IsEmpty());
  const auto taken = sockets.Take(wanted, SOCK_DGRAM);
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_EQ(taken[0].get(), udp);
  EXPECT_THAT(sockets.Take(wanted, SOCK_DGRAM), IsEmpty());
  EXPECT_THAT(sockets.left(), ElementsAre("TCP 127.0.0.1:" + std::to_string(tcp_port)));
}

TEST(InheritedSockets, AnyPortIsThatOfTheSocket) {
  std::uint16_t port = 0;
  std::vector<Fd> fds;
  fds.push_back(Bound(SOCK_DGRAM, "127.0.0.1:0", &port));
  InheritedSockets sockets(std::move(fds));
  Endpoint wanted{*IpAddress::Parse("127.0.0.1"), 0};
  EXPECT_THAT(sockets.Take(wanted, SOCK_DGRAM), SizeIs(1));
  EXPECT_EQ(wanted.port, port);
  EXPECT_TRUE(sockets.empty());
}

TEST(InheritedSockets, DoNotBlockAndAreNotPassedOn) {
  std::uint16_t port = 0;
  std::vector<Fd> fds;
  fds.push_back(Bound(SOCK_DGRAM, "127.0.0.1:0", &port));
  InheritedSockets sockets(std::move(fds));
  Endpoint wanted{*IpAddress::Parse("127.0.0.1"), port};
  const auto taken = sockets.Take(wanted, SOCK_DGRAM);
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_NE(fcntl(taken[0].get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(taken[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(InheritedSockets, WhatIsNoSocketOfOursIsClosed) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Fd writer(ends[1]);
  std::vector<Fd> fds;
  fds.emplace_back(ends[0]);
  fds.emplace_back(socket(AF_UNIX, SOCK_DGRAM, 0));
  fds.emplace_back(socket(AF_INET, SOCK_STREAM, 0));  // does not listen
  fds.emplace_back(socket(AF_INET, SOCK_DGRAM, 0));   // is not bound
  const InheritedSockets sockets(std::move(fds));
  EXPECT_TRUE(sockets.empty());
  EXPECT_EQ(fcntl(ends[0], F_GETFD), -1);
}

TEST(Bind, UsesInheritedSocketsAndOpensWhatIsMissing) {
  // Another program may have the TCP port of a number that was free for UDP.
  constexpr int kTries = 20;
  absl::StatusOr<BoundAddress> bound = absl::UnavailableError("not tried");
  std::uint16_t port = 0;
  int udp = -1;
  for (int i = 0; i < kTries && !bound.ok(); ++i) {
    std::vector<Fd> fds;
    fds.push_back(Bound(SOCK_DGRAM, "127.0.0.1:0", &port));
    udp = fds[0].get();
    InheritedSockets sockets(std::move(fds));
    bound = Bind({*IpAddress::Parse("127.0.0.1"), port}, 2, sockets);
  }
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(bound->endpoint.port, port);
  ASSERT_THAT(bound->shares, SizeIs(2));
  EXPECT_EQ(bound->shares[0].udp.get(), udp);
  EXPECT_GE(bound->shares[1].udp.get(), 0);  // the same socket, as its group admits no other
  EXPECT_GE(bound->shares[1].tcp.get(), 0);
}

TEST(Bind, HasAShareForEachInheritedSocketEvenIfThereAreFewerWorkers) {
  InheritedSockets none;
  auto before = Bind(*Endpoint::Parse("127.0.0.1:0"), 3, none);
  ASSERT_TRUE(before.ok()) << before.status();
  std::vector<Fd> fds;
  for (WorkerSockets& share : before->shares) {
    fds.push_back(std::move(share.udp));
    fds.push_back(std::move(share.tcp));
  }
  InheritedSockets sockets(std::move(fds));
  const auto after = Bind(before->endpoint, 2, sockets);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_THAT(after->shares, SizeIs(3));
  EXPECT_TRUE(sockets.empty());
}

}  // namespace
}  // namespace dnsd::server
