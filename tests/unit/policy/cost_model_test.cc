#include "dnsd/policy/cost_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dnsd/base/random.h"
#include "tests/unit/policy/reports.h"

namespace dnsd::policy {
namespace {

using fleet::Load;

float CostAt(const CostModel& model, fleet::NodeIndex node, double s) {
  const CostFigures figures = model.Predict(node, At(s), 1);
  return CostOf(figures, figures.sessions);
}

TEST(FactsOf, WeighsTheRunQueueByHowBusyTheCpuWas) {
  const struct {
    const char* what;
    Load load;
    double want;
  } cases[] = {
      {"nothing known", {}, 0},
      {"a free CPU", {.cpu_utilization = 0.3}, 0.3},
      {"an idle CPU seen with a task", {.cpu_utilization = 0, .cpus = 1, .run_queue = 1}, 0},
      {"0.5 + 0.25 ln 2.5", {.cpu_utilization = 0.5, .cpus = 2, .run_queue = 4}, 0.729073},
      {"1 + 0.5 ln 2", {.cpu_utilization = 1, .cpus = 2, .run_queue = 4}, 1.346574},
      {"the queue alone", {.cpus = 2, .run_queue = 1}, 0.5},
      {"the application's word, 1 + 0.5 ln 1.5",
       {.cpu_utilization = 0.1, .application_utilization = 1.5},
       1.202733},
  };
  for (const auto& c : cases) EXPECT_NEAR(FactsOf(c.load).load, c.want, 1e-6) << c.what;
}

TEST(FactsOf, HoldsWhatCannotBe) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const ReportFacts facts = FactsOf({.cpu_utilization = nan,
                                     .mem_utilization = 17,
                                     .rps = 10,
                                     .eps = 1e9,
                                     .sps = -5,
                                     .cpus = 0,
                                     .connections = inf});
  EXPECT_EQ(facts.load, 0);
  EXPECT_EQ(facts.memory, 1);
  EXPECT_EQ(facts.errors, 10);
  EXPECT_EQ(facts.sessions, 0);
  EXPECT_EQ(facts.cpus, 0.01);
  EXPECT_EQ(facts.connections, 1e7);
}

TEST(CostModel, IdleNodesOfOneSizeCostTheSameAndTheFirstAnswersSpread) {
  CostModel model;
  for (fleet::NodeIndex n = 0; n < 3; ++n) Report(model, n, {.cpu_utilization = 0.02}, 0);
  EXPECT_EQ(CostAt(model, 0, 0), CostAt(model, 1, 0));
  EXPECT_EQ(CostAt(model, 1, 0), CostAt(model, 2, 0));
  model.AddAnswers(0, 1, At(0.1));
  EXPECT_GT(CostAt(model, 0, 0.1), CostAt(model, 1, 0.1));
  model.AddAnswers(1, 1, At(0.1));
  EXPECT_GT(CostAt(model, 0, 0.1), CostAt(model, 2, 0.1));
}

TEST(CostModel, ABiggerNodeCostsLess) {
  CostModel model;
  Report(model, 0, {.cpu_utilization = 0.2, .cpus = 1}, 0);
  Report(model, 1, {.cpu_utilization = 0.2, .cpus = 8}, 0);
  EXPECT_GT(CostAt(model, 0, 0), CostAt(model, 1, 0));
}

TEST(CostModel, TellsALoadedNodeFromItsFirstReport) {
  CostModel model;
  Report(model, 0, {.cpu_utilization = 0.9}, 0);
  Report(model, 1, {.cpu_utilization = 0.1}, 0);
  EXPECT_GT(CostAt(model, 0, 0), 10 * CostAt(model, 1, 0));
}

TEST(CostModel, NoticesLoadPutOnANodeWithTheNextReport) {
  CostModel model;
  for (int t = 0; t < 60; ++t) {
    Report(model, 0, {.cpu_utilization = 0.05, .sps = 0.0}, t);
    Report(model, 1, {.cpu_utilization = 0.05, .sps = 0.0}, t);
  }
  Report(model, 0, {.cpu_utilization = 0.95, .sps = 0.0}, 60);
  Report(model, 1, {.cpu_utilization = 0.05, .sps = 0.0}, 60);
  EXPECT_GT(CostAt(model, 0, 60), 1.5F * CostAt(model, 1, 60));
  for (int t = 61; t < 64; ++t) Report(model, 0, {.cpu_utilization = 0.95, .sps = 0.0}, t);
  EXPECT_GT(CostAt(model, 0, 64), 3 * CostAt(model, 1, 64));
}

TEST(CostModel, TakesANodeBackWithinThreeReportsOfItsLoadsEnd) {
  CostModel model;
  for (int t = 0; t < 60; ++t) {
    Report(model, 0, {.cpu_utilization = 0.9, .sps = 0.0}, t);
    Report(model, 1, {.cpu_utilization = 0.05, .sps = 0.0}, t);
  }
  for (int t = 60; t < 63; ++t) {
    Report(model, 0, {.cpu_utilization = 0.05, .sps = 0.0}, t);
    Report(model, 1, {.cpu_utilization = 0.05, .sps = 0.0}, t);
  }
  EXPECT_NEAR(CostAt(model, 0, 63) / CostAt(model, 1, 63), 1, 0.1);
}

// r after one report of 0.9 on a node at 0: with gain g = 1 - e^-0.1,
// g 0.9 + (0.3 - g) 0.8 = 0.2495.
TEST(CostModel, FollowsTheBackgroundAsTheFormulaSays) {
  CostModel model;
  Report(model, 0, {.cpu_utilization = 0, .sps = 0.0}, 0);
  Report(model, 0, {.cpu_utilization = 0.9, .sps = 0.0}, 1);
  EXPECT_NEAR(model.Predict(0, At(1), 1).background, 0.2495, 1e-3);
}

TEST(CostModel, LearnsHowLongSessionsLastAndWhatTheyCost) {
  CostModel model;
  for (int t = 0; t < 300; ++t) {
    Report(model, 0, {.cpu_utilization = 0.5, .rps = 10, .sps = 10, .cpus = 2, .connections = 20},
           t);
  }
  // tau = 20 / 10; 20 active sessions load the two CPUs by half.
  EXPECT_NEAR(model.averages().SessionSeconds(kSecond), 2, 0.02);
  const CostFigures figures = model.Predict(0, At(299), 1);
  EXPECT_NEAR(figures.sessions, 20, 0.3);
  EXPECT_NEAR(model.averages().CpusPerSession(), 0.05, 0.002);
  EXPECT_NEAR(figures.load_per_session, 0.025, 0.001);
  EXPECT_NEAR(figures.background, 0, 0.02);
  EXPECT_NEAR(figures.overload_price, 50, 2);
}

TEST(CostModel, TellsADearSessionFromACheapOne) {
  CostModel model;
  for (int t = 0; t < 300; ++t) {
    Report(model, 0, {.cpu_utilization = 0.6, .rps = 20, .sps = 20, .connections = 20}, t);
    Report(model, 1, {.cpu_utilization = 0.2, .rps = 20, .sps = 20, .connections = 20}, t);
  }
  const float dear = model.Predict(0, At(300), 1).load_per_session;
  const float cheap = model.Predict(1, At(300), 1).load_per_session;
  EXPECT_NEAR(dear, 0.03, 0.002);
  EXPECT_NEAR(cheap, 0.01, 0.001);
}

TEST(CostModel, LearnsHowManySessionsAnAnswerBrings) {
  CostModel model;
  Report(model, 0, {.sps = 40}, 0);
  for (int t = 1; t < 300; ++t) {
    model.AddAnswers(0, 10, At(t));
    Report(model, 0, {.sps = 40}, t);
  }
  EXPECT_NEAR(model.averages().SessionsPerAnswer(), 4, 0.15);
}

// Five nodes of one kind, and a sixth whose figures nobody should believe.
TEST(CostModel, OneNodesAbsurdFiguresDoNotSpoilTheFleets) {
  const Load absurd[] = {{.cpu_utilization = 0, .rps = 0, .sps = 1e7, .cpus = 1, .connections = 0},
                         {.cpu_utilization = 1, .rps = 1e7, .sps = 1e7, .cpus = 4096},
                         {.cpu_utilization = 1, .sps = 0, .cpus = 4096, .connections = 1e7}};
  for (const Load& lie : absurd) {
    CostModel model;
    for (int t = 0; t < 100; ++t) {
      for (fleet::NodeIndex i = 0; i < 5; ++i) {
        model.AddAnswers(i, 10, At(t));
        Report(model, i,
               {.cpu_utilization = 0.5, .rps = 10, .sps = 10, .cpus = 2, .connections = 20}, t);
      }
      Report(model, 5, lie, t);
    }
    EXPECT_GT(model.averages().SessionSeconds(kSecond), 1);
    EXPECT_LT(model.averages().SessionSeconds(kSecond), 3.7);
    EXPECT_GT(model.averages().SessionsPerAnswer(), 0.9);
    EXPECT_LT(model.averages().SessionsPerAnswer(), 1.9);
    EXPECT_GT(model.averages().CpusPerSession(), 0.02);
    EXPECT_LT(model.averages().CpusPerSession(), 0.1);
  }
}

TEST(CostModel, ANodeThatReturnsIsNotCreditedWithItsAbsence) {
  CostModel model;
  for (int t = 0; t < 300; ++t) {
    model.AddAnswers(0, 10, At(t));
    Report(model, 0, {.sps = 10}, t);
    if (t < 10) Report(model, 1, {.sps = 10}, t);
  }
  EXPECT_NEAR(model.averages().SessionsPerAnswer(), 1, 0.1);
  Report(model, 1, {.sps = 40}, 300);
  EXPECT_LT(model.averages().SessionsPerAnswer(), 1.5);
}

TEST(CostModel, CountsItsAnswersUntilTheReportThatHasThem) {
  CostModel model;
  Report(model, 0, {.sps = 0.0}, 0);
  model.AddAnswers(0, 6, At(0.5));
  EXPECT_NEAR(model.Predict(0, At(0.5), 1).sessions, 6, 1e-5);
  EXPECT_NEAR(model.Predict(0, At(1), 1).sessions, 6 * std::exp(-0.5), 1e-5);  // tau 1
  Report(model, 0, {.sps = 0.0}, 1);
  EXPECT_NEAR(model.Predict(0, At(1), 1).sessions, 0, 1e-5);
}

TEST(CostModel, LetsReportedSessionsEndButNotForTwoIntervalsOfSilence) {
  CostModel model;
  Report(model, 0, {.sps = 8}, 0);
  EXPECT_NEAR(model.Predict(0, At(0), 1).sessions, 8, 1e-5);
  EXPECT_NEAR(model.Predict(0, At(1), 1).sessions, 8 * std::exp(-1), 1e-5);
  EXPECT_NEAR(model.Predict(0, At(50), 1).sessions, 8 * std::exp(-2), 1e-5);
}

TEST(CostModel, TakesItsOwnAnswersForSessionsThatAreNotReported) {
  CostModel model;
  Report(model, 0, {.cpu_utilization = 0.1}, 0);
  for (int t = 1; t <= 20; ++t) {
    model.AddAnswers(0, 5, At(t - 0.5));
    Report(model, 0, {.cpu_utilization = 0.1}, t);
  }
  EXPECT_NEAR(model.Predict(0, At(20), 1).sessions, 5, 0.1);
}

TEST(CostModel, ANodeThatFailsFastBecomesDearNotCheap) {
  CostModel model;
  for (int t = 0; t < 60; ++t) {
    Report(model, 0, {.cpu_utilization = 0.3, .rps = 50, .eps = 0.0, .sps = 50}, t);
    Report(model, 1, {.cpu_utilization = 0.3, .rps = 50, .eps = 0.0, .sps = 50}, t);
  }
  const float e = model.Predict(0, At(60), 1).load_per_session;
  for (int t = 60; t < 70; ++t) {
    Report(model, 0, {.cpu_utilization = 0.02, .rps = 50, .eps = 50, .sps = 50}, t);
    Report(model, 1, {.cpu_utilization = 0.3, .rps = 50, .eps = 0.0, .sps = 50}, t);
  }
  EXPECT_GT(model.ErrorShare(0), 0.5);
  EXPECT_LT(model.ErrorShare(1), 0.01);
  EXPECT_GT(model.Predict(0, At(70), 1).load_per_session, 0.7F * e);
  EXPECT_GT(model.Predict(0, At(70), 1).factor, 6);
  EXPECT_GT(model.Predict(0, At(70), 1).load_per_session, 6 * e) << "a trial is one session";
}

// Fifty good requests a second until now do not hide what the last two reports say.
TEST(CostModel, ANodeThatBeginsToFailIsKnownWithinTwoReports) {
  CostModel model;
  for (int t = 0; t < 60; ++t) {
    Report(model, 0, {.cpu_utilization = 0.3, .rps = 7, .eps = 0, .sps = 4}, t);
  }
  Report(model, 0, {.cpu_utilization = 0.1, .rps = 7, .eps = 7, .sps = 4}, 60);
  EXPECT_LT(model.ErrorShare(0), 0.5) << "a report alone may be an accident";
  Report(model, 0, {.cpu_utilization = 0.1, .rps = 7, .eps = 7, .sps = 4}, 61);
  EXPECT_GT(model.ErrorShare(0), 0.5);
}

TEST(CostModel, ANodeThatFailsNowAndThenIsNoFailure) {
  CostModel model;
  for (int t = 0; t < 120; ++t) {
    Report(model, 0, {.cpu_utilization = 0.3, .rps = 7, .eps = t % 3 == 1 ? 7.0 : 0.0, .sps = 4},
           t);
    EXPECT_LT(model.ErrorShare(0), 0.5) << t;
  }
}

TEST(CostModel, ANodeThatNoLongerFailsIsForgiven) {
  CostModel model;
  for (int t = 0; t < 20; ++t) Report(model, 0, {.rps = 50, .eps = 50, .sps = 50}, t);
  ASSERT_GT(model.ErrorShare(0), 0.9);
  for (int t = 20; t < 60; ++t) Report(model, 0, {.rps = 0.0, .eps = 0.0, .sps = 0.0}, t);
  EXPECT_LT(model.ErrorShare(0), 0.5);
}

// Failed requests are over at once: what they spare is no room.
TEST(CostModel, ANodeThatFailsKeepsTheLoadItHadOnOurBooks) {
  CostModel model;
  const auto load_at = [&](double s) {
    const CostFigures figures = model.Predict(0, At(s), 1);
    return figures.load_per_session * figures.sessions + figures.background;
  };
  for (int t = 0; t < 60; ++t) {
    Report(model, 0, {.cpu_utilization = 0.4, .rps = 50, .eps = 0, .sps = 10, .connections = 50},
           t);
  }
  EXPECT_NEAR(load_at(59), 0.4, 0.02);
  for (int t = 60; t < 70; ++t) {
    Report(model, 0, {.cpu_utilization = 0.02, .rps = 10, .eps = 10, .sps = 10, .connections = 0},
           t);
  }
  EXPECT_GT(load_at(69), 0.3);
}

TEST(CostModel, ANodeThatTellsNoLoadIsTakenForTheMeanOfThoseThatDo) {
  CostModel model;
  for (int t = 0; t < 60; ++t) {
    Report(model, 0, {.cpu_utilization = 0.5, .sps = 10}, t);
    Report(model, 1, {.cpu_utilization = 0.7, .sps = 10}, t);
    Report(model, 2, {.sps = 10}, t);
  }
  EXPECT_NEAR(model.averages().MeanLoad(), 0.6, 0.01);
  EXPECT_GT(CostAt(model, 2, 59), CostAt(model, 0, 59));
  EXPECT_LT(CostAt(model, 2, 59), CostAt(model, 1, 59));
}

// Twenty answers were given, and the report knows nothing of them: some twenty sessions less than
// predicted, which go within the interval of 1 s.
TEST(CostModel, LetsTheRoomThatAReportShowsInGradually) {
  CostModel model;
  const auto figures_at = [&](double s) { return model.Predict(0, At(s), 1); };
  for (int t = 0; t < 300; ++t) {
    Report(model, 0, {.cpu_utilization = 0.5, .rps = 10, .sps = 10, .connections = 10}, t);
  }
  const CostFigures before = figures_at(300);
  model.AddAnswers(0, 20, At(300));
  const float most = figures_at(300).load_per_session * figures_at(300).sessions;
  Report(model, 0, {.cpu_utilization = 0.5, .rps = 10, .sps = 10, .connections = 10}, 300);
  const CostFigures after = figures_at(300);
  const float load = after.load_per_session * after.sessions + after.background;
  EXPECT_NEAR(load, most + before.background, 1e-3) << "as it was predicted";
  const float half = figures_at(300.5).background;
  const float all = figures_at(301).background;
  EXPECT_NEAR(after.background - half, half - all, 1e-5) << "evenly";
  EXPECT_NEAR(all, before.background, 0.01);
  EXPECT_NEAR(figures_at(302).background, all, 1e-6);
}

TEST(CostModel, LetsASessionsWorthOfRoomInAtOnce) {
  CostModel model;
  for (int t = 0; t < 300; ++t) {
    Report(model, 0, {.cpu_utilization = 0.5, .rps = 10, .sps = 10, .connections = 10}, t);
  }
  Report(model, 0, {.cpu_utilization = 0.5, .rps = 9.5, .sps = 9.5, .connections = 10}, 300);
  EXPECT_FLOAT_EQ(model.Predict(0, At(300), 1).background, model.Predict(0, At(301), 1).background);
}

TEST(CostModel, GuardsTheMemory) {
  const struct {
    const char* what;
    Load load;
    double want;
  } cases[] = {
      {"enough left", {.mem_utilization = 0.9}, 1},
      {"above the knee", {.mem_utilization = 0.935}, 100},
      {"almost out", {.mem_utilization = 0.97}, 1e4},
      {"by octets", {.memory_available_bytes = 65, .memory_total_bytes = 1000}, 100},
  };
  for (const auto& c : cases) {
    CostModel model;
    Report(model, 0, c.load, 0);
    EXPECT_NEAR(model.Predict(0, At(0), 1).factor, c.want, c.want * 0.01) << c.what;
  }
}

// What sessions take and give back must have room for some more; what stands still needs none.
TEST(CostModel, MemoryThatMovesCountsBeforeItIsFull) {
  const auto factor = [](double least, double most) {
    CostModel model;
    for (int t = 0; t < 60; ++t) {
      Report(model, 0, {.mem_utilization = t / 6 % 2 == 0 ? least : most}, t);
    }
    return model.Predict(0, At(60), 1).factor;
  };
  EXPECT_EQ(factor(0.85, 0.85), 1);
  EXPECT_LT(factor(0.10, 0.12), 1.1);
  EXPECT_GT(factor(0.40, 0.60), 1.2);
  EXPECT_GT(factor(0.60, 0.80), 1.5 * factor(0.40, 0.60));
}

TEST(CostModel, SwappingCountsFromTheThirdReportInARow) {
  CostModel model;
  const Load swapping{.blocked_processes = 2, .swap_out_rate = 10};
  Report(model, 0, swapping, 0);
  Report(model, 0, swapping, 1);
  EXPECT_EQ(model.Predict(0, At(1), 1).factor, 1);
  Report(model, 0, swapping, 2);
  EXPECT_EQ(model.Predict(0, At(2), 1).factor, 100);
  Report(model, 0, {.blocked_processes = 2, .swap_out_rate = 0.0}, 3);
  EXPECT_EQ(model.Predict(0, At(3), 1).factor, 1);
}

TEST(CostModel, WarmUpMultipliesTheCost) {
  CostModel model;
  Report(model, 0, {.cpu_utilization = 0.1}, 0);
  const CostFigures cold = model.Predict(0, At(0), 10);
  EXPECT_NEAR(CostOf(cold, cold.sessions), 10 * CostAt(model, 0, 0), 1e-3);
}

TEST(CostModel, CostGrowsWithTheLoadReported) {
  float last = 0;
  for (int percent = 0; percent <= 100; percent += 5) {
    CostModel model;
    Report(model, 0, {.cpu_utilization = percent / 100.0, .cpus = 4}, 0);
    Report(model, 0, {.cpu_utilization = percent / 100.0, .cpus = 4}, 1);
    EXPECT_GT(CostAt(model, 0, 1), last) << percent;
    last = CostAt(model, 0, 1);
  }
}

TEST(CostModel, AnswersEvenForNodesItNeverHeardOf) {
  const CostModel model;
  EXPECT_TRUE(std::isfinite(CostAt(model, 12345, 0)));
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
                        -std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::quiet_NaN()};
  switch (random.Below(4)) {
    case 0:
      return std::nullopt;
    case 1:
      return odd[random.Below(std::size(odd))];
    default:
      return random.Unit() * std::pow(10, random.Below(6));
  }
}

TEST(CostModel, NeverYieldsANumberThatIsNone) {
  Random random(7);
  CostModel model;
  double t = 0;
  for (int i = 0; i < 20000; ++i) {
    Load load;
    for (auto* field : {&load.cpu_utilization, &load.mem_utilization, &load.application_utilization,
                        &load.rps, &load.eps, &load.sps, &load.cpus, &load.run_queue,
                        &load.blocked_processes, &load.swap_out_rate, &load.connections,
                        &load.memory_available_bytes, &load.memory_total_bytes}) {
      *field = AnyNumber(random);
    }
    const fleet::NodeIndex node = random.Below(5);
    t += random.Below(3) == 0 ? 0 : random.Unit() * (random.Below(50) == 0 ? 1000 : 1);
    model.OnReport(node, load, At(t - random.Unit()), FromSeconds(random.Unit() * 100),
                   FromSeconds(0.1 + random.Unit() * 60));
    model.AddAnswers(random.Below(5), random.Below(100000), At(t));
    const CostFigures figures = model.Predict(node, At(t + random.Unit() * 100), 10);
    ASSERT_TRUE(std::isfinite(figures.sessions) && figures.sessions >= 0) << i;
    ASSERT_TRUE(std::isfinite(figures.load_per_session) && figures.load_per_session > 0) << i;
    ASSERT_TRUE(std::isfinite(figures.background)) << i;
    const float cost = CostOf(figures, figures.sessions);
    ASSERT_TRUE(std::isfinite(cost) && cost > 0) << i;
    ASSERT_LE(model.delay_tables().size(), 1400U);
  }
}

}  // namespace
}  // namespace dnsd::policy
