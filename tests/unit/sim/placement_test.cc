// The parts of the simulation of placement, and small clusters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tools/dnsd-sim/placement_cluster.h"
#include "tools/dnsd-sim/placement_copies.h"
#include "tools/dnsd-sim/placement_file.h"
#include "tools/dnsd-sim/placement_split.h"
#include "tools/dnsd-sim/placement_table.h"

namespace dnsd::sim {
namespace {

using policy::PlacementState;
using policy::ReplicaPhase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Storage = policy::PlacementRules::Storage;

TEST(SplitDemand, MakesNodesEquallyBusy) {
  PlacementState state{.nodes = {{.cpus = 1}, {.cpus = 3}, {.cpus = 1, .serves = false}},
                       .sites = {{.replicas = {{.node = 0}, {.node = 1}, {.node = 2}}}}};
  EXPECT_EQ(SplitDemand(state, {2}, {0, 0, 0}), 0);
  EXPECT_DOUBLE_EQ(state.nodes[0].load, 0.5);
  EXPECT_DOUBLE_EQ(state.nodes[1].load, 0.5);
  EXPECT_EQ(state.nodes[2].load, 0);
  SplitDemand(state, {2}, {0.9, 0, 0});  // a copy takes what it was given
  EXPECT_NEAR(state.nodes[0].load, 0.9, 1e-9);
  EXPECT_NEAR(state.nodes[1].load, 2.0 / 3, 1e-9);
}

TEST(SplitDemand, TellsWhatNobodyAnswers) {
  PlacementState state{.nodes = {{}},
                       .sites = {{.replicas = {{.node = 0, .phase = ReplicaPhase::kComing}}}, {}}};
  EXPECT_EQ(SplitDemand(state, {2, 3}, {0}), 5);
}

// Seconds until copies of 1,000 octets to nodes 1, 2, ... are whole, at 100 octets a second.
double SecondsOf(std::size_t count, bool chain) {
  PlacementState state{.nodes = std::vector<policy::PlacementNode>(count + 1),
                       .sites = {{.replicas = {{.node = 0}}}}};
  SiteCopies copies;
  for (auto& node : state.nodes) node.bandwidth = 100;
  for (std::uint32_t i = 1; i <= count; ++i) {
    copies.Add({.node = i, .sources = {chain ? i - 1 : 0}, .starts = 1, .bytes = 1000});
  }
  double now = 0;
  std::vector<SiteCopy> broken;
  for (; copies.size() > 0 && now < 1000; now += 0.5) {
    for (const SiteCopy& copy : copies.Advance(state, now, 0.5, broken)) {
      state.sites[0].replicas.push_back({.node = copy.node});
    }
  }
  EXPECT_THAT(broken, SizeIs(0));
  return now;
}

TEST(SiteCopies, TakeAsLongInAChainAsOneAlone) {
  EXPECT_DOUBLE_EQ(SecondsOf(1, true), 11);
  EXPECT_DOUBLE_EQ(SecondsOf(8, true), 11);
  EXPECT_DOUBLE_EQ(SecondsOf(8, false), 81);
}

TEST(SiteCopies, FallBackOnTheNextSourceAndBreakWithoutOne) {
  PlacementState state{.nodes = std::vector<policy::PlacementNode>(3),
                       .sites = {{.replicas = {{.node = 0}, {.node = 1}}}}};
  SiteCopies copies;
  copies.Add({.node = 2, .sources = {0, 1}, .bytes = 1e9});
  std::vector<SiteCopy> broken;
  copies.Advance(state, 0, 1, broken);
  state.nodes[0].serves = false;
  copies.Advance(state, 1, 1, broken);
  EXPECT_THAT(copies, SizeIs(1));
  std::vector<double> cpus(3);
  copies.AddCpus(8, cpus);  // 0.125 GB in the last second, from the other now
  EXPECT_THAT(cpus, ElementsAre(0, ::testing::DoubleEq(1), ::testing::DoubleEq(1)));
  state.nodes[1].serves = false;
  copies.Advance(state, 2, 1, broken);
  EXPECT_THAT(broken, SizeIs(1));
}

TEST(PlacementDemand, HasCrowdsThatComeAndGo) {
  PlacementScenario scenario;
  scenario.nodes.resize(10);
  scenario.sites = 10;
  scenario.zipf = 0;
  scenario.load = 0.5;  // 0.5 CPUs each
  const PlacementDemand demand(scenario,
                               {{.at = 100, .rise = 10, .lasts = 60, .site = 3, .factor = 5}});
  const auto at = [&](double time, bool told) {
    std::vector<double> all;
    demand.At(time, told, all);
    EXPECT_DOUBLE_EQ(all[2], 0.5);
    return all[3];
  };
  EXPECT_DOUBLE_EQ(at(99, true), 0.5);
  EXPECT_DOUBLE_EQ(at(105, false), 1.5);
  EXPECT_DOUBLE_EQ(at(105, true), 2.5);
  EXPECT_DOUBLE_EQ(at(120, false), 2.5);
  EXPECT_DOUBLE_EQ(at(155, false), 1.5);
  EXPECT_DOUBLE_EQ(at(160, false), 0.5);
}

// Eight nodes of one CPU, 20 sites; the first is asked for ten times as much.
PlacementScenario Small() {
  PlacementScenario scenario;
  scenario.nodes.resize(8);
  scenario.sites = 20;
  scenario.load = 0.3;
  scenario.duration = 200;
  scenario.step = 0.5;
  scenario.crowds = {{.at = 20, .rise = 5, .lasts = 150, .site = 2, .factor = 10}};
  return scenario;
}

PlacementTally Simulate(const PlacementScenario& scenario, const PlacementMethod& method,
                        double room = -1) {
  return PlacementCluster(scenario, method, room).Run();
}

TEST(PlacementCluster, AbsorbsACrowdByPlacementOnly) {
  const PlacementTally none =
      Simulate(Small(), {.name = "", .kind = PlacementMethod::Kind::kStatic});
  EXPECT_LT(none.absorbed, 0);
  EXPECT_EQ(none.copies, 0U);
  const PlacementTally jump = Simulate(Small(), {});
  EXPECT_GT(jump.absorbed, 0);
  EXPECT_LT(jump.absorbed, 40);
  EXPECT_GT(jump.copies, 0U);
  EXPECT_EQ(jump.drops, 0U);
  EXPECT_LT(jump.unserved, 0.3 * none.unserved);
  const PlacementTally all =
      Simulate(Small(), {.name = "", .kind = PlacementMethod::Kind::kEverywhere});
  EXPECT_EQ(all.unserved, 0);
}

TEST(PlacementCluster, IsTheSameAgain) {
  const PlacementTally one = Simulate(Small(), {}), other = Simulate(Small(), {});
  EXPECT_EQ(one.unserved, other.unserved);
  EXPECT_EQ(one.copies, other.copies);
}

TEST(PlacementCluster, MakesElsewhereWhatADeadOrDrainedNodeHad) {
  PlacementScenario scenario = Small();
  scenario.crowds.clear();
  scenario.outages = {{.at = 20, .node = 3}};
  EXPECT_EQ(Simulate(scenario, {.name = "", .kind = PlacementMethod::Kind::kStatic}).copies, 0U);
  const std::uint64_t dead = Simulate(scenario, {}).copies;
  EXPECT_EQ(dead, 6U) << "of 40 replicas on eight nodes";
  scenario.outages[0].drained = true;
  EXPECT_EQ(Simulate(scenario, {}).copies, dead);
  scenario.outages[0].drained = false;
  scenario.outages[0].lasts = 30;  // within the grace
  EXPECT_EQ(Simulate(scenario, {}).copies, 0U);
}

TEST(PlacementCluster, EvictsWhereSizesAreNotKnown) {
  PlacementScenario scenario = Small();
  scenario.duration = 1500;
  scenario.crowds.clear();
  for (std::uint32_t i = 0; i < 14; ++i) {
    scenario.crowds.push_back(
        {.at = 20 + 100.0 * i, .rise = 5, .lasts = 90, .site = i % 7, .factor = 8});
  }
  const auto with = [&](Storage storage, bool bars) {
    PlacementMethod method;
    method.bars = bars;
    method.rules.storage = storage;
    return Simulate(scenario, method, 0.05);  // room for one site
  };
  const PlacementTally naive = with(Storage::kNaive, true);
  EXPECT_GT(naive.evictions, 0U);
  EXPECT_EQ(naive.thrashed, 0U) << "barred for the hold";
  EXPECT_GT(with(Storage::kNaive, false).thrashed, 0U);
  const PlacementTally aware = with(Storage::kResourceAware, true);
  EXPECT_EQ(aware.evictions, 0U);
  EXPECT_EQ(aware.broken, 0U);
}

std::string Write(const std::string& text) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "placement_test.yaml";
  std::ofstream(path) << text;
  return path.string();
}

TEST(LoadPlacement, ReadsNodesSitesAndMethods) {
  const std::string path = Write(
      "nodes: [{count: 3, cpus: 2, groups: 2, bandwidth_mb: 10}]\n"
      "sites: {count: 7, mb: 5, replicas: 1}\n"
      "events: [{at: 5s, site: 2, factor: 9}, {at: 6s, node: 3, drained: true}]\n"
      "methods: [{name: x, copy: star, period: 7s}]\n");
  ASSERT_TRUE(IsPlacementScenario(path));
  const auto scenario = LoadPlacement(path);
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_EQ(scenario->nodes[2].group, 1U);
  EXPECT_EQ(scenario->nodes[2].bandwidth, 1e7);
  EXPECT_EQ(scenario->bytes.mean, 5e6);
  EXPECT_EQ(scenario->crowds[0].site, 1U);
  EXPECT_TRUE(scenario->outages[0].drained);
  EXPECT_EQ(scenario->methods[0].rules.period, std::chrono::seconds(7));
}

TEST(LoadPlacement, TellsWhatIsWrong) {
  const auto scenario = LoadPlacement(Write(
      "sites: {count: 0, replicas: 3}\nnodes: [{count: 2}]\nmethods: [{name: x, copy: ring}]\n"));
  ASSERT_FALSE(scenario.ok());
  const std::string message = Message(scenario.status());
  EXPECT_THAT(message, HasSubstr(":1: key 'count': found '0'"));
  EXPECT_THAT(message, HasSubstr("found 3, wanted 2 at most, as there are nodes"));
  EXPECT_THAT(message, HasSubstr("found 'ring', wanted one of chain, tree, star"));
  EXPECT_FALSE(IsPlacementScenario(Write("nodes: [{count: 2}]\n")));
}

TEST(PlacementTable, HasALineForEachRun) {
  PlacementScenario scenario = Small();
  scenario.rooms = {0.1, 0.5};
  scenario.methods = {{.name = "nothing", .kind = PlacementMethod::Kind::kStatic},
                      {.name = "all", .kind = PlacementMethod::Kind::kEverywhere},
                      {.name = "jump"}};
  const auto runs = RunPlacement(scenario, 2);
  ASSERT_THAT(runs, SizeIs(6));
  const std::string table = PlacementTable(scenario, runs, false);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 8);
  EXPECT_THAT(table, HasSubstr("\njump     "));
  EXPECT_EQ(table.find("mean ms"), std::string::npos);
  EXPECT_NE(PlacementTable(scenario, runs, true).find("mean ms"), std::string::npos);
}

}  // namespace
}  // namespace dnsd::sim
