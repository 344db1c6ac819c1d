#include "reporter/health_state.h"

#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

TEST(HealthState, IsNotKnownUntilTheFirstCheckDecides) {
  for (const bool good : {true, false}) {
    HealthState state(3, 3);
    EXPECT_FALSE(state.known());
    EXPECT_FALSE(state.healthy());
    EXPECT_TRUE(state.Observe(good, "broken"));
    EXPECT_TRUE(state.known());
    EXPECT_EQ(state.healthy(), good);
    EXPECT_EQ(state.detail(), good ? "" : "broken");
  }
}

TEST(HealthState, FallsAfterARowOfBadChecksOnly) {
  HealthState state(1, 3);
  state.Observe(true, "");
  EXPECT_FALSE(state.Observe(false, "x"));
  EXPECT_FALSE(state.Observe(false, "x"));
  EXPECT_FALSE(state.Observe(true, ""));  // the row is broken
  EXPECT_FALSE(state.in_doubt());
  EXPECT_FALSE(state.Observe(false, "x"));
  EXPECT_TRUE(state.in_doubt());
  EXPECT_FALSE(state.Observe(false, "x"));
  EXPECT_TRUE(state.healthy());
  EXPECT_TRUE(state.Observe(false, "gone"));
  EXPECT_FALSE(state.healthy());
  EXPECT_EQ(state.detail(), "gone");
}

TEST(HealthState, RisesAfterARowOfGoodChecks) {
  HealthState state(2, 1);
  state.Observe(false, "x");
  EXPECT_FALSE(state.Observe(true, ""));
  EXPECT_TRUE(state.Observe(true, ""));
  EXPECT_TRUE(state.healthy());
  EXPECT_EQ(state.detail(), "");
}

TEST(HealthState, TellsWhenTheReasonIsAnother) {
  HealthState state(2, 2);
  state.Observe(false, "refused");
  EXPECT_FALSE(state.Observe(false, "refused"));
  EXPECT_TRUE(state.Observe(false, "status 500"));
  EXPECT_EQ(state.detail(), "status 500");
}

}  // namespace
}  // namespace dnsd::reporter
