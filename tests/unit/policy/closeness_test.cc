#include "dnsd/policy/closeness.h"

#include <gtest/gtest.h>

#include <array>

#include "dnsd/base/random.h"

namespace dnsd::policy {
namespace {

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }
IpPrefix Prefix(const char* text) { return *IpPrefix::Parse(text); }

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

TEST(Closeness, PutsListedMembersBeforeAllOthersInTheirOrder) {
  const Closeness closeness(
      {{Prefix("10.0.0.0/8"), {Prefix("203.0.113.0/24"), Prefix("198.51.100.7")}}});
  const IpAddress client = Ip("10.1.2.3");
  const SubnetOrder* list = closeness.Find(client);
  ASSERT_NE(list, nullptr);
  const auto score = [&](const char* member) { return Closeness::Listed(*list, Ip(member)); };
  EXPECT_GT(score("203.0.113.9"), score("198.51.100.7"));
  EXPECT_GE(score("198.51.100.7"), kListed);
  EXPECT_GT(kListed, kMostShared6);
  EXPECT_EQ(score("198.51.100.8"), 0U) << "not listed: judged by its address";
  EXPECT_EQ(closeness.Find(Ip("11.0.0.1")), nullptr);
  EXPECT_EQ(closeness.Find(Ip("2001:db8::1")), nullptr);
}

TEST(Closeness, FindsTheListOfTheLongestPrefix) {
  const Closeness closeness({{Prefix("10.0.0.0/8"), {}},
                             {Prefix("10.1.0.0/16"), {}},
                             {Prefix("10.1.2.0/24"), {}},
                             {Prefix("0.0.0.0/0"), {}},
                             {Prefix("2001:db8::/32"), {}}});
  const struct {
    const char* client;
    const char* want;
  } cases[] = {
      {"10.1.2.3", "10.1.2.0/24"}, {"10.1.3.3", "10.1.0.0/16"},      {"10.2.0.0", "10.0.0.0/8"},
      {"11.0.0.0", "0.0.0.0/0"},   {"2001:db8::1", "2001:db8::/32"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.client);
    ASSERT_NE(closeness.Find(Ip(c.client)), nullptr);
    EXPECT_EQ(closeness.Find(Ip(c.client))->clients.ToString(), c.want);
  }
}

TEST(Closeness, NeedsTheBitsThatTellTheListsApart) {
  const Closeness closeness({{Prefix("10.0.0.0/8"), {}}, {Prefix("10.1.0.0/16"), {}}});
  EXPECT_EQ(closeness.BitsToFind(Ip("10.1.2.3")), 16U) << "inside: the prefix itself";
  EXPECT_EQ(closeness.BitsToFind(Ip("10.2.0.0")), 15U) << "the bit in which it leaves 10.1/16";
  EXPECT_EQ(closeness.BitsToFind(Ip("11.0.0.0")), 8U);
  EXPECT_EQ(closeness.BitsToFind(Ip("192.0.2.1")), 1U);
  EXPECT_EQ(closeness.BitsToFind(Ip("2001:db8::1")), 0U);
  EXPECT_EQ(Closeness().BitsToFind(Ip("10.1.2.3")), 0U);
}

// Every client that agrees in those bits is in the same list.
TEST(Closeness, FindsTheSameListForAllClientsOfThoseBits) {
  const Closeness closeness({{Prefix("10.0.0.0/8"), {}},
                             {Prefix("10.1.0.0/16"), {}},
                             {Prefix("10.1.128.0/17"), {}},
                             {Prefix("172.16.0.0/12"), {}}});
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const auto octet = [&] { return static_cast<std::uint8_t>(random.Next()); };
    const std::array<std::uint8_t, 4> octets = {i % 2 == 0 ? std::uint8_t{10} : octet(),
                                                i % 4 == 0 ? std::uint8_t{1} : octet(), octet(),
                                                octet()};
    const IpAddress client = IpAddress::V4(octets);
    const IpAddress network = client.Masked(closeness.BitsToFind(client));
    ASSERT_EQ(closeness.Find(client), closeness.Find(network)) << client.ToString();
  }
}

}  // namespace
}  // namespace dnsd::policy
