#include "tools/dnsd-sim/scenario_file.h"
#include "tools/dnsd-sim/placement_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/zone_text.h"

namespace dnsd::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ScenarioFileTest : public ::testing::Test {
 protected:
  absl::StatusOr<Scenario> Load(const std::string& text) {
    return LoadScenario(folder_.Write("s.yaml", text));
  }
  std::string Faults(const std::string& text) {
    const auto scenario = Load(text);
    return scenario.ok() ? "none" : Message(scenario.status());
  }
  zone::ZoneFolder folder_;
};

TEST_F(ScenarioFileTest, ReadsEveryKey) {
  const auto read = Load(R"(
name: all of it
warm_up: 10s
duration: 2m
repetitions: 5
seed: 9
utilisation: [0.4, 0.9]
rate: 12.5
nodes:
  - {count: 2, cpus: 4, speed: 1.5, memory_mb: 100}
  - background: {kind: steps, mean: 0.3, spread: 0.2, period: 5s}
events:
  - {at: 30s, for: 20s, node: 3, slow: 4}
  - {at: 40s, node: 1, dead: true}
demand:
  - {at: 20s, factor: 2}
sessions:
  requests: 3
  work: {mean: 20ms, shape: lognormal, deviation: 2}
  think: {mean: 0s, shape: constant}
  keep_alive: 15s
  memory_mb: 2
resolvers: {count: 50, zipf: 0.8, keep: [{for: 30s, share: 0.25}]}
dnsd: {count: 2, shares: [3, 1], workers: 2}
reports: {interval: [500ms, 1s], loss: 0.01, delay: 5ms, early: 0.2}
policies:
  - {name: rr, policy: round_robin}
  - {name: two, answers: 2, suspect_after: 2}
  - {name: best, ideal: splitter}
  - {name: counts, ideal: counts}
  - {name: told, policy: weighted, true_weights: true}
)");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name, "all of it");
  EXPECT_EQ(read->warm_up, 10);
  EXPECT_EQ(read->duration, 120);
  EXPECT_EQ(read->repetitions, 5U);
  EXPECT_EQ(read->seed, 9U);
  ASSERT_THAT(read->nodes, SizeIs(3));
  EXPECT_EQ(read->nodes[1].speed, 1.5);
  EXPECT_EQ(read->nodes[1].memory, 1e8);
  EXPECT_EQ(read->nodes[2].background.kind, BackgroundKind::kSteps);
  EXPECT_DOUBLE_EQ(read->capacity(), 12.7);
  ASSERT_THAT(read->events, SizeIs(2));
  EXPECT_EQ(read->events[0].node, 2U);
  EXPECT_EQ(read->events[0].kind, NodeEvent::Kind::kSlow);
  EXPECT_EQ(read->events[1].kind, NodeEvent::Kind::kDead);
  EXPECT_EQ(read->sessions.work.shape, Shape::kLognormal);
  EXPECT_DOUBLE_EQ(read->sessions.mean_work(), 0.06);
  EXPECT_EQ(read->resolvers.keeps[0].seconds, 30);
  EXPECT_THAT(read->dnsd.shares, ElementsAre(3, 1));
  EXPECT_THAT(read->intervals, ElementsAre(0.5, 1));
  EXPECT_THAT(read->cells(), SizeIs(4));
  EXPECT_EQ(read->RateOf({}), 12.5);
  ASSERT_THAT(read->policies, SizeIs(5));
  EXPECT_EQ(read->policies[1].config->site_defaults.answers, 2);
  EXPECT_EQ(read->policies[1].config->heartbeat.suspect_after, 2);
  EXPECT_EQ(read->policies[2].kind, PolicySpec::Kind::kSplitter);
  EXPECT_EQ(read->policies[3].kind, PolicySpec::Kind::kCounts);
  EXPECT_FALSE(read->policies[1].true_weights);
  EXPECT_TRUE(read->policies[4].true_weights);
}

TEST_F(ScenarioFileTest, ReckonsTheRateFromTheUtilisation) {
  const auto read = Load(
      "nodes: [{cpus: 10}, {cpus: 2, background: {mean: 0.5}}]\n"
      "sessions: {requests: 2, work: {mean: 100ms}}\n");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_DOUBLE_EQ(read->RateOf({.utilisation = 0.5}), 0.5 * 11 / 0.2);
}

TEST_F(ScenarioFileTest, TellsFileLineValueAndWhatWasWanted) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"nodes: [{cpu: 4}]\n", "s.yaml:1: "},
      {"nodes: [{cpus: 0}]\n", "'cpus': found '0', wanted"},
      {"nodes: [{}]\nutilisation: [0.5, much]\n", "s.yaml:2: key 'utilisation': found 'much'"},
      {"nodes: [{}]\nduration: 5\n", "s.yaml:2: key 'duration': found '5', wanted a duration"},
      {"nodes: [{}]\nevents: [{at: 1s, node: 2, slow: 2}]\n", "'node': found '2'"},
      {"nodes: [{}]\nevents:\n  - {at: 1s, node: 1}\n", "s.yaml:3: an event has one of 'slow'"},
      {"nodes: [{}]\ndnsd: {count: 2, shares: [1]}\n", "as many numbers as 'count' says: 2"},
      {"nodes: [{}]\ndnsd: {count: 1.5}\n", "wanted whole numbers from 1 to 64"},
      {"nodes: [{}]\nresolvers: {keep: [{for: 5s, share: 0.6}, {for: 9s, share: 0.6}]}\n",
       "shares whose sum is at most 1"},
      {"nodes: [{}]\nreports: {interval: 10ms}\n", "'interval': found '10ms'"},
      {"nodes: [{}]\npolicies: [{name: a, policy: best}]\n", "'policy': found 'best'"},
      {"nodes: [{}]\npolicies: [{name: a}, {name: a}]\n", "a name that no policy above has"},
      {"nodes: [{}]\nsessions: {work: {mean: 0s}}\n", "a mean above 0"},
      {"nodes: [{}]\nsessions: {clients: 4}\n", "'arrivals: closed' and 'clients' go together"},
      {"nodes: [{}]\nfind: {from: 0.2}\n", "nothing to find"},
      {"duration: 5s\n", "no nodes: wanted 'nodes'"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_THAT(Faults(c.text), HasSubstr(c.want));
  }
}

TEST_F(ScenarioFileTest, RefusesAPolicyThatDnsdDoesNotHave) {
  EXPECT_TRUE(PolicyNamed("round_robin").ok());
  EXPECT_TRUE(PolicyNamed("limit").ok());
  EXPECT_THAT(Message(PolicyNamed("best").status()), HasSubstr("found 'best', wanted one of"));
}

TEST_F(ScenarioFileTest, ReadsTheScenariosThatComeWithIt) {
  std::size_t count = 0;
  const std::string path = std::string(DNSD_SOURCE_DIR) + "/tools/dnsd-sim/scenarios";
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() != ".yaml") continue;
    SCOPED_TRACE(entry.path());
    if (entry.path().stem() == "policies") {
      EXPECT_TRUE(LoadPolicies(entry.path()).ok()) << LoadPolicies(entry.path()).status();
    } else if (IsPlacementScenario(entry.path())) {
      EXPECT_TRUE(LoadPlacement(entry.path()).ok()) << LoadPlacement(entry.path()).status();
    } else {
      EXPECT_TRUE(LoadScenario(entry.path()).ok()) << LoadScenario(entry.path()).status();
    }
    ++count;
  }
  EXPECT_GT(count, 0U);
}

}  // namespace
}  // namespace dnsd::sim
