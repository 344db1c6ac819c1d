// Whole runs, with dnsd's own code deciding.
#include "tools/dnsd-sim/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "tools/dnsd-sim/experiment.h"
#include "tools/dnsd-sim/scenario_file.h"
#include "tools/dnsd-sim/table.h"

namespace dnsd::sim {
namespace {

class SimulationTest : public ::testing::Test {
 protected:
  SimulationTest() {
    spdlog::set_level(spdlog::level::off);
    scenario_.name = "test";
    scenario_.warm_up = 20;
    scenario_.duration = 60;
    scenario_.nodes = {{.cpus = 1}, {.cpus = 2}, {.cpus = 4}};
  }
  Result Run(const std::string& policy, std::uint64_t seed = 1) {
    const auto spec = PolicyNamed(policy);
    EXPECT_TRUE(spec.ok()) << spec.status();
    const auto result = RunOne(scenario_, cell_, *spec, seed);
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }

  Scenario scenario_;
  Cell cell_{.utilisation = 0.6, .dnsd = 1, .interval = 1};
};

TEST_F(SimulationTest, GivesTheSameToTheBitForTheSameSeed) {
  cell_.dnsd = 3;
  scenario_.reports.loss = 0.1;
  scenario_.nodes[1].background = {BackgroundKind::kWandering, 0.3, 0.1, 10};
  scenario_.resolvers.keeps = {{5, 0.5}};
  EXPECT_EQ(Run("least_cost"), Run("least_cost"));
  EXPECT_NE(Run("least_cost"), Run("least_cost", 2));
}

TEST_F(SimulationTest, SendsEveryPolicyTheSameSessions) {
  const Result a = Run("least_cost");
  const Result b = Run("round_robin");
  EXPECT_EQ(a.sessions, b.sessions);
  EXPECT_EQ(a.queries, b.queries);
  EXPECT_EQ(Run("splitter").sessions, a.sessions);
}

TEST_F(SimulationTest, AsksAsMuchWorkAsTheUtilisationSays) {
  scenario_.duration = 300;
  const Result result = Run("least_cost");
  const double busy = result.utilisation[0] + 2 * result.utilisation[1] + 4 * result.utilisation[2];
  EXPECT_NEAR(busy / 7, 0.6, 0.03);
  EXPECT_EQ(result.lost, 0U);
}

// One node, one request a session, so M/M/1-PS: 1 / (1 - 0.5) times the work.
TEST_F(SimulationTest, MeetsTheClosedFormWithOneNode) {
  scenario_.nodes = {{.cpus = 1}};
  scenario_.duration = 4000;
  scenario_.sessions.requests = 1;
  scenario_.sessions.work.mean = 0.05;
  cell_.utilisation = 0.5;
  EXPECT_NEAR(Run("least_cost").mean, 0.1, 0.003);
}

TEST_F(SimulationTest, ShowsThatLoadDecidesOnUnequalNodes) {
  const double limit = Run("limit").mean;
  EXPECT_LT(Run("least_cost").mean, 2 * limit);
  EXPECT_GT(Run("round_robin").mean, 5 * limit) << "the node of one CPU has more than it can do";
  EXPECT_LT(Run("splitter").mean, limit);
}

TEST_F(SimulationTest, KnowsLessByCountingSessionsThanByTheirRequests) {
  scenario_.duration = 300;
  const double limit = Run("limit").mean;
  EXPECT_GT(Run("counts").mean, limit);
  EXPECT_LT(Run("counts").mean, 1.5 * limit);
}

TEST_F(SimulationTest, GivesTrueWeightsToWhoeverAsksForThem) {
  auto told = PolicyNamed("weighted");
  ASSERT_TRUE(told.ok());
  told->true_weights = true;
  const auto result = RunOne(scenario_, cell_, *told, 1);
  ASSERT_TRUE(result.ok());
  EXPECT_LT(result->imbalance, 1.15);
  EXPECT_GT(Run("weighted").imbalance, 1.4) << "all weigh 1";
}

TEST_F(SimulationTest, BreaksFewSessionsAtANodeThatFailsFast) {
  scenario_.nodes = {{.cpus = 2}, {.cpus = 2}, {.cpus = 2}, {.cpus = 2}};
  scenario_.events = {
      {.at = 25, .lasts = 50, .node = 2, .kind = NodeEvent::Kind::kErrors, .value = 0.9}};
  // The limit's were there when it began to fail; a fair share of the rest is 12 s.
  EXPECT_LT(Run("least_cost").broken_seconds, Run("limit").broken_seconds + 2.5);
}

TEST_F(SimulationTest, AsksLessWhereResolversKeepAnswers) {
  const std::uint64_t all = Run("least_cost").queries;
  scenario_.resolvers.keeps = {{30, 1}};
  const Result kept = Run("least_cost");
  EXPECT_LT(kept.queries, all / 2);
  EXPECT_NEAR(static_cast<double>(kept.sessions), static_cast<double>(all), 1);
}

TEST_F(SimulationTest, LosesFewSessionsToANodeThatDies) {
  scenario_.events = {{.at = 40, .lasts = 20, .node = 2, .kind = NodeEvent::Kind::kDead}};
  cell_.utilisation = 0.3;
  const Result result = Run("least_cost");
  EXPECT_GT(result.lost, 0U);
  EXPECT_LT(result.lost_seconds, 3) << "suspect after 1.5 s";
  EXPECT_GT(Run("round_robin").lost, 0U);
}

TEST_F(SimulationTest, TakesTheNodeBackThatWasDead) {
  scenario_.warm_up = 60;
  scenario_.events = {{.at = 5, .lasts = 10, .node = 2, .kind = NodeEvent::Kind::kDead}};
  cell_.utilisation = 0.3;
  const Result result = Run("least_cost");
  EXPECT_EQ(result.lost, 0U);
  EXPECT_GT(result.utilisation[2], 0.1);
}

TEST_F(SimulationTest, SlowsANodeDownFourfold) {
  const double before = Run("limit").mean;
  scenario_.events = {{.at = 0, .node = 2, .kind = NodeEvent::Kind::kSlow, .value = 4}};
  cell_.utilisation = 0.3;
  EXPECT_GT(Run("limit").mean, before);
  EXPECT_LT(Run("least_cost").mean, 10 * before);
}

TEST_F(SimulationTest, DoesNotDependOnHowManyRunsGoAtATime) {
  scenario_.repetitions = 2;
  scenario_.utilisations = {0.3, 0.6};
  scenario_.policies = {*PolicyNamed("round_robin"), *PolicyNamed("least_cost")};
  const auto one = RunAll(scenario_, 1);
  const auto three = RunAll(scenario_, 3);
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(Csv({scenario_}, {*one}), Csv({scenario_}, {*three}));
  EXPECT_EQ(Table("t", {&*one}), Table("t", {&*three}));
  EXPECT_EQ(one->policies.front().name, "limit");
}

TEST_F(SimulationTest, FindsTheUtilisationThatAPolicySustains) {
  scenario_.find = FindSpec{.slowdown99 = 8};
  const auto limit = FindHighest(scenario_, cell_, *PolicyNamed("limit"), 1);
  const auto plain = FindHighest(scenario_, cell_, *PolicyNamed("round_robin"), 1);
  ASSERT_TRUE(limit.ok() && plain.ok());
  EXPECT_GT(*limit, 0.5);
  EXPECT_LT(*plain, 0.5) << "3/7 fill the smallest";
}

// Two equal nodes, two clients without a pause: the one that asks finds the other's node busy.
TEST_F(SimulationTest, KeepsSoManyClientsBusyInAClosedLoop) {
  scenario_.nodes = {{.cpus = 1}, {.cpus = 1}};
  scenario_.sessions.arrivals = SessionSpec::Arrivals::kClosed;
  scenario_.sessions.clients = 2;
  scenario_.sessions.requests = 1;
  scenario_.sessions.work = {Shape::kConstant, 0.5, 0};
  EXPECT_NEAR(Run("limit").served, 4, 0.1);
  EXPECT_LE(Run("least_cost").served, 4.1);
}

TEST_F(SimulationTest, SpacesRegularSessionsEvenly) {
  scenario_.nodes = {{.cpus = 1}};
  scenario_.sessions.arrivals = SessionSpec::Arrivals::kRegular;
  scenario_.sessions.requests = 1;
  scenario_.sessions.work = {Shape::kConstant, 0.5, 0};
  cell_.utilisation = 0.99;
  EXPECT_NEAR(Run("least_cost").p99, 0.5, 0.02) << "none waits";
}

}  // namespace
}  // namespace dnsd::sim
