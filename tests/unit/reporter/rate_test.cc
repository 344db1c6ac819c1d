#include "reporter/rate.h"

#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

const MonotonicTime kStart{1h};

TEST(Rate, IsTheGrowthASecond) {
  Rate rate;
  EXPECT_FALSE(rate.Update(100, kStart));
  EXPECT_DOUBLE_EQ(*rate.Update(150, kStart + 500ms), 100);
  EXPECT_DOUBLE_EQ(*rate.Update(150, kStart + 1500ms), 0);
}

TEST(Rate, SaysNothingOfACounterThatWentBackAndGoesOnFromThere) {
  Rate rate;
  rate.Update(0xFFFF'FFFF, kStart);
  EXPECT_FALSE(rate.Update(5, kStart + 1s));
  EXPECT_DOUBLE_EQ(*rate.Update(7, kStart + 2s), 2);
}

TEST(Rate, SaysNothingWhenNoTimeHasPassed) {
  Rate rate;
  rate.Update(1, kStart);
  EXPECT_FALSE(rate.Update(2, kStart));
}

}  // namespace
}  // namespace dnsd::reporter
