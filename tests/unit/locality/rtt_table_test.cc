#include "dnsd/locality/rtt_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "dnsd/base/random.h"

namespace dnsd::locality {
namespace {

using namespace std::chrono_literals;
using fleet::NodeIndex;
using fleet::RttSample;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const MonotonicTime kStart{1000s};
constexpr std::uint64_t kSeed = 42;

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }
RttSample Sample(const IpAddress& prefix, float milliseconds, std::uint32_t count = 1) {
  return {prefix, count, milliseconds, milliseconds};
}
RttSample Sample(const char* prefix, float milliseconds, std::uint32_t count = 1) {
  return Sample(Ip(prefix), milliseconds, count);
}

// The /24 number `i` of 10.0.0.0/8, or the /48 of that number in 2001:db8::/32 and above.
IpAddress Prefix4(std::uint32_t i) {
  const std::uint8_t octets[] = {10, static_cast<std::uint8_t>(i >> 8),
                                 static_cast<std::uint8_t>(i), 0};
  return IpAddress::V4(octets);
}

// What is found of a client, as pairs of node and milliseconds.
std::vector<std::pair<unsigned, float>> Found(const RttTable& table, const IpAddress& client) {
  std::vector<std::pair<unsigned, float>> found;
  for (const Rtt& rtt : table.view()->Find(client)) found.emplace_back(rtt.node, rtt.milliseconds);
  return found;
}
auto Found(const RttTable& table, const char* client) { return Found(table, Ip(client)); }

class RttTableTest : public testing::Test {
 protected:
  // Adds a sample at `after` the start, and builds.
  void Learn(NodeIndex node, const RttSample& sample, Duration after) {
    table_.Add(node, std::vector{sample}, kStart + after);
    table_.Build(kStart + after);
  }
  RttTable table_{{}, kSeed, kStart};
};

TEST_F(RttTableTest, AnswersForEveryClientOfThePrefix) {
  table_.Add(3, std::vector{Sample("192.0.2.0", 20), Sample("2001:db8:1::", 30)}, kStart);
  table_.Build(kStart + 1s);
  EXPECT_THAT(Found(table_, "192.0.2.0"), ElementsAre(Pair(3, 20)));
  EXPECT_THAT(Found(table_, "192.0.2.255"), ElementsAre(Pair(3, 20)));
  EXPECT_THAT(Found(table_, "192.0.3.0"), IsEmpty());
  EXPECT_THAT(Found(table_, "2001:db8:1:ffff::1"), ElementsAre(Pair(3, 30)));
  EXPECT_THAT(Found(table_, "2001:db8:2::"), IsEmpty());
  EXPECT_EQ(table_.counts().prefixes, 2U);
  EXPECT_EQ(table_.counts().figures, 2U);
}

TEST_F(RttTableTest, AnIPv6PrefixWithTheOctetsOfAnIPv4OneIsAnother) {
  // 0:0:a00:: has 48 bits that are, as a number, those of 10.0.0.0/24.
  Learn(1, Sample("10.0.0.0", 5), 1s);
  EXPECT_THAT(Found(table_, "0:a:0::"), IsEmpty());
}

TEST_F(RttTableTest, TellsOfWhichFamilyItKnowsAnything) {
  EXPECT_TRUE(table_.view()->empty(IpFamily::kV4));
  EXPECT_TRUE(table_.view()->empty(IpFamily::kV6));
  Learn(1, Sample("10.0.0.0", 5), 1s);
  EXPECT_FALSE(table_.view()->empty(IpFamily::kV4));
  EXPECT_TRUE(table_.view()->empty(IpFamily::kV6));
  Learn(1, Sample("::", 5), 2s);
  EXPECT_FALSE(table_.view()->empty(IpFamily::kV6));
}

TEST_F(RttTableTest, KnowsNothingAtFirst) {
  EXPECT_TRUE(table_.view()->empty());
  EXPECT_THAT(Found(table_, "192.0.2.1"), IsEmpty());
}

TEST_F(RttTableTest, NamesTheNearestNodeFirst) {
  Learn(1, Sample("192.0.2.0", 30), 1s);
  Learn(2, Sample("192.0.2.0", 10), 2s);
  Learn(3, Sample("192.0.2.0", 20), 3s);
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(2, 10), Pair(3, 20), Pair(1, 30)));
  Learn(2, Sample("192.0.2.0", 1000, 1'000'000), 4s);  // has gone far away
  Learn(1, Sample("192.0.2.0", 1, 1'000'000), 5s);     // and this has come near
  EXPECT_THAT(Found(table_, "192.0.2.1"),
              ElementsAre(Pair(1, testing::FloatNear(1, 0.1F)), Pair(3, 20),
                          Pair(2, testing::FloatNear(1000, 0.1F))));
}

// count 8 counts as much as the figure: 20 + 8/16 (40 - 20) = 30; two connections a fifth:
// 30 + 2/10 (80 - 30) = 40. A minute (15 ticks of 4 s) later one connection counts half by its age:
// 40 + 1/2 (20 - 40) = 30.
TEST_F(RttTableTest, AveragesExponentiallyByConnectionsAndAge) {
  Learn(0, Sample("192.0.2.0", 20), 4s);
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(0, 20)));
  Learn(0, Sample("192.0.2.0", 40, 8), 5s);
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(0, 30)));
  Learn(0, Sample("192.0.2.0", 80, 2), 7s);
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(0, 40)));
  Learn(0, Sample("192.0.2.0", 20, 1), 64s);
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(0, 30)));
}

TEST(BlendRtt, TakesTheGreaterOfTheSharesByCountAndByAge) {
  EXPECT_FLOAT_EQ(BlendRtt(10, 19, 1, 0), 11);      // 1/9
  EXPECT_FLOAT_EQ(BlendRtt(10, 20, 8, 0), 15);      // 1/2
  EXPECT_FLOAT_EQ(BlendRtt(10, 20, 1, 60), 15);     // half of a minute ago
  EXPECT_FLOAT_EQ(BlendRtt(10, 20, 1, 120), 17.5);  // a quarter is left
  EXPECT_FLOAT_EQ(BlendRtt(10, 20, 72, 60), 19);    // 72/80
}

TEST_F(RttTableTest, AddsSamplesOfOneBuildInTheirOrder) {
  table_.Add(0, std::vector{Sample("192.0.2.0", 20), Sample("192.0.2.0", 40, 8)}, kStart);
  table_.Add(0, std::vector{Sample("192.0.2.0", 80, 2)}, kStart);
  table_.Build(kStart + 1s);
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(0, 40)));
}

TEST_F(RttTableTest, BuildsOnceASecondAndKeepsAViewAsItWas) {
  table_.Add(0, std::vector{Sample("192.0.2.0", 20)}, kStart);
  table_.Build(kStart + 999ms);
  EXPECT_TRUE(table_.view()->empty());
  table_.Build(kStart + 1s);
  const auto before = table_.view();
  ASSERT_EQ(before->Find(Ip("192.0.2.1")).size(), 1U);
  Learn(1, Sample("192.0.2.0", 10), 2s);
  EXPECT_EQ(before->Find(Ip("192.0.2.1")).size(), 1U);
  EXPECT_EQ(before->Find(Ip("192.0.2.1"))[0].node, 0U);
  EXPECT_EQ(table_.view()->Find(Ip("192.0.2.1")).size(), 2U);
}

TEST_F(RttTableTest, TheViewStaysTheSameWhileNothingComes) {
  Learn(0, Sample("192.0.2.0", 20), 1s);
  const auto view = table_.view();
  table_.Build(kStart + 2s);
  EXPECT_EQ(table_.view(), view);
}

TEST_F(RttTableTest, OfMoreThanSevenNodesKeepsTheNearest) {
  for (NodeIndex node = 0; node < 7; ++node) {
    Learn(node, Sample("192.0.2.0", 10.0F + static_cast<float>(node)), (1 + node) * 1s);
  }
  Learn(7, Sample("192.0.2.0", 99), 8s);  // the farthest of all, however new
  EXPECT_THAT(Found(table_, "192.0.2.1"),
              ElementsAre(Pair(0, 10), Pair(1, 11), Pair(2, 12), Pair(3, 13), Pair(4, 14),
                          Pair(5, 15), Pair(6, 16)));
  Learn(8, Sample("192.0.2.0", 1), 9s);
  EXPECT_THAT(Found(table_, "192.0.2.1"),
              ElementsAre(Pair(8, 1), Pair(0, 10), Pair(1, 11), Pair(2, 12), Pair(3, 13),
                          Pair(4, 14), Pair(5, 15)));
}

// Of these a figure is in the view, and whether it is old.
std::vector<std::pair<unsigned, bool>> Ages(const RttTable& table, const char* client) {
  std::vector<std::pair<unsigned, bool>> ages;
  for (const Rtt& rtt : table.view()->Find(Ip(client))) {
    ages.emplace_back(rtt.node, table.view()->IsOld(rtt));
  }
  return ages;
}

class ExpiryTest : public RttTableTest {
 protected:
  void RunUntil(Duration end) {
    for (; after_ < end; after_ += 1s) table_.Build(kStart + after_);
    table_.Build(kStart + end);
  }
  // A tick of 4 s, and all of the table looked through.
  static constexpr Duration kSwept = 72s;
  Duration after_ = 0s;
};

TEST_F(ExpiryTest, TheFiguresOfAPrefixGoTogether) {
  Learn(0, Sample("192.0.2.0", 90), 4s);
  Learn(1, Sample("192.0.2.0", 3), 1804s);
  RunUntil(3604s);  // an hour after the first sample
  EXPECT_THAT(Ages(table_, "192.0.2.1"), ElementsAre(Pair(1, false), Pair(0, false)));
  RunUntil(3604s + kSwept);
  EXPECT_THAT(Ages(table_, "192.0.2.1"), ElementsAre(Pair(1, false), Pair(0, true)))
      << "what is far stays known to be far";
  RunUntil(5404s);
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(1, 3), Pair(0, 90)));
  RunUntil(5404s + kSwept);
  EXPECT_THAT(Found(table_, "192.0.2.1"), IsEmpty());
  EXPECT_TRUE(table_.view()->empty());
  EXPECT_EQ(table_.counts().prefixes, 0U);
  EXPECT_EQ(table_.counts().octets, 0U);
  EXPECT_EQ(table_.counts().expired, 2U);
}

TEST_F(ExpiryTest, NoFigureStaysForMoreThanThreeTimesTheMostAge) {
  Learn(0, Sample("192.0.2.0", 90), 4s);
  for (Duration at = 10min; at < 4h; at += 10min) {
    RunUntil(at);
    Learn(1, Sample("192.0.2.0", 3), at + 1s);
    ASSERT_EQ(Found(table_, "192.0.2.1").size(), at <= 3h + 4s ? 2U : 1U) << at / 1min;
  }
  EXPECT_THAT(Ages(table_, "192.0.2.1"), ElementsAre(Pair(1, false)));
  EXPECT_EQ(table_.counts().expired, 1U);
}

TEST_F(ExpiryTest, AnOldFigureThatIsToldAgainIsFresh) {
  Learn(0, Sample("192.0.2.0", 90), 4s);
  for (Duration at = 1h; at < 2h; at += 20min) Learn(1, Sample("192.0.2.0", 3), at);
  RunUntil(2h);
  EXPECT_THAT(Ages(table_, "192.0.2.1"), ElementsAre(Pair(1, false), Pair(0, true)));
  Learn(0, Sample("192.0.2.0", 50), 2h + 1s);
  EXPECT_THAT(Ages(table_, "192.0.2.1"), ElementsAre(Pair(1, false), Pair(0, false)));
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(1, 3), Pair(0, 50)))
      << "what is two hours old weighs nothing";
}

TEST_F(ExpiryTest, OfADayTheTicksSufficeForThreeOfThem) {
  RttTable table({.max_age = 24h}, kSeed, kStart);
  const auto learn = [&](NodeIndex node, Duration at) {
    table.Add(node, std::vector{Sample("192.0.2.0", 10.0F + static_cast<float>(node))},
              kStart + at);
    table.Build(kStart + at);
  };
  learn(0, 4s);
  for (Duration at = 1h; at <= 72h; at += 1h) learn(1, at);
  EXPECT_THAT(Ages(table, "192.0.2.1"), ElementsAre(Pair(0, true), Pair(1, false)));
  for (Duration at = 72h; at < 72h + 100s; at += 1s) table.Build(kStart + at);
  EXPECT_THAT(Ages(table, "192.0.2.1"), ElementsAre(Pair(1, false)));
}

TEST_F(RttTableTest, TheAgeIsThatOfTheLastSample) {
  for (int minute = 0; minute <= 120; minute += 10) {
    Learn(0, Sample("192.0.2.0", 20), minute * 1min + 4s);
  }
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(0, 20)));
}

TEST_F(RttTableTest, LivesThroughTheEndOfItsTicks) {
  // 65,536 ticks of 4 s are three days and 49 minutes.
  Learn(0, Sample("192.0.2.0", 20), 65'535 * 4s);
  Learn(0, Sample("192.0.2.0", 40, 8), 65'536 * 4s);
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(0, 30)));
  for (int s = 0; s < 4000; ++s) table_.Build(kStart + 65'536 * 4s + s * 1s);
  EXPECT_TRUE(table_.view()->empty());
}

TEST(RttTable, ThePrefixHeardOfLongestAgoMakesRoom) {
  RttTable table({.max_prefixes = 4}, kSeed, kStart);
  const auto learn = [&](std::uint32_t prefix, Duration after) {
    table.Add(0, std::vector{Sample(Prefix4(prefix), 1)}, kStart + after);
    table.Build(kStart + after);
  };
  for (std::uint32_t i = 0; i < 4; ++i) learn(i, (i + 1) * 10s);
  learn(0, 50s);  // again: 1 is the oldest now
  learn(4, 60s);
  EXPECT_EQ(table.counts().prefixes, 4U);
  EXPECT_EQ(table.counts().evicted, 1U);
  for (const std::uint32_t i : {0U, 2U, 3U, 4U}) {
    EXPECT_EQ(table.view()->Find(Prefix4(i)).size(), 1U) << i;
  }
  EXPECT_THAT(table.view()->Find(Prefix4(1)), IsEmpty());
}

std::vector<RttSample> Samples(std::uint32_t first, std::uint32_t end, float milliseconds = 1) {
  std::vector<RttSample> samples;
  for (; first < end; ++first) samples.push_back(Sample(Prefix4(first), milliseconds));
  return samples;
}

// How many of the prefixes numbered so are known.
std::size_t Known(const RttTable& table, std::uint32_t first, std::uint32_t end) {
  std::size_t known = 0;
  for (; first < end; ++first) known += table.view()->Find(Prefix4(first)).empty() ? 0U : 1U;
  return known;
}

TEST(RttTable, OneNodesFloodPushesOutNothingThatOthersKnow) {
  RttTable table({.max_prefixes = 400}, kSeed, kStart);
  MonotonicTime now = kStart;
  table.Add(1, Samples(0, 100), now);
  table.Add(2, Samples(100, 200), now);
  table.Add(3, Samples(100, 200), now);
  table.Build(now += 1s);
  for (std::uint32_t i = 1000; i < 11'000; i += 250) {
    table.Add(7, Samples(i, i + 250), now);
    table.Build(now += 1s);
    EXPECT_EQ(table.counts().prefixes, std::min<std::size_t>(400, 200 + i - 1000 + 250));
  }
  EXPECT_EQ(Known(table, 0, 200), 200U);
  // Of two that flood neither leaves the other more than what is left of the room.
  for (std::uint32_t i = 20'000; i < 22'500; i += 250) {
    table.Add(8, Samples(i, i + 250), now);
    table.Build(now += 1s);
  }
  EXPECT_EQ(Known(table, 0, 200), 200U);
}

TEST(RttTable, NodesThatFloodTogetherPushOutNothingOfThoseWhoTellOfLess) {
  RttTable table({.max_prefixes = 400}, kSeed, kStart);
  MonotonicTime now = kStart;
  table.Add(1, Samples(0, 100), now);
  table.Add(2, Samples(100, 200), now);
  table.Build(now += 1s);
  for (std::uint32_t i = 1000; i < 11'000; i += 200) {
    // Each tells of what the other does, one or the other first, and of all that is true.
    for (const NodeIndex node : {i % 400 == 0 ? 7U : 8U, i % 400 == 0 ? 8U : 7U}) {
      table.Add(node, Samples(i, i + 200, 9), now);
    }
    table.Build(now += 1s);
    table.Add(7, Samples(0, 200, 9), now);
    table.Build(now += 1s);
  }
  EXPECT_EQ(table.counts().prefixes, 400U);
  EXPECT_EQ(Known(table, 0, 200), 200U);
}

TEST(RttTable, WhoTellsOfMostMakesRoomForWhoTellsOfLess) {
  RttTable table({.max_prefixes = 400}, kSeed, kStart);
  MonotonicTime now = kStart;
  for (std::uint32_t i = 0; i < 400; i += 100) {
    table.Add(1, Samples(i, i + 100), now);
    table.Build(now += 10s);
  }
  table.Add(2, Samples(1000, 1150), now);
  table.Build(now += 10s);
  EXPECT_EQ(Known(table, 1000, 1150), 150U);
  EXPECT_EQ(Known(table, 0, 100), 0U) << "those heard of longest ago have gone";
  EXPECT_EQ(Known(table, 100, 200), 50U);
  EXPECT_EQ(Known(table, 200, 400), 200U);
  table.Add(2, Samples(1150, 1250), now);
  table.Build(now += 10s);
  EXPECT_EQ(Known(table, 1000, 1250), 200U) << "half of the room is each one's";
}

TEST(RttTable, ChangesNoMoreThanAPartOfABigTableAtOnce) {
  constexpr std::size_t kShards = 1000;
  RttTable table({.max_prefixes = 400 * kShards}, kSeed, kStart);
  for (NodeIndex node = 0; node < 6; ++node) {
    table.Add(node, Samples(512 * node, 512 * (node + 1)), kStart);
  }
  EXPECT_FALSE(table.Build(kStart + 1s)) << "no view of a part";
  EXPECT_LT(table.counts().prefixes, 3072U * 4 / 10);
  EXPECT_GT(table.counts().prefixes, 3072U * 1 / 10);
  EXPECT_TRUE(table.has_more());
  table.Add(7, Samples(5000, 5001), kStart + 1s);  // waits until those before it are there
  while (!table.Build(kStart + 1s)) {
  }
  EXPECT_FALSE(table.has_more());
  EXPECT_EQ(Known(table, 0, 3072), 3072U);
  EXPECT_EQ(Known(table, 5000, 5001), 0U);
  table.Build(kStart + 2s);
  EXPECT_EQ(Known(table, 5000, 5001), 1U);
}

TEST(RttTable, OtherOptionsForgetNothingThatIsWithinThem) {
  RttTable table({.max_prefixes = 4000}, kSeed, kStart);
  for (NodeIndex node = 0; node < 3; ++node) {
    table.Add(node, Samples(0, 500, 10.0F + static_cast<float>(node)), kStart);
  }
  table.Build(kStart + 1s);
  const auto before = table.view();
  table.SetOptions({.max_prefixes = 4000, .max_age = 2h});
  EXPECT_EQ(table.view(), before);
  table.SetOptions({.max_prefixes = 4'000'000, .max_age = 2h});  // 10 shards become 10,000
  EXPECT_EQ(table.view(), before) << "until all have moved";
  table.Add(4, Samples(400, 600), kStart + 1s);
  table.Build(kStart + 1s);
  EXPECT_EQ(table.counts().prefixes, 500U);
  EXPECT_EQ(table.counts().figures, 1500U);
  EXPECT_EQ(Known(table, 0, 600), 500U);
  while (table.counts().prefixes < 600) table.Build(kStart + 2s);
  while (table.Build(kStart + 2s)) {
  }
  EXPECT_EQ(Known(table, 0, 600), 600U);
  EXPECT_THAT(Found(table, Prefix4(7)), ElementsAre(Pair(0, 10), Pair(1, 11), Pair(2, 12)));
  EXPECT_EQ(table.counts().evicted, 0U);
}

TEST(RttTable, MovesABigTableAPartAtATime) {
  RttTable table({.max_prefixes = 400'000}, kSeed, kStart);
  for (NodeIndex node = 0; node < 6; ++node) {
    table.Add(node, Samples(512 * node, 512 * (node + 1)), kStart);
  }
  while (!table.Build(kStart + 1s)) {
  }
  table.SetOptions({.max_prefixes = 800'000});
  const auto before = table.view();
  int builds = 0;
  while (!table.Build(kStart + 1s)) ++builds;
  EXPECT_EQ(builds, 3) << "1,000 shards, 256 a time";
  EXPECT_NE(table.view(), before);
  EXPECT_EQ(Known(table, 0, 3072), 3072U);
}

TEST(RttTable, OfTooManyForNewOptionsTheNewestStay) {
  RttTable table({.max_prefixes = 400'000}, kSeed, kStart);
  table.Add(0, Samples(0, 500), kStart);
  table.Build(kStart + 1s);
  table.Add(1, Samples(500, 600), kStart + 60s);
  table.Build(kStart + 61s);
  while (table.Build(kStart + 61s)) {
  }
  table.SetOptions({.max_prefixes = 300});
  while (!table.Build(kStart + 61s)) {
  }
  EXPECT_EQ(table.counts().prefixes, 300U);
  EXPECT_EQ(Known(table, 500, 600), 100U);
  table.SetOptions({.max_prefixes = 400'000});
  table.SetOptions({.max_prefixes = 300});  // before anything has moved
  while (!table.Build(kStart + 61s)) {
  }
  EXPECT_EQ(Known(table, 0, 600), 300U);
}

TEST(RttTable, StaysWithinItsBoundWhateverComes) {
  constexpr std::size_t kMost = 4000;
  RttTable table({.max_prefixes = kMost}, kSeed, kStart);
  MonotonicTime now = kStart;
  for (std::uint32_t i = 0; i < 20'000; i += 200) {
    std::vector<RttSample> samples;
    for (std::uint32_t j = i; j < i + 200; ++j) samples.push_back(Sample(Prefix4(j), 1));
    now += 1s;
    table.Add(0, samples, now);
    table.Build(now);
    EXPECT_LE(table.counts().prefixes, kMost);
  }
  EXPECT_EQ(table.counts().samples, 20'000U);
  EXPECT_GT(table.counts().prefixes, kMost * 95 / 100);
  EXPECT_EQ(table.counts().prefixes + table.counts().evicted, 20'000U);
  EXPECT_LT(table.counts().octets, kMost * 100);
}

TEST_F(RttTableTest, ANodeMaySend256ASecondAndAsManyInABurst) {
  std::vector<RttSample> samples;
  for (std::uint32_t i = 0; i < 256; ++i) samples.push_back(Sample(Prefix4(i), 1));
  for (int i = 0; i < 2; ++i) table_.Add(0, samples, kStart);
  EXPECT_EQ(table_.counts().over_rate, 0U);
  table_.Add(0, samples, kStart);
  EXPECT_EQ(table_.counts().over_rate, 256U);
  table_.Add(1, samples, kStart);  // another node's are none of its business
  EXPECT_EQ(table_.counts().over_rate, 256U);
  table_.Add(0, samples, kStart + 500ms);
  EXPECT_EQ(table_.counts().over_rate, 384U);
  EXPECT_EQ(table_.counts().samples, 896U);
}

TEST_F(RttTableTest, TakesNoMoreThanItCanApplyInOneBuild) {
  std::vector<RttSample> samples;
  for (std::uint32_t i = 0; i < 512; ++i) samples.push_back(Sample(Prefix4(i), 1));
  for (NodeIndex node = 0; node < 400; ++node) table_.Add(node, samples, kStart);
  EXPECT_EQ(table_.counts().samples, RttTable::kMostPending);
  EXPECT_EQ(table_.counts().over_rate, 400U * 512U - RttTable::kMostPending);
}

TEST_F(RttTableTest, LeavesOutANodeThatItHasNoNumberFor) {
  table_.Add(65'535, std::vector{Sample("192.0.2.0", 20)}, kStart);
  table_.Add(65'536, std::vector{Sample("198.51.100.0", 20)}, kStart);
  table_.Build(kStart + 1s);
  EXPECT_THAT(Found(table_, "192.0.2.1"), ElementsAre(Pair(65'535, 20)));
  EXPECT_THAT(Found(table_, "198.51.100.1"), IsEmpty());
}

// Against a plain map, with prefixes and nodes at random.
TEST(RttTable, HoldsWhatAMapWouldHold) {
  RttTable table({.max_prefixes = 100'000}, kSeed, kStart);
  std::map<IpAddress, std::map<unsigned, float>> want;
  Random random(7);
  MonotonicTime now = kStart;
  for (int round = 0; round < 100; ++round) {
    const NodeIndex node = random.Below(7);
    std::vector<RttSample> samples;
    for (int i = 0; i < 200; ++i) {
      IpAddress prefix = Prefix4(random.Below(3000));
      if (random.Below(2) == 0) {
        std::array<std::uint8_t, 16> octets{0x20, 1, 0xd, 0xb8};
        octets[4] = static_cast<std::uint8_t>(random.Below(8));
        octets[5] = static_cast<std::uint8_t>(random.Below(256));
        prefix = IpAddress::V6(octets);
      }
      const auto milliseconds = static_cast<float>(1 + random.Below(300));
      if (want[prefix].contains(node)) continue;
      want[prefix][node] = milliseconds;
      samples.push_back(Sample(prefix, milliseconds));
    }
    now += 1s;
    table.Add(node, samples, now);
    table.Build(now);
  }
  std::size_t figures = 0;
  for (const auto& [prefix, nodes] : want) {
    std::map<unsigned, float> found;
    float last = 0;
    for (const Rtt& rtt : table.view()->Find(prefix)) {
      EXPECT_LE(last, rtt.milliseconds);
      last = found[rtt.node] = rtt.milliseconds;
    }
    EXPECT_EQ(found, nodes) << prefix.ToString();
    figures += nodes.size();
  }
  EXPECT_EQ(table.counts().prefixes, want.size());
  EXPECT_EQ(table.counts().figures, figures);
}

}  // namespace
}  // namespace dnsd::locality
