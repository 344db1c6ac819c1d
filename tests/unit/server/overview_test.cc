#include "dnsd/server/overview.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "dnsd/fleet/hosting_builder.h"
#include "dnsd/server/load_served.h"
#include "tests/unit/zone_text.h"

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

// Two members a site; the first is reported by web0.
std::string ZoneText(int sites) {
  std::string text =
      "$ORIGIN lb.example.\n@ 3600 SOA ns1 h 7 3600 600 86400 5\n@ 3600 NS ns1\n"
      "ns1 3600 A 192.0.2.53\n";
  for (int i = 0; i < sites; ++i) {
    const std::string name = "s" + std::to_string(i);
    text += name + " 0 A 192.0.2.1\n" + name + " 0 A 192.0.2.2\n";
  }
  return text;
}

class OverviewTest : public testing::Test {
 protected:
  OverviewTest() : OverviewTest(3) {}
  explicit OverviewTest(int sites) {
    Config config;
    config.zones.push_back(
        {*wire::Name::Parse("lb.example"), folder_.Write("zone", ZoneText(sites)), "test"});
    auto loaded = LoadServed(config, addresses_);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    served_ = std::make_unique<Published<answer::Served>>(std::move(loaded->served));
    observed_.workers = {&worker_};
    observed_.fleet = [this] { return report_; };
    observed_.reload = [] { return ReloadStatus(); };
    observed_.served = served_.get();
  }

  void AddNode(const std::string& name, fleet::NodeState state, double cpu) {
    NodeStatus node;
    node.name = name;
    node.state = state;
    node.addresses = std::vector<IpAddress>(9, *IpAddress::Parse("192.0.2.1"));
    node.load.cpu_utilization = cpu;
    report_->nodes.push_back(node);
  }
  Json Snapshot(const OverviewFilter& filter = {}) {
    overview_.Renew();
    return Json::parse(overview_.Snapshot(filter, now_, WallTime()));
  }
  static std::vector<std::string> Names(const Json& rows) {
    std::vector<std::string> names;
    for (const Json& row : rows["shown"]) names.push_back(row["name"]);
    return names;
  }

  MonotonicTime now_ = MonotonicTime() + 1h;
  zone::ZoneFolder folder_;
  AddressTable addresses_;
  std::unique_ptr<Published<answer::Served>> served_;
  Published<answer::FleetView> fleet_{std::make_shared<const answer::FleetView>()};
  answer::WorkerStats worker_;
  std::shared_ptr<StatusReport> report_ = std::make_shared<StatusReport>();
  Observed observed_;
  Activity activity_{observed_, 50};
  Events events_{[] { return WallTime() + 1h; }};
  bool busy_ = false;
  bool at_once_ = true;
  std::vector<std::function<void()>> left_;  // what is not done at once
  Overview overview_{observed_, activity_, events_, fleet_, [this](std::function<void()> work) {
                       if (busy_) return false;
                       if (at_once_) {
                         work();
                       } else {
                         left_.push_back(std::move(work));
                       }
                       return true;
                     }};
};

TEST_F(OverviewTest, ShowsThoseInTroubleFirst) {
  AddNode("web1", fleet::NodeState::kAlive, 0.2);
  AddNode("web2", fleet::NodeState::kAlive, 0.9);
  AddNode("web3", fleet::NodeState::kDead, 0);
  const Json json = Snapshot();
  EXPECT_EQ(Names(json["nodes"]), (std::vector<std::string>{"web3", "web2", "web1"}));
  EXPECT_EQ(json["nodes"]["states"], Json({{"alive", 2}, {"dead", 1}}));
  EXPECT_EQ(json["nodes"]["shown"][1]["cpu"], 0.9);
  EXPECT_TRUE(json["nodes"]["shown"][0]["age_seconds"].is_null());
  EXPECT_EQ(json["nodes"]["shown"][0]["more_addresses"], 5);
  EXPECT_EQ(json["zones"]["sites"], 3);
}

TEST_F(OverviewTest, AFilterIsPartOfANameOrAPattern) {
  AddNode("Web1", fleet::NodeState::kAlive, 0);
  AddNode("db1", fleet::NodeState::kAlive, 0);
  EXPECT_EQ(Names(Snapshot({.nodes = "eb", .sites = {}})["nodes"]),
            std::vector<std::string>{"Web1"});
  EXPECT_EQ(Names(Snapshot({.nodes = "?b1", .sites = {}})["nodes"]),
            std::vector<std::string>{"db1"});
  EXPECT_EQ(Names(Snapshot({.nodes = {}, .sites = "s2*"})["sites"]),
            std::vector<std::string>{"s2.lb.example"});
  EXPECT_TRUE(Names(Snapshot({.nodes = {}, .sites = "2*"})["sites"]).empty());
  EXPECT_EQ(Snapshot({.nodes = "eb", .sites = {}})["nodes"]["matching"], 1);
}

TEST_F(OverviewTest, BusySitesComeFirstWithTheirRates) {
  activity_.Update(now_);
  const auto name = *wire::Name::Parse("s1.lb.example");
  const std::uint8_t address[] = {192, 0, 2, 2};
  for (int i = 0; i < 40; ++i) {
    worker_.site_answers.Add();
    answer::SiteTally::AddMember(*worker_.sites.Add(name.Hash(), name.wire(), 1), 1, address, 1);
  }
  activity_.Update(now_ + 1s);
  const Json site = Snapshot()["sites"]["shown"][0];
  EXPECT_EQ(site["name"], "s1.lb.example");
  EXPECT_EQ(site["answers"], 40);
  EXPECT_EQ(site["pool"], 2);
  EXPECT_EQ(site["members"][0]["answers"], 0);
  EXPECT_EQ(site["members"][1]["answers"], 40);
  EXPECT_EQ(site["members"][1]["rate"], site["rate"]);
}

TEST_F(OverviewTest, AListenerHearsNothingTwice) {
  events_.Add({.text = "dnsd serves"});
  activity_.Update(now_);
  activity_.Update(now_ + 1s);
  std::uint64_t point = 0;
  std::uint64_t event = 0;
  const std::string first = overview_.News({}, point, event);
  EXPECT_TRUE(first.starts_with("event: points\ndata: [{\"number\":1,")) << first;
  EXPECT_NE(first.find("\n\nevent: events\ndata: [{"), std::string::npos);
  EXPECT_TRUE(first.ends_with("}\n\n"));
  const std::string second = overview_.News({}, point, event);
  EXPECT_TRUE(second.starts_with("event: overview\ndata: {")) << second.substr(0, 80);
  activity_.Update(now_ + 2s);
  EXPECT_TRUE(overview_.News({}, point, event).starts_with("event: points\ndata: [{\"number\":2,"));
}

TEST_F(OverviewTest, AllWhoAskTheSameHearTheSameUntilItIsRenewed) {
  const std::string first = overview_.Snapshot({}, now_, WallTime());
  worker_.queries[0].Add(5);
  EXPECT_EQ(overview_.Snapshot({}, now_, WallTime()), first);
  overview_.Renew();
  EXPECT_NE(overview_.Snapshot({}, now_, WallTime()), first);
}

TEST_F(OverviewTest, NamesThatAreNotUtf8AreMended) {
  AddNode("web\xFF\"<b>", fleet::NodeState::kAlive, 0.5);
  EXPECT_EQ(Names(Snapshot()["nodes"])[0], "web\xEF\xBF\xBD\"<b>");
}

TEST_F(OverviewTest, AFilterLongerThanANameIsRefused) {
  EXPECT_TRUE(FilterOf({{"nodes", std::string(255, 'x')}}));
  EXPECT_FALSE(FilterOf({{"nodes", std::string(256, 'x')}}));
  EXPECT_EQ(FilterOf({{"sites", "WWW*"}})->sites, "www*");
  EXPECT_EQ(ListenTo(overview_, {{"sites", std::string(256, 'x')}}), nullptr);
}

TEST_F(OverviewTest, WhatADeadNodeReportedIsStale) {
  AddNode("alive", fleet::NodeState::kAlive, 0.2);
  AddNode("dead", fleet::NodeState::kDead, 0.2);
  AddNode("left", fleet::NodeState::kLeaving, 0.2);
  AddNode("drained and silent", fleet::NodeState::kDraining, 0.2);
  AddNode("never heard", fleet::NodeState::kUnknown, 0.2);
  for (NodeStatus& node : report_->nodes) {
    node.interval = 2s;
    node.heard = now_ - 20s;
  }
  report_->nodes[3].heard = now_ - 21s;
  report_->nodes[4].heard.reset();
  std::map<std::string, bool> stale;
  const Json json = Snapshot();
  for (const Json& node : json["nodes"]["shown"]) stale[node["name"]] = node["stale"];
  EXPECT_EQ(stale, (std::map<std::string, bool>{{"alive", false},
                                                {"dead", true},
                                                {"left", true},
                                                {"drained and silent", true},
                                                {"never heard", true}}));
}

TEST_F(OverviewTest, WhatFailedLongAgoIsNotOfLate) {
  worker_.fail_open.Add(7);
  worker_.panic.Add(8);
  activity_.Update(now_);
  worker_.fail_open.Add(3);
  worker_.panic.Add(4);
  activity_.Update(now_ + 1s);
  const Json totals = Snapshot()["totals"];
  EXPECT_EQ(totals["fail_open"], 10);
  EXPECT_EQ(totals["fail_open_lately"], 3);
  EXPECT_EQ(totals["panic"], 12);
  EXPECT_EQ(totals["panic_lately"], 4);
  for (int i = 2; i < 2 + static_cast<int>(Activity::kHistory); ++i) {
    activity_.Update(now_ + i * 1s);
  }
  EXPECT_EQ(Snapshot()["totals"]["fail_open_lately"], 0);
  EXPECT_EQ(Snapshot()["totals"]["fail_open"], 10);
}

// So many names that another thread searches them: what is shown does not wait for it.
class ManyOverviewTest : public OverviewTest {
 protected:
  ManyOverviewTest() : OverviewTest(10'000) {}
};

TEST_F(ManyOverviewTest, SitesAreShownOnceTheyAreFound) {
  at_once_ = false;
  EXPECT_EQ(Snapshot()["sites"],
            Json({{"more", false}, {"searching", true}, {"shown", Json::array()}}));
  Snapshot();
  ASSERT_EQ(left_.size(), 1U) << "one search at a time";
  left_[0]();
  EXPECT_EQ(Names(Snapshot()["sites"]).size(), Overview::kSites);
  EXPECT_EQ(Snapshot()["sites"]["searching"], false);
  now_ += 30s;
  EXPECT_EQ(Names(Snapshot()["sites"]).size(), Overview::kSites)
      << "those of before, while it looks again";
  EXPECT_EQ(left_.size(), 2U);
}

TEST_F(ManyOverviewTest, ASearchThatNobodyHasTimeForIsAskedForAgain) {
  busy_ = true;
  EXPECT_EQ(Snapshot()["sites"]["searching"], true);
  busy_ = false;
  EXPECT_EQ(Names(Snapshot()["sites"]).size(), Overview::kSites);
}

TEST_F(ManyOverviewTest, ASearchMayEndWhenNobodyWantsItAnyMore) {
  at_once_ = false;
  {
    Overview gone(observed_, activity_, events_, fleet_, [this](std::function<void()> work) {
      left_.push_back(std::move(work));
      return true;
    });
    gone.Snapshot({}, now_, WallTime());
  }
  ASSERT_EQ(left_.size(), 1U);
  left_[0]();
}

// As many sites as are shown, all of them busy as well, and one of them named as hosted too.
class FullOverviewTest : public OverviewTest {
 protected:
  FullOverviewTest() : OverviewTest(Overview::kSites) {}
};

TEST_F(FullOverviewTest, ThereAreNoMoreSitesThanAreShown) {
  activity_.Update(now_);
  const auto ask = [&](const std::string& site) {
    const auto name = *wire::Name::Parse(site);
    worker_.site_answers.Add();
    worker_.sites.Add(name.Hash(), name.wire(), 1);
  };
  for (std::size_t i = 0; i < Overview::kSites; ++i) ask("s" + std::to_string(i) + ".lb.example");
  ask("gone.lb.example");  // was a site before a reload
  activity_.Update(now_ + 1s);
  fleet::HostingBuilder hosting;
  hosting.Change(0,
                 std::vector{fleet::SiteReport{*wire::Name::Parse("s1.lb.example")},
                             fleet::SiteReport{*wire::Name::Parse("no-pool.elsewhere")}},
                 {});
  auto view = std::make_shared<answer::FleetView>();
  view->hosting = hosting.Build();
  fleet_.Publish(std::move(view));
  const Json sites = Snapshot()["sites"];
  EXPECT_EQ(sites["shown"].size(), Overview::kSites);
  EXPECT_EQ(sites["more"], false);
  EXPECT_EQ(Snapshot({.nodes = {}, .sites = "s1"})["sites"]["shown"].size(), 11U);
}

class OneMoreOverviewTest : public OverviewTest {
 protected:
  OneMoreOverviewTest() : OverviewTest(Overview::kSites + 1) {}
};

TEST_F(OneMoreOverviewTest, OneSiteMoreThanAreShownIsTold) {
  EXPECT_EQ(Snapshot()["sites"]["shown"].size(), Overview::kSites);
  EXPECT_EQ(Snapshot()["sites"]["more"], true);
}

// 10,000 nodes and 100,000 sites, which is what a page may have to look at every second.
class LargeOverviewTest : public OverviewTest {
 protected:
  LargeOverviewTest() : OverviewTest(100'000) {
    auto view = std::make_shared<answer::FleetView>();
    auto places = std::make_shared<std::vector<fleet::NamedPlace>>();
    for (int i = 0; i < 10'000; ++i) {
      AddNode("node" + std::to_string(i), fleet::NodeState::kAlive, 0.5);
      view->nodes.emplace_back();
      places->push_back({"node" + std::to_string(i), {}});
    }
    view->node_of = {9'998, 9'999};
    view->places = std::move(places);
    fleet_.Publish(std::move(view));
  }
};

TEST_F(LargeOverviewTest, StaysBoundedHoweverManyNodesAndSites) {
  const Json json = Snapshot();
  EXPECT_EQ(json["nodes"]["total"], 10'000);
  EXPECT_EQ(json["nodes"]["matching"], 10'000);
  EXPECT_EQ(json["nodes"]["shown"].size(), Overview::kNodes);
  EXPECT_EQ(json["zones"]["sites"], 100'000);
  EXPECT_EQ(json["sites"]["shown"].size(), Overview::kSites);
  EXPECT_EQ(json["sites"]["shown"][0]["members"][1]["node"], "node9999");
  EXPECT_EQ(json["sites"]["shown"][0]["members"][1]["state"], "alive");
  EXPECT_EQ(json["sites"]["more"], true);
  EXPECT_LT(json.dump().size(), 100'000U);
  const Json found = Snapshot({.nodes = "node9999", .sites = "s99999.*"});
  EXPECT_EQ(Names(found["nodes"]), std::vector<std::string>{"node9999"});
  EXPECT_EQ(Names(found["sites"]), std::vector<std::string>{"s99999.lb.example"});
  EXPECT_EQ(found["sites"]["more"], false);
}

// No bound: machines differ. The names have been searched already, as another thread does.
TEST_F(LargeOverviewTest, TellsHowLongItTakes) {
  Snapshot();
  const auto start = std::chrono::steady_clock::now();
  constexpr int kTimes = 10;
  for (int i = 0; i < kTimes; ++i) {
    overview_.Renew();
    overview_.Snapshot({}, now_, WallTime());
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::printf("a snapshot of 10,000 nodes and 100,000 sites: %.1f ms\n", took.count() / kTimes);
}

}  // namespace
}  // namespace dnsd::server
