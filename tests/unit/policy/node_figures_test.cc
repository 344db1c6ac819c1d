#include "dnsd/policy/node_figures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dnsd/base/random.h"
#include "dnsd/policy/least_cost.h"

namespace dnsd::policy {
namespace {

using fleet::Load;

// Chen and Chi: the CPU load itself.
TEST(ReadingOf, CpuIsTheLoadReported) {
  const Gauge cpu{.kind = GaugeKind::kCpu};
  EXPECT_FLOAT_EQ(ReadingOf(cpu, {.cpu_utilization = 0.8}), 0.81F);
  EXPECT_FLOAT_EQ(ReadingOf(cpu, {.cpu_utilization = 0.2}), 0.21F);
  EXPECT_EQ(ReadingOf(cpu, {}), kUnknown);
}

// The shared-hosting balancer's example: a node of score 4 gets half as much as one of score 2.
// With base 9 an idle node scores 9^0 + 9^0 = 2, one whose CPU is half busy 9^0.5 + 9^0 = 4.
TEST(ReadingOf, QuotaIsInverseToTheCostScore) {
  const Gauge quota{.kind = GaugeKind::kQuota, .log_base = std::log2(9.0F)};
  const Load idle{.cpu_utilization = 0, .mem_utilization = 0};
  const Load half{.cpu_utilization = 0.5, .mem_utilization = 0};
  EXPECT_NEAR(CostScore(idle, std::log2(9)), 2, 1e-9);
  EXPECT_NEAR(CostScore(half, std::log2(9)), 4, 1e-9);
  EXPECT_NEAR(ReadingOf(quota, half) / ReadingOf(quota, idle), 0.5, 1e-6);
  // Memory costs what CPU costs: 9^0.5 + 9^0.5.
  EXPECT_NEAR(CostScore({.cpu_utilization = 0.5, .mem_utilization = 0.5}, std::log2(9)), 6, 1e-9);
}

// Rhee: 3,500 kB a connection.
TEST(ReadingOf, MemoryIsTheConnectionsThatFit) {
  const Gauge memory{.kind = GaugeKind::kMemory, .memory_per_connection = 3'500'000};
  EXPECT_FLOAT_EQ(ReadingOf(memory, {.memory_available_bytes = 350e6}), 100);
  EXPECT_FLOAT_EQ(ReadingOf(memory, {.mem_utilization = 0.75, .memory_total_bytes = 1400e6}), 100);
  EXPECT_FLOAT_EQ(
      ReadingOf(memory, {.memory_available_bytes = 350e6, .memory_per_connection_bytes = 7e6}), 50)
      << "as the reporter measured it";
  EXPECT_EQ(ReadingOf(memory, {.cpu_utilization = 0.5}), kUnknown);
  EXPECT_EQ(
      ReadingOf(memory,
                {.blocked_processes = 1, .swap_out_rate = 5, .memory_available_bytes = 350e6}),
      kExhausted);
  EXPECT_FLOAT_EQ(ReadingOf(memory, {.blocked_processes = 1, .memory_available_bytes = 35e6}), 10)
      << "tasks that wait for a disk alone exhaust nothing";
}

// Mamatas and Tsaoussidis: 20 ms over 1 ms against 40 ms over 2 ms is four to one.
TEST(ReadingOf, SpeedIsInverseToProcessTimeAndNetworkDelay) {
  const Gauge speed{.kind = GaugeKind::kSpeed};
  const Load near{.process_time_seconds = 0.020,
                  .named_metrics = {{"network_delay_seconds", 0.001}}};
  const Load far{.process_time_seconds = 0.040,
                 .named_metrics = {{"network_delay_seconds", 0.002}}};
  EXPECT_NEAR(ReadingOf(speed, near) / ReadingOf(speed, far), 4, 1e-4);
  EXPECT_NEAR(ReadingOf(speed, {.process_time_seconds = 0.01}), 100, 1e-3);
  EXPECT_EQ(ReadingOf(speed, {}), kUnknown);
}

// The cooperating servers' average: L = 0.5 L + 0.5 S.
TEST(Smoothed, MovesByTheShareThatIsNew) {
  const Load last{.cpu_utilization = 0.8, .connections = 100};
  const Load sample{.cpu_utilization = 0.4, .rps = 7};
  const Load half = Smoothed(last, sample, 0.5);
  EXPECT_DOUBLE_EQ(*half.cpu_utilization, 0.6);
  EXPECT_EQ(half.rps, 7) << "nothing to smooth it with";
  EXPECT_FALSE(half.connections) << "what is not reported is not known";
  EXPECT_DOUBLE_EQ(*Smoothed(last, sample, 0.75).cpu_utilization, 0.7);
  EXPECT_EQ(Smoothed(last, sample, 0), sample);
}

TEST(PriceOf, IsTheMarginalExponentialCost) {
  // base 100: 100^0.6 - 100^0.5 = 15.849 - 10.
  const Gauge gauge{.kind = GaugeKind::kExponentialCost, .log_base = std::log2(100.0F)};
  const CostFigures figures{.load_per_session = 0.1F, .background = 0.3F, .factor = 2};
  EXPECT_NEAR(PriceOf(gauge, figures, 2), 2 * 5.849, 1e-3);
  CostFigures with_memory = figures;
  with_memory.memory_price = 1;
  EXPECT_NEAR(PriceOf(gauge, with_memory, 2), 2 * 6.849, 1e-3);
}

// 100 MB of 1 GB more, on a node half full: 100^0.6 - 100^0.5.
TEST(MemoryPrice, IsTheMarginalExponentialCostOfAConnectionsMemory) {
  const Load load{.mem_utilization = 0.5, .memory_total_bytes = 1e9};
  EXPECT_NEAR(MemoryPrice(load, std::log2(100), 1e8), 5.849, 1e-3);
  EXPECT_EQ(MemoryPrice({.mem_utilization = 0.5}, std::log2(100), 1e8), 0);
}

TEST(PriceOf, IsTheLoadOrTheConnectionsAsTheGaugeHasIt) {
  const CostFigures figures{.load_per_session = 0.1F, .background = 0.3F, .factor = 3};
  EXPECT_NEAR(PriceOf({.kind = GaugeKind::kLoadCost}, figures, 2), 3 * 0.6, 1e-5);
  EXPECT_NEAR(PriceOf({.kind = GaugeKind::kConnections}, figures, 2), 3 * 2.01, 1e-5);
}

TEST(PowerOfTwo, IsCloseEnoughEverywhere) {
  for (float x = -120; x < 120; x += 0.173F) {
    EXPECT_NEAR(PowerOfTwo(x) / std::exp2(x), 1, 1e-5) << x;
  }
  EXPECT_GT(PowerOfTwo(-std::numeric_limits<float>::infinity()), 0);
  EXPECT_TRUE(std::isfinite(PowerOfTwo(std::numeric_limits<float>::quiet_NaN())));
}

TEST(PriceOf, GrowsWithEverySessionUnderEveryGauge) {
  for (const GaugeKind kind : {GaugeKind::kDelayCost, GaugeKind::kLoadCost,
                               GaugeKind::kExponentialCost, GaugeKind::kConnections}) {
    const Gauge gauge{.kind = kind, .log_base = 6.6F};
    const DelayTable table(2);
    const CostFigures figures{
        .load_per_session = 0.05F, .background = 0.1F, .cpus = 2, .delay = &table};
    float last = 0;
    for (float sessions = 0; sessions < 300; sessions += 0.5F) {
      const float price = PriceOf(gauge, figures, sessions);
      ASSERT_GE(price, last) << static_cast<int>(kind) << " " << sessions;
      ASSERT_TRUE(std::isfinite(price));
      last = price;
    }
    EXPECT_GT(last, PriceOf(gauge, figures, 0));
  }
}

}  // namespace
}  // namespace dnsd::policy
