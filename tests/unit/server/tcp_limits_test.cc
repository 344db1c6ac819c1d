#include "dnsd/server/tcp_limits.h"

#include <gtest/gtest.h>

#include "dnsd/server/client_counts.h"

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;

TEST(IdleTime, ShrinksOnceThreeQuartersOfTheClientsAreThere) {
  const TcpLimits limits{.clients = 1000, .idle = 10s};
  const struct {
    std::size_t open;
    Duration want;
  } cases[] = {{0, 10s},  {1, 10s},  {750, 10s}, {751, 9960ms},  {875, 5s},
               {975, 1s}, {976, 1s}, {1000, 1s}, {1'000'000, 1s}};
  for (const auto& c : cases) EXPECT_EQ(IdleTime(limits, c.open), c.want) << c.open;
}

TEST(IdleTime, OfAFewClientsIsWhole) {
  for (const unsigned open : {0U, 1U, 2U, 3U}) {
    EXPECT_EQ(IdleTime({.clients = 3, .idle = 10s}, open), 10s) << open;
  }
}

TEST(KeepaliveTimeout, IsTheIdleTimeInTenthsOfASecond) {
  EXPECT_EQ(KeepaliveTimeout({.clients = 1000, .idle = 10s}, 1), 100);
  EXPECT_EQ(KeepaliveTimeout({.clients = 1000, .idle = 10s}, 875), 50);
  EXPECT_EQ(KeepaliveTimeout({.clients = 1000, .idle = 1h}, 1), 36000);
  EXPECT_EQ(KeepaliveTimeout({.clients = 1000, .idle = 24h}, 1), 65535);
}

TEST(KeepaliveTimeout, IsNoneForTheLastClientThereMayBe) {
  EXPECT_EQ(KeepaliveTimeout({.clients = 1000, .idle = 10s}, 999), 10);
  EXPECT_EQ(KeepaliveTimeout({.clients = 1000, .idle = 10s}, 1000), 0);
}

TEST(ClientsWithin, LeavesHalfOfTheDescriptorsToOthers) {
  EXPECT_EQ(ClientsWithin(20'000, 2, 1000), 1000U);
  EXPECT_EQ(ClientsWithin(4000, 2, 1000), 1000U);
  EXPECT_EQ(ClientsWithin(3999, 2, 1000), 999U);
  EXPECT_EQ(ClientsWithin(1024, 4, 1000), 128U);
  EXPECT_EQ(ClientsWithin(3, 4, 1000), 1U);
}

TEST(ClientCounts, APrefixHasItsLimit) {
  ClientCounts counts(2, 24, 64);
  const auto enter = [&](const char* address) { return counts.Enter(*IpAddress::Parse(address)); };
  EXPECT_TRUE(enter("192.0.2.1"));
  EXPECT_TRUE(enter("192.0.2.255"));
  EXPECT_FALSE(enter("192.0.2.1"));
  EXPECT_TRUE(enter("192.0.3.1"));
  EXPECT_TRUE(enter("2001:db8::1"));
  EXPECT_TRUE(enter("2001:db8::ffff:0:0:1"));
  EXPECT_FALSE(enter("2001:db8::2"));
  EXPECT_TRUE(enter("2001:db8:0:1::1"));
}

TEST(ClientCounts, WhoLeavesMakesRoom) {
  ClientCounts counts(1, 32, 64);
  const IpAddress client = *IpAddress::Parse("192.0.2.1");
  EXPECT_TRUE(counts.Enter(client));
  EXPECT_FALSE(counts.Enter(client));
  counts.Leave(client);
  EXPECT_EQ(counts.prefixes(), 0U);
  EXPECT_TRUE(counts.Enter(client));
}

}  // namespace
}  // namespace dnsd::server
