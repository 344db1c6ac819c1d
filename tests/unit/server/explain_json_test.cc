#include "dnsd/server/explain_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dnsd/answer/hosts.h"
#include "dnsd/server/sites_json.h"
#include "tests/unit/server/known_fleet.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ExplainJsonTest : public KnownFleetTest {
 protected:
  Json Of(const ExplainQuestion& question) {
    const auto json = ExplainJson(question, *served_, fleet_, report_);
    EXPECT_TRUE(json.ok()) << json.status();
    return json.ok() ? Json::parse(*json) : Json();
  }
  Json Sites(const std::vector<std::string>& patterns, std::size_t most = kMostSitesShown) {
    return Json::parse(SitesJson(patterns, *served_, fleet_, report_, most));
  }
  static std::vector<std::string> NamesOf(const Json& sites) {
    std::vector<std::string> names;
    for (const Json& site : sites["sites"]) {
      names.push_back(site["name"].get<std::string>() + " " + site["type"].get<std::string>());
    }
    return names;
  }
};

TEST_F(ExplainJsonTest, SaysWhoAnswersAndWhyNotTheOthers) {
  fleet_.node_of[addresses_.Intern(*IpAddress::Parse("203.0.113.4"))] = 2;  // nobody is unmanaged
  Start();
  const Json why = Of({.name = "WWW.example", .client = "10.1.2.3"});
  EXPECT_EQ(why["name"], "www.example.");
  EXPECT_EQ(why["type"], "A");
  EXPECT_EQ(why["outcome"], "site");
  EXPECT_EQ(why["decided_by"], "policy");
  EXPECT_EQ(why["answer"], Json::parse(R"(["192.0.2.1"])"));
  EXPECT_THAT(why["why"].get<std::string>(), HasSubstr("the least cost of 2"));
  EXPECT_EQ(why["site"]["policy"], "least_cost");
  const Json& members = why["members"];
  ASSERT_EQ(members.size(), 4U);
  EXPECT_EQ(members[0]["standing"], "chosen");
  EXPECT_EQ(members[0]["node"], "a");
  EXPECT_EQ(members[0]["load"]["cpu_utilization"], 0.25);
  EXPECT_EQ(members[0]["locality"]["source"], "prefix");
  EXPECT_EQ(members[1]["standing"], "candidate");
  EXPECT_THAT(members[1]["why"].get<std::string>(), HasSubstr("costs more: "));
  EXPECT_EQ(members[2]["standing"], "excluded");
  EXPECT_EQ(members[2]["why"], "dead: no heartbeat in time");
}

TEST_F(ExplainJsonTest, SaysWhatIsNoSite) {
  EXPECT_EQ(Of({.name = "www.elsewhere"})["outcome"], "no_zone");
  EXPECT_EQ(Of({.name = "plain.example"})["outcome"], "no_site");
  EXPECT_EQ(Of({.name = "plain.example"})["zone"], "example.");
  const Json alias = Of({.name = "alias.example"});
  EXPECT_EQ(alias["alias"], "www.example.");
  EXPECT_EQ(alias["why"], "an alias of www.example.: ask for that");
  EXPECT_FALSE(alias.contains("members"));
}

TEST_F(ExplainJsonTest, SaysThatNobodyReportsOfAPool) {
  const Json why = Of({.name = "six.example", .type = "AAAA"});
  EXPECT_EQ(why["client"], "::1");
  EXPECT_EQ(why["decided_by"], "plain");
  EXPECT_EQ(why["answer"].size(), 2U);
  EXPECT_EQ(why["ttl"], 60);
  EXPECT_TRUE(why["members"][0]["node"].is_null());
}

TEST_F(ExplainJsonTest, SaysWhoDoesNotHostTheSite) {
  const Json why = Of({.name = "other.host.example"});
  EXPECT_EQ(why["members"][1]["standing"], "not_hosting");
  EXPECT_THAT(why["why"].get<std::string>(), HasSubstr("the only member that may answer"));
}

TEST_F(ExplainJsonTest, SaysWhatAnOperatorOrderedForTheSite) {
  using Kind = fleet::Order::Kind;
  report_.site_orders = {{{"www.example.", ""}, {Kind::kDrain, "moved", {}}},
                         {{"www.example.", "b"}, {Kind::kDisable, "old", {}}}};
  fleet::HostingBuilder closed;
  closed.Change(answer::kEveryNode,
                std::vector{fleet::SiteReport{*wire::Name::Parse("www.example")}}, {});
  fleet_.hosting = closed.Build();
  Start();
  const Json why = Of({.name = "www.example"});
  EXPECT_EQ(why["outcome"], "nodata");
  EXPECT_EQ(why["decided_by"], "order");
  EXPECT_EQ(why["why"], "an operator ordered that nobody answers for the site: drain: moved");
  EXPECT_EQ(why["order"]["reason"], "moved");
  EXPECT_EQ(why["members"][1]["order"]["kind"], "disable");
  EXPECT_EQ(why["members"][1]["standing"], "excluded");  // it declares its sites, and none is left
  EXPECT_EQ(Sites({"www.example"})["sites"][0]["order"]["kind"], "drain");
  EXPECT_EQ(Sites({"www.example"})["sites"][0]["members"][1]["order"]["kind"], "disable");
}

TEST_F(ExplainJsonTest, RefusesWhatItCannotRead) {
  const auto message = [&](const ExplainQuestion& question) {
    return Message(ExplainJson(question, *served_, fleet_, report_).status());
  };
  EXPECT_THAT(message({.name = ""}), HasSubstr("name: found ''"));
  EXPECT_THAT(message({.name = "a..b"}), HasSubstr("name: found 'a..b'"));
  EXPECT_THAT(message({.name = "www.example", .type = "MX"}), HasSubstr("wanted A or AAAA"));
  EXPECT_THAT(message({.name = "www.example", .client = "10.1"}),
              HasSubstr("client: found '10.1'"));
}

TEST_F(ExplainJsonTest, ListsSitesAndTheNamesHostedBelowWildcards) {
  EXPECT_THAT(NamesOf(Sites({})),
              ::testing::UnorderedElementsAre("www.example. A", "six.example. AAAA",
                                              "*.host.example. A", "shop.host.example. A"));
  EXPECT_THAT(NamesOf(Sites({"shop.*"})), ElementsAre("shop.host.example. A"));
  EXPECT_THAT(NamesOf(Sites({"www.example."})), ElementsAre("www.example. A"));
  EXPECT_TRUE(Sites({"nothing"})["sites"].empty());
}

TEST_F(ExplainJsonTest, TellsWhoAnswersForASiteAndHowItsMembersAre) {
  const Json site = Sites({"shop.*"})["sites"][0];
  EXPECT_EQ(site["policy"], "least_cost");
  EXPECT_EQ(site["zone"], "example.");
  ASSERT_EQ(site["members"].size(), 2U);
  const Json& member = site["members"][1];
  EXPECT_EQ(member["address"], "198.51.100.2");
  EXPECT_EQ(member["node"], "b");
  EXPECT_EQ(member["state"], "alive");
  EXPECT_EQ(member["standing"], "candidate");
  EXPECT_TRUE(member["order"].is_null());
}

TEST_F(ExplainJsonTest, TellsThatThereAreMoreSitesThanShown) {
  EXPECT_EQ(Sites({}, 2)["sites"].size(), 2U);
  EXPECT_TRUE(Sites({}, 2)["more"].get<bool>());
  EXPECT_FALSE(Sites({}, 4)["more"].get<bool>());
}

}  // namespace
}  // namespace dnsd::server
