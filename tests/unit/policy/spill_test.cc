#include "dnsd/policy/spill.h"

#include <gtest/gtest.h>

#include <cmath>

namespace dnsd::policy {
namespace {

TEST(SpillShare, NothingLeavesUntilTheNearestAreBusierByTheMargin) {
  EXPECT_EQ(SpillShare({0.2F, 1}, {0.9F, 1}, 0.1F), 0);
  EXPECT_EQ(SpillShare({0.5F, 1}, {0.5F, 1}, 0.1F), 0);
  EXPECT_EQ(SpillShare({0.6F, 1}, {0.5F, 1}, 0.2F), 0);
  EXPECT_GT(SpillShare({0.65F, 1}, {0.5F, 1}, 0.1F), 0);
}

TEST(SpillShare, FarBeyondItIsInProportionToHeadroom) {
  EXPECT_FLOAT_EQ(SpillShare({0.9F, 1}, {0.1F, 3}, 0.1F), 0.75F);
  EXPECT_FLOAT_EQ(SpillShare({1.5F, 0}, {0.1F, 3}, 0.1F), 1);
  EXPECT_FLOAT_EQ(SpillShare({3.0F, 0}, {1.5F, 0}, 0.1F), 0.5F) << "all are full";
}

TEST(SpillShare, GrowsWithoutACliff) {
  float before = 0;
  for (int i = 0; i <= 1000; ++i) {
    const float load = static_cast<float>(i) / 1000;
    const float share = SpillShare({load, 2 * (1 - load)}, {0.2F, 1.6F}, 0.1F);
    EXPECT_GE(share, before) << load;
    EXPECT_LE(share - before, 0.01F) << load;
    before = share;
  }
  EXPECT_GT(before, 0.9F);
}

// Two places of one node each. Reports come once a second and each answer counts at once, as
// least_cost has it; 1,000 answers a second, each a session of one second.
struct Places {
  float near_load = 0, far_load = 0;  // as predicted
  float total_far = 0;
  // One second of which `demand` sessions ask, each `weight` of a node. How many went far.
  float Second(float demand, float weight) {
    float near_sessions = 0, far_sessions = 0;
    for (int i = 0; i < 1000; ++i) {
      const float share = SpillShare({near_load, std::max(0.0F, 1 - near_load)},
                                     {far_load, std::max(0.0F, 1 - far_load)}, 0.1F);
      const float point = std::fmod(static_cast<float>(i) * 0.618034F, 1.0F);
      float& load = point < share ? far_load : near_load;
      (point < share ? far_sessions : near_sessions) += demand / 1000;
      load += weight * demand / 1000;
      near_load -= near_load / 1000;  // sessions end after a second on average
      far_load -= far_load / 1000;
    }
    return far_sessions / demand;
  }
};

TEST(SpillShare, SettlesWhereTheNearestAreBusierByMarginAndPart) {
  Places places;
  float share = 0;
  for (int second = 0; second < 30; ++second) share = places.Second(1.2F, 1);
  EXPECT_GT(share, 0.1F);
  EXPECT_LT(share, 0.5F);
  float least = 1, most = 0;
  for (int second = 0; second < 30; ++second) {
    const float now = places.Second(1.2F, 1);
    least = std::min(least, now);
    most = std::max(most, now);
  }
  EXPECT_LT(most - least, 0.05F) << "no going back and forth";
  EXPECT_GT(places.near_load, places.far_load);
  EXPECT_LT(places.near_load - places.far_load, 0.3F);
}

TEST(SpillShare, ComesBackWhenTheLoadHasGone) {
  Places places;
  for (int second = 0; second < 20; ++second) places.Second(1.5F, 1);
  for (int second = 0; second < 20; ++second) places.Second(0.05F, 1);
  EXPECT_EQ(places.Second(0.05F, 1), 0);
}

}  // namespace
}  // namespace dnsd::policy
