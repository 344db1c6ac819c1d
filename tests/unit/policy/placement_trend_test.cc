#include <gtest/gtest.h>

#include <cmath>

#include "dnsd/policy/placement.h"

namespace dnsd::policy {
namespace {

using namespace std::chrono_literals;

constexpr MonotonicTime kStart{std::chrono::hours(1)};

TEST(SiteTrend, TakesTheFirstSampleAsItIs) {
  SiteTrend trend;
  EXPECT_TRUE(trend.idle());
  trend.Add(3, kStart);
  EXPECT_EQ(trend.demand(), 3);
  EXPECT_EQ(trend.trend(), 0);
  EXPECT_EQ(trend.lasting(), 3);
  EXPECT_FALSE(trend.idle());
}

TEST(SiteTrend, ForgetsHalfInASecondHoweverItIsSampled) {
  SiteTrend whole, halves;
  whole.Add(0, kStart);
  halves.Add(0, kStart);
  whole.Add(8, kStart + 2s);
  for (int i = 1; i <= 4; ++i) halves.Add(8, kStart + i * 500ms);
  EXPECT_NEAR(whole.demand(), 6, 1e-9);
  EXPECT_NEAR(halves.demand(), 6, 1e-9);
  EXPECT_NEAR(whole.lasting(), halves.lasting(), 1e-9);
}

TEST(SiteTrend, FollowsASlope) {
  SiteTrend trend;
  for (int i = 0; i <= 20; ++i) trend.Add(2.0 * i, kStart + i * 1s);
  EXPECT_NEAR(trend.trend(), 2, 0.02);
  for (int i = 21; i <= 40; ++i) trend.Add(40, kStart + i * 1s);
  EXPECT_NEAR(trend.trend(), 0, 0.02);
}

TEST(SiteTrend, RemembersTenMinutes) {
  SiteTrend trend;
  trend.Add(1, kStart);
  for (int i = 1; i <= 600; ++i) trend.Add(0, kStart + i * 1s);
  EXPECT_NEAR(trend.lasting(), std::exp(-1), 1e-6);
  EXPECT_FALSE(trend.idle());
}

TEST(SiteTrend, GetsIdleAtLast) {
  SiteTrend trend;
  trend.Add(1, kStart);
  for (int i = 1; i <= 30'000; i += 1) trend.Add(0, kStart + i * 1s);
  EXPECT_TRUE(trend.idle());
}

TEST(SiteTrend, PassesOverSamplesThatAreNotLater) {
  SiteTrend trend;
  trend.Add(1, kStart);
  trend.Add(9, kStart);
  trend.Add(9, kStart - 1s);
  EXPECT_EQ(trend.demand(), 1);
}

}  // namespace
}  // namespace dnsd::policy
