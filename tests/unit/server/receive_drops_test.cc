#include "dnsd/server/receive_drops.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <vector>

#include "dnsd/server/sockets.h"

namespace dnsd::server {
namespace {

TEST(ReceiveDrops, AreWhatFoundNoRoomInABufferThatNobodyReads) {
  const Fd deaf(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Fd sender(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Fd tcp(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int least = 1;  // the kernel takes its own minimum
  ASSERT_EQ(setsockopt(deaf.get(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const to = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(deaf.get(), to, sizeof address), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(getsockname(deaf.get(), to, &size), 0);
  const std::vector<int> all{deaf.get(), sender.get(), tcp.get()};
  EXPECT_EQ(ReceiveDrops(all), 0U);
  constexpr std::uint64_t kSent = 64;
  const char datagram[512] = {};
  for (std::uint64_t i = 0; i < kSent; ++i) {
    ASSERT_EQ(sendto(sender.get(), datagram, sizeof datagram, 0, to, sizeof address),
              static_cast<ssize_t>(sizeof datagram));
  }
  std::uint64_t kept = 0;
  char octets[sizeof datagram];
  while (recv(deaf.get(), octets, sizeof octets, MSG_DONTWAIT) > 0) ++kept;
  EXPECT_LT(kept, kSent);
  EXPECT_EQ(ReceiveDrops(all), kSent - kept);
}

TEST(ReceiveDrops, OfNoSocketAreNone) {
  EXPECT_EQ(ReceiveDrops({}), 0U);
  const std::vector<int> none{-1};
  EXPECT_EQ(ReceiveDrops(none), 0U);
}

}  // namespace
}  // namespace dnsd::server
