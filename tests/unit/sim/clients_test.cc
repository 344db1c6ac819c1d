// Resolvers, their populations and caches, and how many sessions there are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tools/dnsd-sim/demand.h"
#include "tools/dnsd-sim/resolvers.h"

namespace dnsd::sim {
namespace {

using ::testing::ElementsAre;

NodeList Of(NodeId node) {
  NodeList list;
  list.Add(node);
  return list;
}

TEST(Zipf, DrawsEachRankWithItsShare) {
  const Zipf zipf(4, 1);
  EXPECT_DOUBLE_EQ(zipf.share(0), 12.0 / 25);  // 1 / (1 + 1/2 + 1/3 + 1/4)
  Random random(7);
  std::array<double, 4> drawn{};
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) ++drawn[zipf.Draw(random)];
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(drawn[i] / kDraws, zipf.share(i), 0.005);
}

TEST(Resolvers, AskAgainAtOnceWhenTheTtlIsZero) {
  Random random(1);
  Resolvers resolvers({.count = 2, .zipf = 0, .keeps = {}}, random);
  resolvers.Store(0, Of(3), 0, 10);
  EXPECT_EQ(resolvers.Find(0, 10), nullptr);
}

TEST(Resolvers, KeepAnAnswerForItsTtl) {
  Random random(1);
  Resolvers resolvers({.count = 2, .zipf = 0, .keeps = {}}, random);
  resolvers.Store(0, Of(3), 5, 10);
  ASSERT_NE(resolvers.Find(0, 14.9), nullptr);
  EXPECT_THAT(resolvers.Find(0, 14.9)->span(), ElementsAre(3U));
  EXPECT_EQ(resolvers.Find(0, 15), nullptr);
  EXPECT_EQ(resolvers.Find(1, 11), nullptr) << "another's";
}

TEST(Resolvers, KeepAnswersInSpiteOfTheirTtlWhereTheScenarioSaysSo) {
  Random random(1);
  Resolvers resolvers({.count = 1, .zipf = 0, .keeps = {{30, 1}}}, random);
  resolvers.Store(0, Of(3), 0, 10);
  EXPECT_NE(resolvers.Find(0, 39.9), nullptr);
  EXPECT_EQ(resolvers.Find(0, 40), nullptr);
}

TEST(Resolvers, KeepInTheSharesAskedFor) {
  Random random(5);
  const Resolvers resolvers({.count = 20'000, .zipf = 0, .keeps = {{5, 0.1}, {30, 0.2}}}, random);
  std::size_t five = 0, thirty = 0, none = 0;
  for (ResolverId i = 0; i < 20'000; ++i) {
    const double seconds = resolvers.kept_seconds(i);
    ++(seconds == 5 ? five : seconds == 30 ? thirty : none);
  }
  EXPECT_NEAR(static_cast<double>(five), 2000, 150);
  EXPECT_NEAR(static_cast<double>(thirty), 4000, 200);
  EXPECT_NEAR(static_cast<double>(none), 14'000, 250);
}

TEST(Demand, FollowsItsSteps) {
  Demand demand(10, {{5, 0}, {8, 2}});
  EXPECT_DOUBLE_EQ(demand.Next(0, 10), 1);
  EXPECT_DOUBLE_EQ(demand.Next(4.5, 10), 8.25) << "half in 0.5 s, none until 8, then 20 a second";
}

TEST(Demand, EndsWhereItsLastStepIsZero) {
  Demand demand(10, {{5, 0}});
  EXPECT_EQ(demand.Next(4.9, 2), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace dnsd::sim
