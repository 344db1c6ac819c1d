#include "reporter/rtt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const MonotonicTime kStart{1h};

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

TEST(GroupByPrefix, GivesCountMedianAndMinimumOfEachPrefix) {
  const auto groups = GroupByPrefix({{Ip("192.0.2.1"), 300},
                                     {Ip("192.0.2.200"), 100},
                                     {Ip("192.0.2.1"), 900},
                                     {Ip("192.0.3.1"), 50},
                                     {Ip("2001:db8:1:2::1"), 20},
                                     {Ip("2001:db8:1:ffff::9"), 40},
                                     {Ip("2001:db8:2::1"), 60}});
  EXPECT_THAT(groups, ElementsAre(PrefixRtt{Ip("192.0.2.0"), 3, 300, 100},
                                  PrefixRtt{Ip("192.0.3.0"), 1, 50, 50},
                                  PrefixRtt{Ip("2001:db8:1::"), 2, 40, 20},
                                  PrefixRtt{Ip("2001:db8:2::"), 1, 60, 60}));
}

TEST(GroupByPrefix, LeavesOutTimesThatAreNone) {
  EXPECT_THAT(GroupByPrefix({{Ip("192.0.2.1"), 0},
                             {Ip("192.0.2.1"), 60'000'000},
                             {Ip("192.0.2.1"), 59'999'999},
                             {Ip("192.0.3.1"), 0}}),
              ElementsAre(PrefixRtt{Ip("192.0.2.0"), 1, 59'999'999, 59'999'999}));
  EXPECT_THAT(GroupByPrefix({}), IsEmpty());
}

// A round of `count` prefixes: 10.0.0.0/24 with one connection, 10.0.1.0/24 with two, ...
RttRound Round(std::uint64_t number, std::uint32_t count) {
  RttRound round{number, {}};
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t octets[] = {10, static_cast<std::uint8_t>(i >> 8),
                                   static_cast<std::uint8_t>(i), 0};
    round.prefixes.push_back({IpAddress::V4(octets), i + 1, 2000, 1000});
  }
  return round;
}

// The connections of the prefixes that are told at `after` the start, in order.
std::vector<std::uint32_t> Told(RttNews& news, const RttRound& round, Duration after) {
  heartbeat::v1::Heartbeat beat;
  news.Tell(round, kStart + after, beat);
  std::vector<std::uint32_t> counts;
  for (const auto& sample : beat.rtts()) counts.push_back(sample.count());
  return counts;
}

TEST(RttNews, TellsASampleAsTheProtocolHasIt) {
  const RttRound round{1, {{Ip("192.0.2.0"), 3, 300, 100}, {Ip("2001:db8:1::"), 2, 40, 20}}};
  RttNews news;
  heartbeat::v1::Heartbeat beat;
  news.Tell(round, kStart, beat);
  ASSERT_EQ(beat.rtts_size(), 2);
  EXPECT_EQ(beat.rtts(0).prefix(), std::string("\xC0\0\2\0", 4));
  EXPECT_EQ(beat.rtts(0).length(), 24U);
  EXPECT_EQ(beat.rtts(0).count(), 3U);
  EXPECT_EQ(beat.rtts(0).median_us(), 300U);
  EXPECT_EQ(beat.rtts(0).minimum_us(), 100U);
  EXPECT_EQ(beat.rtts(1).prefix().size(), 16U);
  EXPECT_EQ(beat.rtts(1).length(), 48U);
}

TEST(RttNews, TellsEachPrefixOnceARound) {
  RttNews news;
  EXPECT_THAT(Told(news, {}, 0s), IsEmpty());
  EXPECT_THAT(Told(news, Round(1, 3), 1s), ElementsAre(3, 2, 1));
  EXPECT_THAT(Told(news, Round(1, 3), 2s), IsEmpty());
  EXPECT_THAT(Told(news, Round(2, 3), 6s), ElementsAre(3, 2, 1));
}

TEST(RttNews, Tells200AtATimeTheBusiestFirst) {
  const RttRound round = Round(1, 401);
  RttNews news;
  const auto first = Told(news, round, 0s);
  ASSERT_EQ(first.size(), 200U);
  EXPECT_EQ(first.front(), 401U);
  EXPECT_EQ(first.back(), 202U);
  EXPECT_THAT(Told(news, round, 899ms), IsEmpty());
  EXPECT_EQ(Told(news, round, 900ms).size(), 200U);
  EXPECT_THAT(Told(news, round, 1800ms), ElementsAre(1));
  EXPECT_THAT(Told(news, round, 2700ms), IsEmpty());
}

TEST(RttNews, NewPrefixesComeFirst) {
  RttNews news;
  RttRound round = Round(1, 2);
  Told(news, round, 0s);
  round.number = 2;
  round.prefixes.push_back({Ip("192.0.2.0"), 1, 300, 100});
  heartbeat::v1::Heartbeat beat;
  news.Tell(round, kStart + 5s, beat);
  ASSERT_EQ(beat.rtts_size(), 3);
  EXPECT_EQ(beat.rtts(0).prefix(), std::string("\xC0\0\2\0", 4));
}

TEST(RttNews, AllAreToldOnceBeforeAnyIsToldAgain) {
  RttNews news;
  std::set<std::uint32_t> told;
  for (std::uint64_t number = 1; number <= 5; ++number) {
    const auto counts = Told(news, Round(number, 1000), number * 5s);
    EXPECT_EQ(counts.size(), 200U);
    told.insert(counts.begin(), counts.end());
  }
  EXPECT_EQ(told.size(), 1000U);
}

// A beat a round: 200 of 1,000 prefixes, which have 1 to 1,000 connections.
TEST(RttNews, TheBusyAreToldOftenAndNoneWaitsForEver) {
  RttNews news;
  std::map<std::uint32_t, int> told;
  for (std::uint64_t number = 1; number <= 250; ++number) {
    for (const std::uint32_t count : Told(news, Round(number, 1000), number * 5s)) ++told[count];
  }
  EXPECT_EQ(told.size(), 1000U);
  for (const auto& [count, times] : told) EXPECT_GE(times, 2) << count;
  EXPECT_LE(told[1], 4);
  EXPECT_GE(told[1000], 50);
}

}  // namespace
}  // namespace dnsd::reporter
