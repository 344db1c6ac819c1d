#include "dnsd/policy/fleet_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dnsd/base/random.h"
#include "tests/unit/policy/reports.h"

namespace dnsd::policy {
namespace {

using fleet::Load;

std::vector<float> Values(const FleetModel& model, std::size_t gauge, double s,
                          std::vector<double> warm_up = {1, 1}) {
  return model.Columns(At(s), warm_up)[gauge].values;
}

TEST(FleetModel, ReadsEveryGauge) {
  FleetModel model({Gauge{},
                    {.kind = GaugeKind::kCpu},
                    {.kind = GaugeKind::kMemory, .memory_per_connection = 1e6},
                    {.kind = GaugeKind::kConnections}});
  Report(model, 0, {.cpu_utilization = 0.5, .connections = 7, .memory_available_bytes = 50e6}, 0);
  EXPECT_TRUE(Values(model, 0, 0).empty()) << "the first is in Predict";
  EXPECT_FLOAT_EQ(Values(model, 1, 0)[0], 0.51F);
  EXPECT_FLOAT_EQ(Values(model, 2, 0)[0], 50);
  EXPECT_FLOAT_EQ(Values(model, 3, 0)[0], 7.01F);
  EXPECT_EQ(Values(model, 1, 0)[1], kUnknown) << "never heard of";
}

TEST(FleetModel, CountsOwnAnswersAsConnectionsUntilTheReportThatHasThem) {
  FleetModel model({Gauge{}, {.kind = GaugeKind::kConnections}});
  Report(model, 0, {.connections = 7}, 0);
  model.AddAnswers(0, 3, At(0.5));
  EXPECT_NEAR(Values(model, 1, 0.5)[0], 10.01F, 1e-4);
  Report(model, 0, {.connections = 9}, 1);
  EXPECT_NEAR(Values(model, 1, 1)[0], 9.01F, 1e-4);
}

TEST(FleetModel, SmoothsForTheGaugesThatAskForIt) {
  FleetModel model(
      {Gauge{}, {.kind = GaugeKind::kCpu}, {.kind = GaugeKind::kCpu, .smoothing = 0.5F}});
  Report(model, 0, {.cpu_utilization = 0.8}, 0);
  Report(model, 0, {.cpu_utilization = 0.4}, 1);
  EXPECT_FLOAT_EQ(Values(model, 1, 1)[0], 0.41F);
  EXPECT_FLOAT_EQ(Values(model, 2, 1)[0], 0.61F);
  Report(model, 0, {.cpu_utilization = 0.4}, 2);
  EXPECT_FLOAT_EQ(Values(model, 2, 2)[0], 0.51F);
}

TEST(FleetModel, SmoothsLeastCostToo) {
  FleetModel model({Gauge{}, {.kind = GaugeKind::kDelayCost, .smoothing = 0.9F}});
  for (int t = 0; t < 20; ++t) Report(model, 0, {.cpu_utilization = 0.1, .sps = 0.0}, t);
  Report(model, 0, {.cpu_utilization = 0.9, .sps = 0.0}, 20);
  const CostFigures plain = model.Predict(0, At(20), 1);
  const CostFigures smooth = model.Columns(At(20), std::vector<double>{1})[1].figures[0];
  EXPECT_GT(CostOf(plain, plain.sessions), 1.2F * CostOf(smooth, smooth.sessions));
}

TEST(FleetModel, LooksAtTheQuotaEveryFewReports) {
  FleetModel model({Gauge{}, {.kind = GaugeKind::kQuota, .log_base = 1, .every = 3}});
  Report(model, 0, {.cpu_utilization = 0.0}, 0);
  const float idle = Values(model, 1, 0)[0];
  Report(model, 0, {.cpu_utilization = 1.0}, 1);
  Report(model, 0, {.cpu_utilization = 1.0}, 2);
  EXPECT_EQ(Values(model, 1, 2)[0], idle);
  Report(model, 0, {.cpu_utilization = 1.0}, 3);
  EXPECT_NEAR(Values(model, 1, 3)[0], idle * 2 / 3, 1e-6) << "2^1 + 2^0 against 2^0 + 2^0";
}

TEST(FleetModel, GuardsPricesAndLeavesWeightsToTheWorker) {
  FleetModel model(
      {Gauge{}, {.kind = GaugeKind::kCpu}, {.kind = GaugeKind::kQuota, .log_base = 1}});
  Report(model, 0, {.cpu_utilization = 0.19}, 0);
  EXPECT_FLOAT_EQ(Values(model, 1, 0, {10})[0], 2.0F);
  EXPECT_EQ(Values(model, 2, 0, {10})[0], Values(model, 2, 0, {1})[0]);
}

TEST(FleetModel, KeepsWhatItKnowsWhenGaugesChange) {
  const Gauge quota{.kind = GaugeKind::kQuota, .log_base = 1, .every = 100};
  FleetModel model({Gauge{}, quota});
  Report(model, 0, {.cpu_utilization = 0.0}, 0);
  const float idle = Values(model, 1, 0)[0];
  Report(model, 0, {.cpu_utilization = 0.5}, 1);
  model.SetGauges({Gauge{}, {.kind = GaugeKind::kCpu, .smoothing = 0.5F}, quota});
  EXPECT_FLOAT_EQ(Values(model, 1, 1)[0], 0.51F) << "from the last report";
  EXPECT_EQ(Values(model, 2, 1)[0], idle) << "still to be looked at again";
  model.SetGauges({Gauge{}});
  EXPECT_EQ(model.Columns(At(1), std::vector<double>{1}).size(), 1U);
}

std::optional<double> AnyNumber(Random& random) {
  const double odd[] = {0,
                        -1,
                        1e-300,
                        0.5,
                        1,
                        1e9,
                        1e308,
                        -1e308,
                        std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::quiet_NaN()};
  const std::uint32_t kind = random.Below(4);
  if (kind == 0) return std::nullopt;
  return kind == 1 ? odd[random.Below(std::size(odd))]
                   : random.Unit() * std::pow(10, random.Below(6));
}

TEST(FleetModel, NeverYieldsANumberThatIsNoneUnderAnyGauge) {
  std::vector<Gauge> gauges{Gauge{}};
  for (int kind = 0; kind <= static_cast<int>(GaugeKind::kSpeed); ++kind) {
    for (const float smoothing : {0.0F, 0.5F, 0.99F}) {
      for (const float base : {1.1F, 1e6F}) {
        gauges.push_back({.kind = static_cast<GaugeKind>(kind),
                          .log_base = std::log2(base),
                          .smoothing = smoothing,
                          .memory_per_connection = base});
      }
    }
  }
  FleetModel model(gauges);
  Random random(11);
  double t = 0;
  for (int i = 0; i < 1500; ++i) {
    Load load;
    for (auto* field :
         {&load.cpu_utilization, &load.mem_utilization, &load.application_utilization, &load.rps,
          &load.eps, &load.sps, &load.cpus, &load.run_queue, &load.blocked_processes,
          &load.swap_out_rate, &load.connections, &load.memory_available_bytes,
          &load.memory_total_bytes, &load.process_time_seconds}) {
      *field = AnyNumber(random);
    }
    load.named_metrics["network_delay_seconds"] = AnyNumber(random).value_or(1);
    t += random.Unit();
    Report(model, random.Below(4), load, t);
    model.AddAnswers(random.Below(4), random.Below(10000), At(t));
    const auto columns = model.Columns(At(t + random.Unit()), std::vector<double>{1, 10, 2, 1});
    for (std::size_t g = 1; g < columns.size(); ++g) {
      ASSERT_EQ(columns[g].values.size(), 4U);
      for (fleet::NodeIndex n = 0; n < 4; ++n) {
        const float value = columns[g].values[n];
        ASSERT_TRUE(std::isfinite(value)) << i << " " << g;
        ASSERT_TRUE(value >= 0 || value == kUnknown || value == kExhausted) << i << " " << g;
        if (!gauges[g].follows_answers()) continue;
        const CostFigures& figures = columns[g].figures[n];
        ASSERT_GE(PriceOf(gauges[g], figures, figures.sessions + 5), value) << i << " " << g;
      }
    }
  }
}

}  // namespace
}  // namespace dnsd::policy
