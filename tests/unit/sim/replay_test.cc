#include "tools/dnsd-sim/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/zone_text.h"
#include "tools/dnsd-sim/demand.h"
#include "tools/dnsd-sim/scenario_file.h"

namespace dnsd::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ReplayTest : public ::testing::Test {
 protected:
  absl::StatusOr<History> Load(const std::string& text) {
    return LoadHistory(folder_.Write("h.csv", text));
  }
  std::string Faults(const std::string& text) {
    const auto history = Load(text);
    return history.ok() ? "none" : Message(history.status());
  }
  zone::ZoneFolder folder_;
};

TEST_F(ReplayTest, ReadsColumnsInAnyOrderAndLeavesOthersAlone) {
  const auto history = Load(
      "# recorded by hand\n"
      "cpu,remark,node,time,sps,cpus\r\n"
      "0.5,\"x\",a,100,3,4\r\n"
      "0.25, ,b,101.5,0,\r\n"
      "0.75,y,a,102,5,4\r\n");
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_DOUBLE_EQ(history->seconds, 2);
  ASSERT_THAT(history->nodes, SizeIs(2));
  EXPECT_EQ(history->nodes[0].name, "a");
  EXPECT_EQ(history->nodes[0].cpus, 4);
  ASSERT_THAT(history->nodes[0].reports, SizeIs(2));
  EXPECT_DOUBLE_EQ(history->nodes[0].reports[1].at, 2);
  EXPECT_DOUBLE_EQ(history->nodes[0].reports[1].cpu, 0.75);
  EXPECT_EQ(history->nodes[1].cpus, 1);
}

TEST_F(ReplayTest, TellsFileLineValueAndWhatWasWanted) {
  EXPECT_THAT(Faults("time,node,cpu\n"), HasSubstr("h.csv:1: found a header without 'sps'"));
  EXPECT_THAT(Faults("time,node,cpu,sps\n0,a,40,1\n"),
              HasSubstr("h.csv:2: found cpu '40', wanted a number from 0 to 1"));
  EXPECT_THAT(Faults("time,node,cpu,sps\n0,a,nan,1\n"), HasSubstr("found cpu 'nan'"));
  EXPECT_THAT(Faults("time,node,cpu,sps\n0,a\n"), HasSubstr("found cpu ''"));
  EXPECT_THAT(Faults("time,node,cpu,sps\n0,,1,1\n"), HasSubstr("found no node"));
  EXPECT_THAT(Faults("time,node,cpu,sps\n5,a,1,1\n4,a,1,1\n"),
              HasSubstr("h.csv:3: found time 4, wanted one not before"));
  EXPECT_THAT(Faults(""), HasSubstr("found no reports"));
  EXPECT_THAT(Message(LoadHistory(folder_.path("none.csv")).status()), HasSubstr("none.csv"));
}

// 2 CPUs: busy = 0.4 + 0.1 a session.
TEST(CostOfSession, TellsSessionsFromTheBackground) {
  const HistoryNode node{"a", 2, {{0, 0.7, 10, {}}, {1, 0.2, 0, {}}, {2, 0.45, 5, {}}}};
  EXPECT_NEAR(CostOfSession(node), 0.1, 1e-9);
}

TEST(CostOfSession, TakesAllForSessionsWhereTheyDoNotVary) {
  const HistoryNode node{"a", 2, {{0, 0.5, 10, {}}, {1, 0.5, 10, {}}}};
  EXPECT_NEAR(CostOfSession(node), 0.1, 1e-9);
}

TEST(CostOfSession, BelievesTheBackgroundReported) {
  const HistoryNode node{"a", 1, {{0, 0.5, 10, 0.3}, {1, 0.5, 10, 0.3}}};
  EXPECT_NEAR(CostOfSession(node), 0.02, 1e-9);
}

TEST_F(ReplayTest, MakesAScenarioOfAHistory) {
  std::string text = "time,node,cpus,cpu,sps,background\n";
  for (int t = 0; t <= 100; t += 10) {
    const std::string at = std::to_string(t);
    text += at + ",fast,2,0.5,10,0\n" + at + ",slow,1,0.7,2,0.5\n";
  }
  folder_.Write("h.csv", text);
  const auto read = LoadScenario(folder_.Write(
      "s.yaml", "warm_up: 20s\nsessions: {requests: 2}\nreplay: {file: h.csv, scale: 1.5}\n"));
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_THAT(read->nodes, SizeIs(2));
  EXPECT_NEAR(read->nodes[0].speed, 1, 1e-9);
  EXPECT_NEAR(read->nodes[1].speed, 1, 1e-9) << "0.2 CPUs for 2 sessions, 1 for 10";
  EXPECT_NEAR(read->sessions.mean_work(), 0.1, 1e-9);
  EXPECT_NEAR(read->nodes[1].background.mean, 0.5, 1e-9);
  EXPECT_DOUBLE_EQ(read->duration, 80);
  Demand demand(read->RateOf(read->cells().front()), read->demand);
  EXPECT_DOUBLE_EQ(demand.rate_at(50), 18);
}

TEST_F(ReplayTest, NeedsMoreThanTheWarmUp) {
  folder_.Write("h.csv", "time,node,cpu,sps\n0,a,0.5,1\n50,a,0.5,1\n");
  const auto read = LoadScenario(folder_.Write("s.yaml", "replay: {file: h.csv}\n"));
  EXPECT_THAT(Message(read.status()), HasSubstr("shorter than 'warm_up'"));
}

}  // namespace
}  // namespace dnsd::sim
