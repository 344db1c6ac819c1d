#include "dnsd/policy/closeness.h"

#include <gtest/gtest.h>

namespace dnsd::policy {
namespace {

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

unsigned Score(const char* client, const char* member) {
  return SharedBits(Ip(client)).With(Ip(member).octets());
}

TEST(Closeness, CountsTheBitsThatClientAndMemberShare) {
  EXPECT_EQ(Score("192.0.2.1", "192.0.3.1"), 23U);
  EXPECT_EQ(Score("192.0.2.1", "64.0.2.1"), 0U);
  EXPECT_EQ(Score("2001:db8:1::", "2001:db8:2::"), 46U);
}

TEST(Closeness, TakesOneNetworkAsOnePlace) {
  EXPECT_EQ(Score("192.0.2.1", "192.0.2.1"), 24U);
  EXPECT_EQ(Score("192.0.2.1", "192.0.2.200"), 24U);
  EXPECT_EQ(Score("2001:db8::1", "2001:db8::1"), 56U);
  EXPECT_EQ(Score("2001:db8::", "2001:db8:0:80::"), 56U);
  EXPECT_EQ(Score("2001:db8::", "2001:db8:0:100::"), 55U);
}

TEST(Closeness, SeesNothingAcrossFamilies) {
  EXPECT_EQ(Score("2001:db8::1", "192.0.2.1"), 0U);
  EXPECT_EQ(Score("192.0.2.1", "2001:db8::1"), 0U);
}

// Chen and Chi's location form: three servers of www and a client in 140.112.0.0/16.
TEST(Closeness, PrefersTheServerOnTheClientsCampus) {
  EXPECT_EQ(Score("140.112.8.1", "140.112.19.76"), 19U);
  EXPECT_EQ(Score("140.112.8.1", "128.32.206.66"), 4U);
  EXPECT_EQ(Score("140.112.8.1", "203.64.88.10"), 1U);
}

}  // namespace
}  // namespace dnsd::policy
