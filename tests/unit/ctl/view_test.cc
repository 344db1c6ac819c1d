#include "ctl/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dnsd::ctl {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const Json kStatus = Json::parse(R"({
  "version": "0.1.0", "uptime_seconds": 93784.5, "workers": 2,
  "zones": [{"apex": "lb.example.", "serial": 7, "records": 9, "sites": 2}],
  "queries": {"udp": 12, "tcp": 3, "dropped": 0, "site_answers": 8, "fail_open": 1},
  "reload": {"last": "2026-01-01T00:00:00Z", "successful": true, "restart_needed_for": []},
  "fleet": {"heartbeats": 40, "streams": 2, "state_store_error": ""},
  "nodes": [
    {"name": "web1", "state": "alive", "reason": "reports in time", "addresses": ["192.0.2.1"],
     "answers": 3, "cost": 0.0525, "heartbeat_age_seconds": 0.25, "order": null,
     "load": {"cpu_utilization": 0.5, "connections": 12}},
    {"name": "db1", "state": "draining", "reason": "an operator said so", "addresses": [],
     "answers": 1, "cost": 1, "heartbeat_age_seconds": null,
     "order": {"kind": "drain", "reason": "new disk", "until": "2026-01-01T01:00:00Z"},
     "load": {}},
    {"name": "web2", "state": "dead", "reason": "no heartbeat in time", "addresses": [],
     "answers": 0, "cost": 1, "load": {}}]
})");

std::vector<std::string> NamesOf(const Json& nodes) {
  std::vector<std::string> names;
  for (const Json& node : nodes) names.push_back(node["name"]);
  return names;
}

TEST(View, NodesAreListedWorstFirstWithTheirLoadsAndShares) {
  EXPECT_EQ(
      NodesText(kStatus["nodes"], 0),
      "NODE  STATE     CPU %  MEM %  CONNS    COST  ANSWERS %  HEARD  ADDRESSES  REMARK\n"
      "web2  dead          -      -      -       1        0.0      -             no heartbeat "
      "in time\n"
      "db1   draining      -      -      -       1       25.0      -             drain: new "
      "disk, until 2026-01-01T01:00:00Z\n"
      "web1  alive        50      -     12  0.0525       75.0   0.2s  192.0.2.1\n");
}

TEST(View, LinesAreCutToTheTerminal) { EXPECT_EQ(NodesText(Json::array(), 10), "NODE  STAT\n"); }

TEST(View, PatternsPickNodes) {
  EXPECT_THAT(NamesOf(NodesOf(kStatus, {})), ::testing::ElementsAre("web1", "db1", "web2"));
  EXPECT_THAT(NamesOf(NodesOf(kStatus, {"web*"})), ::testing::ElementsAre("web1", "web2"));
  EXPECT_THAT(NamesOf(NodesOf(kStatus, {"db?", "web1"})), ::testing::ElementsAre("web1", "db1"));
  EXPECT_TRUE(NodesOf(kStatus, {"nobody"}).empty());
}

TEST(View, AnEventIsALineAndWhatFollowsIsIndented) {
  EXPECT_EQ(EventText({{"time", "2026-03-01T12:00:00.250Z"},
                       {"gravity", "warning"},
                       {"node", "web1\x1b"},
                       {"site", nullptr},
                       {"text", "alive -> dead: silent"}}),
            "2026-03-01T12:00:00.250Z warning node web1? alive -> dead: silent\n");
  EXPECT_EQ(EventText({{"time", "T"}, {"gravity", "info"}, {"text", "one\ntwo"}}),
            "T one\n  two\n");
}

TEST(View, TheStatusIsSaidInAFewLines) {
  const std::string text = StatusText(kStatus);
  EXPECT_THAT(text, HasSubstr("dnsd            0.1.0, up 1d 2h, 2 workers\n"));
  EXPECT_THAT(text, HasSubstr("zones           1, 2 sites\n"));
  EXPECT_THAT(text, HasSubstr("nodes           1 dead, 1 draining, 1 alive\n"));
  EXPECT_THAT(text, HasSubstr("queries         12 UDP, 3 TCP, 0 dropped\n"));
  EXPECT_THAT(text, HasSubstr("last reload     2026-01-01T00:00:00Z, well\n"));
  EXPECT_THAT(text, Not(HasSubstr("state store")));
}

TEST(View, FailuresAreSaid) {
  Json status = kStatus;
  status["reload"]["successful"] = false;
  status["reload"]["error"] = "dnsd.yaml:3: no such key\ndnsd.yaml:9: nor this";
  status["fleet"]["state_store_error"] = "disk full";
  EXPECT_THAT(StatusText(status), HasSubstr("FAILED:\n"));
  EXPECT_THAT(StatusText(status), HasSubstr("dnsd.yaml:3: no such key\ndnsd.yaml:9: nor this\n"));
  EXPECT_THAT(StatusText(status), HasSubstr("state store     FAILED: disk full\n"));
}

TEST(View, WhatALaterOrOlderDnsdLeavesOutIsNoFault) {
  EXPECT_THAT(StatusText(Json::object()), HasSubstr("nodes           none\n"));
  EXPECT_EQ(ZonesText(Json::object()), "ZONE  SERIAL  RECORDS  SITES\n");
  EXPECT_THAT(NodesText(Json::parse(R"([{"name": "a"}])"), 0), HasSubstr("a     -"));
}

TEST(View, WhatCouldCommandATerminalIsReplacedInEachLine) {
  EXPECT_EQ(PrintableLines("a\x1b[2Jb\n\u009b2J\u00e9"), "a?[2Jb\n?2J\u00e9");
}

}  // namespace
}  // namespace dnsd::ctl
