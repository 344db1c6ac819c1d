// Answers by measured round-trip times: before databases, behind the operator; how much of the
// client that takes; and the few answers that go to members of which nothing is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "dnsd/locality/rtt_table.h"
#include "tests/unit/answer/asking.h"

namespace dnsd::answer {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using wire::RrType;

constexpr const char* kBerlin = "192.0.2.1";
constexpr const char* kParis = "198.51.100.2";
constexpr const char* kBoston = "203.0.113.3";
const char* const kMembers[] = {kBerlin, kParis, kBoston};

class MeasuredTest : public AskingTest {
 protected:
  // www: a node in each city, of these loads, whatever is answered.
  void Begin(const std::vector<float>& loads = {0.1F, 0.1F, 0.1F}, const char* more = "") {
    rules_.Add("*", options_);
    AddZone("example", std::string("www A 192.0.2.1\nwww A 198.51.100.2\nwww A 203.0.113.3\n") +
                           "www AAAA 2001:db8::1\nwww AAAA 2001:db8:1::2\n" + more);
    for (std::size_t i = 0; i < loads.size(); ++i) AddNode(NodeOfLoad(loads[i]), {kMembers[i]});
    AddAddress(0, "2001:db8::1");
    AddAddress(1, "2001:db8:1::2");
    for (NodeEntry& node : fleet_.nodes) node.figures.sessions_per_answer = 0;
    fleet_.rtts = table_.view();
    Start();
  }
  void AddAddress(fleet::NodeIndex node, const char* address) {
    const AddressId id = addresses_.Intern(*IpAddress::Parse(address));
    if (fleet_.node_of.size() <= id) fleet_.node_of.resize(id + 1, fleet::kNoNode);
    fleet_.node_of[id] = node;
  }
  // Times of nodes 0, 1, ... to a prefix; 0: none is known. Before Begin.
  void Measure(const char* prefix, const std::vector<float>& milliseconds) {
    for (fleet::NodeIndex node = 0; node < milliseconds.size(); ++node) {
      if (milliseconds[node] == 0) continue;
      now_ += 1s;
      table_.Add(node,
                 std::vector{fleet::RttSample{*IpAddress::Parse(prefix), 1, milliseconds[node],
                                              milliseconds[node]}},
                 now_);
    }
    table_.Build(now_ += 1s);
  }
  Reply AskFrom(const char* subnet, RrType type = RrType::kA) {
    Asking asking;
    asking.subnet = subnet;
    return Ask("www.example", type, asking);
  }
  std::vector<std::string> Answers(const char* subnet) { return AskFrom(subnet).rdata(); }
  std::map<std::string, int> Shares(const char* subnet, int answers) {
    std::map<std::string, int> shares;
    for (int i = 0; i < answers; ++i) ++shares[Answers(subnet)[0]];
    return shares;
  }
  // `explore` in force from now on.
  void Explore(float share) {
    served_->measured.explore = share;
    responder_->Adopt(*served_);
  }

  zone::SiteOptions options_;
  MonotonicTime now_{1h};
  locality::RttTable table_{{}, 42, now_};
};

TEST_F(MeasuredTest, EachPrefixGetsTheMemberThatIsNearestToIt) {
  options_.order = zone::Order::kLocality;
  options_.answers = 3;
  Measure("10.1.7.0", {50, 5, 90});
  Measure("10.1.8.0", {50, 80, 20});
  Begin();
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kParis, kBerlin, kBoston));
  EXPECT_THAT(Answers("10.1.8.0/24"), ElementsAre(kBoston, kBerlin, kParis));
}

TEST_F(MeasuredTest, AClientWithoutASubnetIsTheResolver) {
  options_.order = zone::Order::kLocality;
  Measure("10.1.7.0", {50, 5, 90});
  Begin();
  Asking asking;
  asking.client = "10.1.7.99";
  EXPECT_THAT(Ask("www.example", RrType::kA, asking).rdata(), ElementsAre(kParis));
}

TEST_F(MeasuredTest, AClientOfOneFamilyHasItsTimesForMembersAddressesOfTheOther) {
  options_.order = zone::Order::kLocality;
  Measure("10.1.7.0", {50, 5});
  Measure("2001:db8:7::", {50, 5});
  Begin();
  EXPECT_THAT(AskFrom("10.1.7.0/24", RrType::kAaaa).rdata(), ElementsAre("2001:db8:1::2"));
  EXPECT_THAT(AskFrom("2001:db8:7::/48").rdata(), ElementsAre(kParis));
}

TEST_F(MeasuredTest, TheOperatorKnowsBetterAndADatabaseDoesNot) {
  options_.order = zone::Order::kLocality;
  options_.answers = 3;
  locality_.subnets = {{*IpPrefix::Parse("10.1.0.0/16"), {*IpPrefix::Parse(kBoston)}}};
  locality_.regions = {{"eu"}, {"us"}};
  locality_.rules = {{.country = locality::CodeOf("US"), .region = "us"}};
  locality_.nodes = {{.addresses = {*IpPrefix::Parse(kBoston)}, .place = {.region = "us"}}};
  geo_.locations.push_back({.country = locality::CodeOf("US")});
  geo_.v4 = locality::RangesOf({{*IpPrefix::Parse("10.0.0.0/8"), 1}}, IpFamily::kV4);
  Measure("10.1.7.0", {50, 5, 90});
  Measure("10.2.7.0", {50, 5, 90});
  Begin();
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kBoston, kParis, kBerlin));
  EXPECT_THAT(Answers("10.2.7.0/24"), ElementsAre(kParis, kBerlin, kBoston));
  EXPECT_EQ(Answers("10.3.7.0/24")[0], kBoston) << "where nothing was measured the database counts";
}

TEST_F(MeasuredTest, AMemberWithoutATimeStandsAtTheMeanOfTheOthers) {
  options_.order = zone::Order::kLocality;
  options_.answers = 3;
  Measure("10.1.7.0", {10, 0, 90});
  Begin({0.3F, 0.1F, 0.2F});
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kBerlin, kParis, kBoston));
}

TEST_F(MeasuredTest, WhereOneTimeAloneIsKnownNobodyIsNearer) {
  options_.order = zone::Order::kLocality;
  Measure("10.1.7.0", {10, 0, 0});
  Begin({0.3F, 0.1F, 0.2F});
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kParis)) << "the cheapest: so it is measured";
}

TEST_F(MeasuredTest, AmongMembersWithoutATimeTheNextSourceCounts) {
  options_.order = zone::Order::kLocality;
  options_.answers = 3;
  Measure("203.0.7.0", {10, 0, 0});  // shares 16 bits with Boston's address, and fewer with Paris'
  Begin({0.3F, 0.1F, 0.2F});
  EXPECT_THAT(Answers("203.0.7.0/24"), ElementsAre(kBoston, kBerlin, kParis));
}

TEST_F(MeasuredTest, AMemberWithoutATimeIsBehindAllOfAPrefixThatHasAsManyAsAreKept) {
  options_.order = zone::Order::kLocality;
  options_.answers = 3;
  Measure("10.1.7.0", {10, 0, 90, 30, 30, 30, 30, 30});
  Begin({0.3F, 0.1F, 0.2F});
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kBerlin, kBoston, kParis));
}

TEST_F(MeasuredTest, ASubnetShorterThanAPrefixIsInNone) {
  options_.order = zone::Order::kLocality;
  options_.answers = 3;
  Measure("10.1.0.0", {50, 5, 90});
  Measure("2001:db8:4000::", {50, 5});
  Begin({0.1F, 0.2F, 0.3F});
  EXPECT_THAT(Answers("10.1.0.0/24"), ElementsAre(kParis, kBerlin, kBoston));
  const Reply shorter = AskFrom("10.1.0.0/23");
  EXPECT_THAT(shorter.rdata(), ElementsAre(kBerlin, kParis, kBoston));
  EXPECT_EQ(shorter.scope, 23) << "others that share a bit may be in a prefix that is known";
  EXPECT_EQ(AskFrom("2001:db8:4000::/48", RrType::kAaaa).rdata()[0], "2001:db8:1::2");
  EXPECT_EQ(AskFrom("2001:db8:4000::/47", RrType::kAaaa).rdata()[0], "2001:db8::1");
}

TEST_F(MeasuredTest, TheLimitOfASubnetsBitsHoldsForTimesToo) {
  options_.order = zone::Order::kLocality;
  Measure("10.1.0.0", {50, 5, 90});
  Begin({0.1F, 0.2F, 0.3F});
  served_->client_subnets = ClientSubnets(23, 56);
  EXPECT_THAT(Answers("10.1.0.0/24"), ElementsAre(kBerlin));
}

TEST_F(MeasuredTest, TheScopeIsThePrefixOfATimeForAllClientsOfTheFamily) {
  Measure("10.1.7.0", {50, 5, 90});
  Begin();
  EXPECT_EQ(AskFrom("10.1.7.128/25").scope, 24);
  EXPECT_EQ(AskFrom("172.16.0.0/24").scope, 24) << "a time might have been known";
  EXPECT_EQ(AskFrom("172.16.0.0/20").scope, 20) << "as long as the subnet itself";
  EXPECT_EQ(AskFrom("2001:db8:2::/56", RrType::kAaaa).scope, 47) << "by the addresses alone";
  EXPECT_EQ(AskFrom("fd00::/56", RrType::kAaaa).scope, 1);
}

TEST_F(MeasuredTest, TheScopeOfIpv6IsItsPrefix) {
  Measure("2001:db8:7::", {50, 5});
  Begin();
  EXPECT_EQ(AskFrom("2001:db8:7::/56", RrType::kAaaa).scope, 48);
  EXPECT_EQ(AskFrom("fd00::/56", RrType::kAaaa).scope, 48);
  EXPECT_EQ(AskFrom("172.16.0.0/24").scope, 2);
}

TEST_F(MeasuredTest, AmongEqualCostsTheNearestAnswers) {
  Measure("10.1.7.0", {50, 5, 90});
  Measure("10.1.8.0", {50, 70, 9});
  Begin({0.1F, 0.1F, 0.1F});
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kParis));
  EXPECT_THAT(Answers("10.1.8.0/24"), ElementsAre(kBoston));
  fleet_.nodes[1] = NodeOfLoad(0.6F);
  responder_->Adopt(fleet_);
  EXPECT_NE(Answers("10.1.7.0/24")[0], kParis) << "cost comes first";
}

TEST_F(MeasuredTest, TheNearestTakeTheTrafficAndWhatTheyCannotServeSpills) {
  options_.prefer = zone::Prefer::kLocality;
  Measure("10.1.7.0", {20, 21, 90});
  Measure("10.1.8.0", {90, 91, 9});
  Begin({0.2F, 0.12F, 0.12F});
  EXPECT_THAT(Shares("10.1.7.0/24", 50), UnorderedElementsAre(std::pair(kParis, 50)))
      << "of the near the cheapest, within the margin of the far";
  EXPECT_THAT(Shares("10.1.8.0/24", 50), UnorderedElementsAre(std::pair(kBoston, 50)));
  const auto set_loads = [&](float berlin, float paris, float boston) {
    const float loads[] = {berlin, paris, boston};
    for (std::size_t i = 0; i < 3; ++i) {
      fleet_.nodes[i] = NodeOfLoad(loads[i]);
      fleet_.nodes[i].figures.sessions_per_answer = 0;
    }
    responder_->Adopt(fleet_);
  };
  set_loads(0.1F, 0.1F, 0.9F);
  const auto spilt = Shares("10.1.8.0/24", 1000);
  EXPECT_NEAR(spilt.at(kBoston), 1000 * 0.09 / (0.09 + 2 * 0.89), 20) << "by idle CPUs";
  set_loads(0.1F, 0.1F, 0.15F);
  EXPECT_THAT(Shares("10.1.8.0/24", 50), UnorderedElementsAre(std::pair(kBoston, 50)));
}

TEST_F(MeasuredTest, WhatIsAboutAsNearIsOneGroupAndHowMuchIsTheOperatorsToSay) {
  options_.prefer = zone::Prefer::kLocality;
  Measure("10.1.7.0", {2, 6, 90});
  Begin({0.2F, 0.12F, 0.12F});
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kParis)) << "4 ms farther is as near";
  served_->measured.margin_milliseconds = 1;
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kBerlin));
}

TEST_F(MeasuredTest, LooksAheadOnceMuchIsKnown) {
  Begin();
  EXPECT_FALSE(responder_->locates_clients());
  for (fleet::NodeIndex node = 0; node < 10; ++node) {
    std::vector<fleet::RttSample> samples;
    for (unsigned i = 0; i < 512; ++i) {
      const std::uint8_t octets[] = {10, static_cast<std::uint8_t>(2 * node + i / 256),
                                     static_cast<std::uint8_t>(i), 0};
      samples.push_back({IpAddress::V4(octets), 1, 5, 5});
    }
    table_.Add(node, samples, now_);
  }
  now_ += 1s;
  while (!table_.Build(now_)) {
  }
  fleet_.rtts = table_.view();
  responder_->Adopt(fleet_);
  EXPECT_TRUE(responder_->locates_clients());
  Asking asking;
  asking.subnet = "10.1.2.0/24";
  const std::string octets = QueryOctets("www.example", RrType::kA, asking);
  Exchange exchange;
  responder_->Read(Octets(octets), exchange);
  responder_->LookAheadAtClient(exchange, *IpAddress::Parse("2001:db8::1"));
  responder_->LookDeeperAtClient(exchange, *IpAddress::Parse("2001:db8::1"));
  std::vector<std::uint8_t> out(1232);
  EXPECT_GT(responder_->Respond(exchange, *IpAddress::Parse("2001:db8::1"), Transport::kUdp, out),
            0U);
}

class ExploringTest : public MeasuredTest {
 protected:
  void SetUp() override {
    options_.order = zone::Order::kLocality;
    Measure("10.1.7.0", {10, 90, 0});
    Measure("10.1.8.0", {10, 90, 40});
  }
};

TEST_F(ExploringTest, AShareOfTheAnswersGoesWhereNothingIsKnown) {
  Begin();
  Explore(0.1F);
  const auto shares = Shares("10.1.7.0/24", 3000);
  EXPECT_NEAR(shares.at(kBoston), 300, 100);
  EXPECT_EQ(shares.at(kBerlin) + shares.at(kBoston), 3000);
  EXPECT_THAT(Shares("10.1.8.0/24", 1000), UnorderedElementsAre(std::pair(kBerlin, 1000)))
      << "all is known";
  EXPECT_THAT(Shares("10.1.9.0/24", 1000).size(), 3U) << "nothing is: they take turns anyway";
}

TEST_F(ExploringTest, OneInAHundredUnlessConfigured) {
  Begin();
  const auto shares = Shares("10.1.7.0/24", 10'000);
  EXPECT_NEAR(shares.at(kBoston), 100, 60);
  Explore(0);
  EXPECT_THAT(Shares("10.1.7.0/24", 1000), UnorderedElementsAre(std::pair(kBerlin, 1000)));
}

TEST_F(ExploringTest, NobodyIsSentToABusyMemberForIt) {
  Begin({0.1F, 0.1F, 0.9F});
  Explore(1);
  EXPECT_THAT(Shares("10.1.7.0/24", 100), UnorderedElementsAre(std::pair(kBerlin, 100)));
}

TEST_F(ExploringTest, WhatWasToldLongAgoIsMeasuredAgainFirst) {
  // An hour and more passes in which Berlin alone is told of.
  for (int minute = 0; minute < 80; minute += 5) {
    now_ += 5min;
    Measure("10.1.7.0", {10});
  }
  for (int i = 0; i < 70; ++i) table_.Build(now_ += 1s);
  Begin();
  Explore(0.5F);
  const auto shares = Shares("10.1.7.0/24", 1000);
  EXPECT_NEAR(shares.at(kParis), 500, 100) << "its time is old";
  EXPECT_EQ(shares.at(kBerlin) + shares.at(kParis), 1000) << "Boston's turn comes after";
  Explore(0);
  EXPECT_THAT(Shares("10.1.7.0/24", 100), UnorderedElementsAre(std::pair(kBerlin, 100)))
      << "old or not, it is far";
}

TEST_F(ExploringTest, OfSeveralAddressesTheUnknownOneComesFirst) {
  options_.answers = 3;
  Begin();
  Explore(1);
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kBoston, kBerlin, kParis));
}

TEST_F(ExploringTest, WhoIsNotReportedOfIsNeverMeasured) {
  Begin({0.1F, 0.1F, 0.1F}, "www A 203.0.113.9\n");
  Explore(1);
  EXPECT_THAT(Shares("10.1.8.0/24", 100), UnorderedElementsAre(std::pair(kBerlin, 100)));
}

TEST_F(ExploringTest, WhomTheOperatorPlacesIsNotExplored) {
  locality_.subnets = {{*IpPrefix::Parse("10.1.0.0/16"), {*IpPrefix::Parse(kBoston)}}};
  Begin();
  Explore(1);
  EXPECT_THAT(Shares("10.1.7.0/24", 100), UnorderedElementsAre(std::pair(kBoston, 100)))
      << "it comes first, as the operator has it, and the others are known";
  EXPECT_THAT(Shares("10.1.8.0/24", 100), UnorderedElementsAre(std::pair(kBoston, 100)));
}

TEST_F(ExploringTest, EveryPolicyThatSortsByClosenessExplores) {
  for (const zone::Policy policy :
       {zone::Policy::kRoundRobin, zone::Policy::kRandom, zone::Policy::kWeighted,
        zone::Policy::kHash, zone::Policy::kFailover, zone::Policy::kWlc}) {
    SCOPED_TRACE(static_cast<int>(policy));
    options_.policy = policy;
    rules_ = zone::SiteRules();
    zones_.clear();
    fleet_.nodes.clear();
    Begin();
    Explore(1);
    EXPECT_THAT(Shares("10.1.7.0/24", 20), UnorderedElementsAre(std::pair(kBoston, 20)));
    Explore(0);
    EXPECT_THAT(Shares("10.1.7.0/24", 20), UnorderedElementsAre(std::pair(kBerlin, 20)));
  }
}

}  // namespace
}  // namespace dnsd::answer
