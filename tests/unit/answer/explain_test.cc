#include "dnsd/answer/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnsd/answer/hosts.h"
#include "dnsd/locality/rtt_table.h"
#include "tests/unit/answer/asking.h"

namespace dnsd::answer {
namespace {

using ::testing::ElementsAre;
using wire::RrType;

class ExplainTest : public AskingTest {
 protected:
  void SetUp() override {
    AddZone("example",
            "www A 192.0.2.1\nwww A 198.51.100.2\nwww A 203.0.113.3\nwww A 203.0.113.4\n"
            "plain A 192.0.2.9\nalias CNAME www\n");
    locality_.regions = {{"eu"}, {"us"}};
    locality_.subnets = {{*IpPrefix::Parse("10.1.0.0/16"), {}, "eu"}};
    locality_.nodes = {{.name = "a", .place = {.region = "us"}},
                       {.name = "b", .place = {.region = "eu"}}};
    AddNode(NodeOfLoad(0.2F), {"192.0.2.1"});
    AddNode(NodeOfLoad(0.2F), {"198.51.100.2"});
    NodeEntry dead = NodeOfLoad(0);
    dead.tier = fleet::Tier::kExcluded;
    AddNode(dead, {"203.0.113.3"});
    fleet_.places = std::make_shared<const std::vector<fleet::NamedPlace>>(
        std::vector<fleet::NamedPlace>{{"a", {}}, {"b", {}}, {"c", {}}});
    Start();
  }
  Explanation Of(const char* name, const char* client = "10.1.2.3") {
    return Explain(*served_, fleet_, *wire::Name::Parse(name), RrType::kA,
                   *IpAddress::Parse(client));
  }
};

TEST_F(ExplainTest, TellsWhatIsNoSite) {
  EXPECT_EQ(Of("www.elsewhere").kind, Explanation::Kind::kNoZone);
  EXPECT_EQ(Of("none.example").kind, Explanation::Kind::kNoSite);
  EXPECT_EQ(Of("plain.example").kind, Explanation::Kind::kNoSite);
  EXPECT_EQ(Of("alias.example").kind, Explanation::Kind::kNoSite);
  EXPECT_EQ(Of("alias.example").alias, "www.example.");
  EXPECT_EQ(Of("plain.example").alias, "");
  EXPECT_EQ(Of("plain.example").zone, "example.");
}

TEST_F(ExplainTest, TellsEveryMemberWithWhatIsKnownOfIt) {
  const Explanation why = Of("www.example");
  EXPECT_EQ(why.kind, Explanation::Kind::kSite);
  ASSERT_EQ(why.members.size(), 4U);
  const ExplainedMember& far = why.members[0];
  EXPECT_EQ(far.address.ToString(), "192.0.2.1");
  EXPECT_EQ(far.node, "a");
  EXPECT_EQ(far.region, "us");
  EXPECT_EQ(far.source, locality::Source::kSharedPrefix);
  ASSERT_TRUE(far.load.has_value());
  EXPECT_NEAR(*far.load, 0.21, 1e-4);
  EXPECT_EQ(far.cost, fleet_.nodes[0].cost);
  EXPECT_EQ(why.members[1].source, locality::Source::kOperator);
  EXPECT_GT(why.members[1].closeness, far.closeness);
  EXPECT_EQ(why.members[2].standing, Standing::kExcluded);
  EXPECT_EQ(why.members[3].node, "");
  EXPECT_FALSE(why.members[3].cost.has_value());
}

// A worker that gave each of these answers would have gone on to another member.
TEST_F(ExplainTest, OneThatExplainsManyAnswersIsAsIfItHadGivenNone) {
  Explainer explainer(*served_, fleet_);
  const auto name = *wire::Name::Parse("www.example");
  for (const char* client : {"10.1.2.3", "192.0.2.77", "203.0.113.200"}) {
    const Explanation alone = Of("www.example", client);
    for (int i = 0; i < 20; ++i) {
      const Explanation again = explainer.Explain(name, RrType::kA, *IpAddress::Parse(client));
      ASSERT_EQ(again.chosen, alone.chosen) << client << " " << i;
      EXPECT_EQ(again.scope, alone.scope);
      EXPECT_EQ(again.rule, alone.rule);
      for (std::size_t m = 0; m < again.members.size(); ++m) {
        EXPECT_EQ(again.members[m].standing, alone.members[m].standing);
      }
    }
  }
}

TEST_F(ExplainTest, TellsWhoSaidWhereTheClientIsAndWhatOfItCounted) {
  const Explanation placed = Of("www.example");
  EXPECT_EQ(placed.source, locality::Source::kOperator);
  EXPECT_EQ(placed.region, "eu");
  EXPECT_EQ(placed.scope, 16);
  const Explanation other = Of("www.example", "192.0.2.77");
  EXPECT_EQ(other.source, locality::Source::kSharedPrefix);
  EXPECT_EQ(other.region, "");
  EXPECT_EQ(other.scope, 24);
}

TEST_F(ExplainTest, TellsTheTimesThatWereMeasured) {
  locality::RttTable table({}, 42, MonotonicTime{});
  const auto learn = [&](fleet::NodeIndex node, float milliseconds, int second) {
    const auto now = MonotonicTime(std::chrono::seconds(second));
    table.Add(node,
              std::vector{
                  fleet::RttSample{*IpAddress::Parse("172.16.9.0"), 1, milliseconds, milliseconds}},
              now);
    table.Build(now);
  };
  learn(0, 12.5F, 1);
  learn(2, 60, 2);  // dead: nothing that is taken for the others
  fleet_.rtts = table.view();
  Start();
  const Explanation why = Of("www.example", "172.16.9.8");
  EXPECT_EQ(why.source, locality::Source::kMeasured);
  EXPECT_EQ(why.scope, 24);
  EXPECT_TRUE(why.may_explore);
  EXPECT_EQ(why.members[0].source, locality::Source::kMeasured);
  EXPECT_EQ(why.members[0].milliseconds, 12.5F);
  EXPECT_EQ(why.members[1].source, locality::Source::kMeasured);
  EXPECT_EQ(why.members[1].milliseconds, std::nullopt) << "supposed";
  EXPECT_EQ(why.members[1].closeness, why.members[0].closeness);
  EXPECT_EQ(why.members[2].milliseconds, 60.0F);
  EXPECT_FALSE(Of("www.example", "172.16.10.8").may_explore);
  const Explanation placed = Of("www.example");
  EXPECT_EQ(placed.source, locality::Source::kOperator);
}

TEST_F(ExplainTest, TellsWhomItWouldChoose) {
  fleet_.nodes[0].cost = 100;
  fleet_.node_of.resize(addresses_.size(), fleet::kNoNode);
  fleet_.node_of[addresses_.Intern(*IpAddress::Parse("203.0.113.4"))] = 2;  // dead as well
  Start();
  const Explanation why = Of("www.example");
  EXPECT_THAT(why.chosen, ElementsAre(1U));
  EXPECT_EQ(why.members[1].standing, Standing::kChosen);
  EXPECT_EQ(why.members[0].standing, Standing::kCandidate);
}

TEST_F(ExplainTest, TellsWhatRuleDecided) {
  EXPECT_EQ(Of("www.example").rule, Explanation::Rule::kPolicy);
  EXPECT_EQ(Of("www.example").ttl, 0U);
  fleet_.node_of.assign(fleet_.node_of.size(), fleet::kNoNode);
  Start();
  EXPECT_EQ(Of("www.example").rule, Explanation::Rule::kPlain);
  EXPECT_EQ(Of("www.example").chosen.size(), 4U);
  EXPECT_EQ(Of("www.example").ttl, 60U);
}

TEST_F(ExplainTest, TellsThatAllAreDownAndWhatIsAnsweredThen) {
  for (NodeEntry& node : fleet_.nodes) node.tier = fleet::Tier::kExcluded;
  fleet_.node_of.resize(addresses_.size(), fleet::kNoNode);
  fleet_.node_of[addresses_.Intern(*IpAddress::Parse("203.0.113.4"))] = 2;
  Start();
  const Explanation open = Of("www.example");
  EXPECT_EQ(open.rule, Explanation::Rule::kAllDown);
  EXPECT_EQ(open.kind, Explanation::Kind::kSite);
  EXPECT_EQ(open.chosen.size(), 4U);
}

TEST_F(ExplainTest, TellsWhoDoesNotHostTheSite) {
  Host(0, {{"other.example", true}});
  Start();
  EXPECT_EQ(Of("www.example").members[0].standing, Standing::kNotHosting);
}

// Nobody reports of one of its members, and that one is not answered either.
TEST_F(ExplainTest, ASiteThatAnOperatorClosedIsAnsweredByNobody) {
  fleet::HostingBuilder hosting;
  hosting.Change(kEveryNode, std::vector{fleet::SiteReport{*wire::Name::Parse("www.example")}}, {});
  fleet_.hosting = hosting.Build();
  Start();
  EXPECT_EQ(Of("www.example").rule, Explanation::Rule::kClosed);
  EXPECT_EQ(Of("www.example").kind, Explanation::Kind::kNoData);
  const Reply reply = Ask("www.example", RrType::kA);
  EXPECT_EQ(reply.rcode, 0);
  EXPECT_TRUE(reply.answer.empty());
  ASSERT_EQ(reply.authority.size(), 1U);
  EXPECT_NE(reply.authority[0].find(" SOA "), std::string::npos);
}

TEST_F(ExplainTest, NamesAreWordsForMachines) {
  EXPECT_STREQ(NameOf(Standing::kNotHosting), "not_hosting");
  EXPECT_STREQ(NameOf(Standing::kPassedOver), "passed_over");
  EXPECT_STREQ(NameOf(locality::Source::kOperator), "operator");
  EXPECT_STREQ(NameOf(locality::Source::kSharedPrefix), "prefix");
}

}  // namespace
}  // namespace dnsd::answer
