#include "dnsd/policy/least_cost.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dnsd::policy {
namespace {

TEST(DelayTable, HasTheFormulasValues) {
  const struct {
    double cpus;
    float x;
    double want;
  } cases[] = {
      {1, 0.0F, 1}, {1, 0.5F, 4},  {1, 0.9F, 100}, {2, 0.5F, 2.263},
      {4, 0.0F, 1}, {1, -1.0F, 1}, {1, 1.5F, 100},  // held to the knee
  };
  for (const auto& c : cases) {
    EXPECT_NEAR(DelayTable(c.cpus).At(c.x), c.want, 0.001 * c.want) << c.cpus << " " << c.x;
  }
}

TEST(DelayTable, StaysWithinItsTableForAnyNumber) {
  const DelayTable table(1);
  EXPECT_FLOAT_EQ(table.At(std::numeric_limits<float>::quiet_NaN()), 1);
  EXPECT_NEAR(table.At(std::numeric_limits<float>::infinity()), 100, 0.1);
}

TEST(CostOf, IsTheMarginalDelayBelowTheKnee) {
  const DelayTable table(1);
  const CostFigures figures{.sessions = 3,
                            .load_per_session = 0.09F,
                            .background = 0.09F,
                            .cpus = 1,
                            .overload_price = 50,
                            .delay = &table};
  // x = 0.36, y = 0.45 / 0.9 = 0.5, M = 4.
  EXPECT_NEAR(CostOf(figures, 3), 0.09 * 4, 1e-3);
}

TEST(CostOf, IsTheLoadBeyondTheKnee) {
  const DelayTable table(1);
  const CostFigures figures{
      .load_per_session = 0.1F, .cpus = 1, .overload_price = 50, .factor = 2, .delay = &table};
  // x = 1, y = 1.1 / 0.9 = 1.2222; M at the knee is 100.
  EXPECT_NEAR(CostOf(figures, 10), 2 * (0.1 * 100 + 50 * (1.1 / 0.9 - 0.9)), 0.05);
}

TEST(CostOf, GrowsWithEverySession) {
  for (const double cpus : {0.5, 1.0, 4.0, 64.0}) {
    const DelayTable table(cpus);
    const CostFigures figures{.load_per_session = static_cast<float>(0.05 / cpus),
                              .background = 0.1F,
                              .cpus = static_cast<float>(cpus),
                              .overload_price = 50,
                              .delay = &table};
    float last = 0;
    for (float sessions = 0; sessions < 200; sessions += 0.5F) {
      const float cost = CostOf(figures, sessions);
      EXPECT_GE(cost, last) << cpus << " " << sessions;
      last = cost;
    }
    EXPECT_GT(last, CostOf(figures, 0));
  }
}

}  // namespace
}  // namespace dnsd::policy
