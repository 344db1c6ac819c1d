#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/answer/asking.h"

namespace dnsd::answer {
namespace {

using fleet::Tier;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using wire::RrType;
using zone::AllDown;
using zone::SiteOptions;

const char kSoa[] = "example. 5 IN SOA ns.example. hostmaster.example. 1 2 3 4 5";

// www: four members, 192.0.2.1 and 203.0.113.2 to .4; *.h: the first two.
class SiteTest : public AskingTest {
 protected:
  void AddSites() {
    rules_.Add("*", options_);
    AddZone("example",
            "www A 192.0.2.1\nwww A 203.0.113.2\nwww A 203.0.113.3\nwww A 203.0.113.4\n"
            "*.h A 192.0.2.1\n*.h A 203.0.113.2\n@ MX 10 www\n");
  }
  // One node a member, of these loads.
  void AddNodes(std::vector<float> loads) {
    const char* addresses[] = {"192.0.2.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"};
    for (std::size_t i = 0; i < loads.size(); ++i) AddNode(NodeOfLoad(loads[i]), {addresses[i]});
  }
  std::vector<std::string> Answers(const Asking& asking = {}) {
    return Ask("www.example", RrType::kA, asking).rdata();
  }
  static Asking From(const char* client) {
    Asking asking;
    asking.client = client;
    return asking;
  }
  static Asking Subnet(const char* subnet) {
    Asking asking;
    asking.subnet = subnet;
    return asking;
  }

  SiteOptions options_;
};

TEST_F(SiteTest, AnswersAreCountedBySiteOneByOneUntilTheyAreMany) {
  AddSites();
  AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
  Start();
  const auto counted = [this] {
    SiteRow row;
    std::uint64_t answers = 0;
    for (std::size_t i = 0; i < SiteTally::kRows; ++i) {
      if (stats_.sites.Read(i, row)) answers += row.answers;
    }
    return answers;
  };
  const auto ask = [this](std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) Answers();
  };
  ask(SiteChooser::kCounted);
  EXPECT_EQ(counted(), SiteChooser::kCounted);
  constexpr std::uint32_t kMore = 16'000;
  ask(kMore);
  const std::uint64_t estimate = counted() - SiteChooser::kCounted;
  EXPECT_EQ(estimate % SiteChooser::kSampled, 0U);
  EXPECT_NEAR(static_cast<double>(estimate), kMore, 0.15 * kMore);  // five standard deviations
  responder_->set_wall_time(WallTime());
  ask(1);
  EXPECT_EQ(counted(), SiteChooser::kCounted + estimate + 1);  // another second
}

TEST_F(SiteTest, AnswersTheCheapestWithTtlZero) {
  AddSites();
  AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
  Start();
  const Reply reply = Ask("wWw.example", RrType::kA);
  EXPECT_TRUE(reply.aa);
  EXPECT_THAT(reply.answer, ElementsAre("wWw.example. 0 IN A 203.0.113.3"));
  EXPECT_EQ(stats_.answers[2].value(), 1U);
  EXPECT_EQ(stats_.answers[0].value(), 0U);
  EXPECT_EQ(stats_.site_answers.value(), 1U);
}

TEST_F(SiteTest, AnswersAsManyAsConfiguredTheCheapestFirst) {
  options_.answers = 3;
  options_.ttl = 7;
  options_.margin = 0;
  AddSites();
  AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
  Start();
  EXPECT_THAT(Ask("www.example", RrType::kA).answer,
              ElementsAre("www.example. 7 IN A 203.0.113.3", "www.example. 7 IN A 203.0.113.2",
                          "www.example. 7 IN A 192.0.2.1"));
}

TEST_F(SiteTest, AnswersNoMoreThanThereAre) {
  options_.answers = 9;
  AddSites();
  AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
  Start();
  EXPECT_EQ(Answers().size(), 4U);
}

// One that asks no sooner than a second after its last query, three times running.
TEST_F(SiteTest, GivesMoreAddressesToAResolverThatKeepsAnswers) {
  options_.answers_cached = 2;
  AddSites();
  AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
  Start();
  const auto count_at = [&](std::chrono::milliseconds time, const char* resolver) {
    responder_->set_time(time);
    return Answers(From(resolver)).size();
  };
  using std::chrono_literals::operator""ms;
  for (const auto time : {10'000ms, 11'000ms, 12'000ms})
    EXPECT_EQ(count_at(time, "192.0.2.53"), 1U);
  EXPECT_EQ(count_at(13'000ms, "192.0.2.54"), 1U) << "another resolver";
  EXPECT_EQ(count_at(13'000ms, "192.0.2.53"), 2U);
  EXPECT_EQ(count_at(14'000ms, "192.0.2.53"), 2U);
  EXPECT_EQ(count_at(14'999ms, "192.0.2.53"), 1U) << "it asks for each client, then";
  EXPECT_EQ(count_at(16'000ms, "192.0.2.53"), 1U);
}

TEST_F(SiteTest, GivesNoMoreAddressesToAnybodyUnlessAsked) {
  AddSites();
  AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
  Start();
  for (int second = 1; second < 9; ++second) {
    responder_->set_time(std::chrono::seconds(second));
    EXPECT_EQ(Answers(From("192.0.2.53")).size(), 1U);
  }
}

TEST_F(SiteTest, NeverNamesAnExcludedNode) {
  AddSites();
  AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
  fleet_.nodes[2].tier = Tier::kExcluded;
  Start();
  EXPECT_THAT(Answers(), ElementsAre("203.0.113.2"));
  fleet_.nodes[1].tier = Tier::kExcluded;
  Start();
  EXPECT_THAT(Answers(), ElementsAre("192.0.2.1"));
}

TEST_F(SiteTest, TurnsToLastResortsOnlyWhenNobodyElseIsThere) {
  options_.panic = 0;
  options_.answers = 4;
  AddSites();
  AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
  fleet_.nodes[1].tier = Tier::kLastResort;
  fleet_.nodes[2].tier = Tier::kLastResort;
  fleet_.nodes[3].tier = Tier::kExcluded;
  Start();
  EXPECT_THAT(Answers(), ElementsAre("192.0.2.1"));
  fleet_.nodes[0].tier = Tier::kExcluded;
  Start();
  EXPECT_THAT(Answers(), ElementsAre("203.0.113.3", "203.0.113.2"));
  EXPECT_EQ(stats_.fail_open.value(), 0U);
}

TEST_F(SiteTest, AsksWhatANodeHosts) {
  AddSites();
  AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
  Host(2, {{"other.example", true}});
  Start();
  EXPECT_THAT(Answers(), ElementsAre("203.0.113.2")) << "the cheapest does not host it";
  Host(2, {{"other.example", true}, {"www.example", true}});
  Start();
  EXPECT_THAT(Answers(), ElementsAre("203.0.113.3"));
  Host(2, {{"www.example", false}});
  Start();
  EXPECT_THAT(Answers(), ElementsAre("203.0.113.2")) << "it hosts it, but is not ready";
}

TEST_F(SiteTest, FindsTheHostOfEachNameUnderAWildcardPool) {
  AddSites();
  AddNodes({0.1F, 0.5F});
  Host(0, {{"a.h.example", true}});
  Host(1, {{"b.h.example", true}});
  Start();
  EXPECT_THAT(Ask("a.h.example", RrType::kA).answer, ElementsAre("a.h.example. 0 IN A 192.0.2.1"));
  EXPECT_THAT(Ask("B.h.example", RrType::kA).answer,
              ElementsAre("B.h.example. 0 IN A 203.0.113.2"));
  EXPECT_EQ(Ask("c.h.example", RrType::kA).answer.size(), 2U) << "nobody: all_down";
  EXPECT_EQ(stats_.fail_open.value(), 1U);
}

TEST_F(SiteTest, CountsNamesThatClientsMakeUpBelowAWildcardAsTheWildcard) {
  AddSites();
  AddNodes({0.1F, 0.5F});
  Host(0, {{"a.h.example", true}});
  Start();
  for (const char* name : {"a.h.example", "b.h.example", "c.h.example", "x.y.h.example",
                           "*.y.h.example", "*.h.example", "www.example"}) {
    Ask(name, RrType::kA);
  }
  std::map<std::string, std::uint64_t> counted;
  SiteRow row;
  for (std::size_t i = 0; i < SiteTally::kRows; ++i) {
    if (!stats_.sites.Read(i, row)) continue;
    const auto name = wire::Name::FromWire(Octets(row.name));
    counted[name->ToString()] = row.answers;
  }
  EXPECT_EQ(counted, (std::map<std::string, std::uint64_t>{
                         {"a.h.example.", 1}, {"*.h.example.", 5}, {"www.example.", 1}}));
}

// Nothing is known of it: priced at the mean of the others it would never be the cheapest.
TEST_F(SiteTest, GivesAnUnmanagedMemberItsPartOfTheAnswers) {
  AddSites();
  AddNode(NodeOfLoad(0.6F), {"203.0.113.2"});
  AddNode(NodeOfLoad(0.1F), {"203.0.113.3"});
  AddNode(NodeOfLoad(0), {"203.0.113.4"});
  for (NodeEntry& node : fleet_.nodes) node.figures.sessions_per_answer = 0;
  fleet_.nodes[2].tier = Tier::kExcluded;
  Start();
  std::map<std::string, int> given;
  for (int i = 0; i < 300; ++i) ++given[Answers()[0]];
  EXPECT_NEAR(given["192.0.2.1"], 100, 2) << "one of three candidates";
  EXPECT_NEAR(given["203.0.113.3"], 200, 2) << "the cheapest of the others";
}

TEST_F(SiteTest, GivesAnUnmanagedMemberItsPartOfSeveralAddresses) {
  options_.answers = 2;
  AddSites();
  AddNode(NodeOfLoad(0.6F), {"203.0.113.2"});
  AddNode(NodeOfLoad(0.1F), {"203.0.113.3"});
  for (NodeEntry& node : fleet_.nodes) node.figures.sessions_per_answer = 0;
  Start();
  std::map<std::string, int> given;
  for (int i = 0; i < 300; ++i) {
    const auto both = Answers();
    ASSERT_EQ(both.size(), 2U);
    for (const std::string& address : both) ++given[address];
  }
  EXPECT_NEAR(given["192.0.2.1"] + given["203.0.113.4"], 300, 2) << "half of the candidates";
  EXPECT_EQ(given["203.0.113.3"], 300);
}

TEST_F(SiteTest, TakesAnUnmanagedMemberForUsable) {
  AddSites();
  AddNode(NodeOfLoad(0.6F), {"203.0.113.2"});
  AddNode(NodeOfLoad(0.1F), {"203.0.113.3"});
  AddNode(NodeOfLoad(0), {"203.0.113.4"});
  fleet_.nodes[2].tier = Tier::kExcluded;
  fleet_.nodes[0].tier = fleet_.nodes[1].tier = Tier::kExcluded;
  Start();
  EXPECT_THAT(Answers(), ElementsAre("192.0.2.1")) << "unknown is not dead";
}

TEST_F(SiteTest, ServesAPoolNobodyReportedAsPlainDnsWould) {
  AddSites();
  Start();
  const Reply reply = Ask("www.example", RrType::kA);
  EXPECT_THAT(reply.rdata(),
              UnorderedElementsAre("192.0.2.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"));
  for (const std::string& record : reply.answer) EXPECT_NE(record.find(" 60 IN "), record.npos);
}

TEST_F(SiteTest, RotatesAPlainPoolAmongMembersEquallyNear) {
  rules_.Add("*", options_);
  AddZone("example", "www A 203.0.113.2\nwww A 203.0.113.3\nwww A 203.0.113.4\n");
  Start();
  std::map<std::string, int> first;
  for (int i = 0; i < 3000; ++i) ++first[Answers()[0]];
  EXPECT_EQ(first.size(), 3U);
  for (const auto& [address, count] : first) EXPECT_NEAR(count, 1000, 150) << address;
}

// Chen and Chi's location form, served unchanged.
TEST_F(SiteTest, GivesAClientTheServerOnItsCampusFirst) {
  AddZone("example", "www A 203.64.88.10\nwww A 140.112.19.76\nwww A 128.32.206.66\n");
  Start();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(Answers(From("140.112.8.1"))[0], "140.112.19.76");
    ASSERT_EQ(Answers(Subnet("140.112.0.0/16"))[0], "140.112.19.76");
    ASSERT_EQ(Answers(From("128.32.1.1"))[0], "128.32.206.66");
  }
}

TEST_F(SiteTest, PutsTheNearestFirstAmongEqualsInCost) {
  AddSites();
  AddNodes({0.101F, 0.1F, 0.1F, 0.1F});
  Start();
  EXPECT_THAT(Answers(From("192.0.2.99")), ElementsAre("192.0.2.1"));
  fleet_.nodes[0] = NodeOfLoad(0.5F);
  Start();
  EXPECT_NE(Answers(From("192.0.2.99"))[0], "192.0.2.1") << "outside the margin";
}

TEST_F(SiteTest, PutsTheNearestFirstAtAnyCostWhenLocalityIsFirst) {
  options_.order = zone::Order::kLocality;
  AddSites();
  AddNodes({0.8F, 0.1F, 0.2F, 0.1F});
  Start();
  EXPECT_THAT(Answers(From("192.0.2.99")), ElementsAre("192.0.2.1"));
  fleet_.nodes[0].tier = Tier::kExcluded;
  Start();
  EXPECT_NE(Answers(From("192.0.2.99"))[0], "192.0.2.1");
}

TEST_F(SiteTest, PutsListedMembersBeforeNearOnes) {
  options_.order = zone::Order::kLocality;
  locality_.subnets = {{*IpPrefix::Parse("192.0.2.0/24"), {*IpPrefix::Parse("203.0.113.4")}}};
  AddSites();
  AddNodes({0.1F, 0.1F, 0.1F, 0.7F});
  Start();
  EXPECT_THAT(Answers(From("192.0.2.99")), ElementsAre("203.0.113.4"));
  EXPECT_THAT(Answers(From("192.0.3.99")), ElementsAre("192.0.2.1"));
}

TEST_F(SiteTest, TakesTurnsInRoundRobin) {
  options_.policy = zone::Policy::kRoundRobin;
  AddSites();
  AddNodes({0.1F, 0.9F, 0.5F, 0.7F});
  fleet_.nodes[2].tier = Tier::kExcluded;
  Start();
  std::vector<std::string> given;
  for (int i = 0; i < 6; ++i) given.push_back(Answers()[0]);
  EXPECT_THAT(given, ElementsAre("192.0.2.1", "203.0.113.2", "203.0.113.4", "192.0.2.1",
                                 "203.0.113.2", "203.0.113.4"));
}

// As most clients ask: A, AAAA, A, AAAA.
TEST_F(SiteTest, TakesTurnsInEachAddressFamily) {
  options_.policy = zone::Policy::kRoundRobin;
  rules_.Add("*", options_);
  AddZone("example",
          "www A 192.0.2.1\nwww A 192.0.2.2\nwww AAAA 2001:db8::1\nwww AAAA 2001:db8::2\n");
  AddNode(NodeOfLoad(0), {"192.0.2.1", "2001:db8::1"});
  AddNode(NodeOfLoad(0), {"192.0.2.2", "2001:db8::2"});
  Start();
  std::map<std::string, int> given;
  for (int i = 0; i < 8; ++i) {
    ++given[Answers()[0]];
    ++given[Ask("www.example", RrType::kAaaa).rdata()[0]];
  }
  for (const char* member : {"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"}) {
    EXPECT_EQ(given[member], 4) << member;
  }
}

TEST_F(SiteTest, SpreadsAnIdleFleetByItsOwnAnswers) {
  AddSites();
  AddNodes({0, 0, 0, 0});
  Start();
  for (int i = 0; i < 400; ++i) Answers(From("10.0.0.1"));
  for (fleet::NodeIndex node = 0; node < 4; ++node) {
    EXPECT_NEAR(static_cast<double>(stats_.answers[node].value()), 100, 4) << node;
  }
}

TEST_F(SiteTest, FillsTheCheaperNodesUpFirst) {
  options_.margin = 0;
  AddSites();
  AddNodes({0.3F, 0, 0.3F, 0.3F});
  Start();
  for (int i = 0; i < 25; ++i) EXPECT_THAT(Answers(), ElementsAre("203.0.113.2")) << i;
  for (int i = 0; i < 75; ++i) Answers();
  EXPECT_NEAR(static_cast<double>(stats_.answers[1].value()), 48, 3)
      << "30 to draw level, then a quarter";
}

TEST_F(SiteTest, CountsItsAnswersForAllWorkers) {
  options_.margin = 0;
  AddSites();
  AddNodes({0.3F, 0, 0.3F, 0.3F});
  fleet_.answer_scale = {10};
  Start();
  for (int i = 0; i < 100; ++i) Answers();
  EXPECT_LT(stats_.answers[1].value(), 30U) << "three of ours are thirty of all";
}

TEST_F(SiteTest, ForgetsItsOwnAnswersWithTheNextView) {
  options_.margin = 0;
  AddSites();
  AddNodes({0.005F, 0, 0.5F, 0.5F});
  Start();
  EXPECT_THAT(Answers(), ElementsAre("203.0.113.2"));
  EXPECT_THAT(Answers(), ElementsAre("192.0.2.1"));
  responder_->Adopt(fleet_);
  EXPECT_THAT(Answers(), ElementsAre("203.0.113.2"));
}

// Suspects are answered like others while less than 30 % of the pool's capacity is usable.
class PanicTest : public SiteTest {
 protected:
  // Four nodes that many answer; `usable` of them are, the others suspect.
  void Begin(std::size_t usable, std::vector<float> cpus = {1, 1, 1, 1}) {
    options_.answers = 4;
    AddSites();
    AddNodes({0.1F, 0.1F, 0.1F, 0.1F});
    for (std::size_t i = 0; i < 4; ++i) fleet_.nodes[i].figures.cpus = cpus[i];
    SetUsable(usable);
    Start();
  }
  void SetUsable(std::size_t usable) {
    for (std::size_t i = 0; i < 4; ++i) {
      fleet_.nodes[i].tier = i < usable ? Tier::kUsable : Tier::kLastResort;
    }
    if (responder_ != nullptr) responder_->Adopt(fleet_);
  }
};

TEST_F(PanicTest, BringsTheSuspectsBackAndCountsIt) {
  Begin(1);
  EXPECT_EQ(Answers().size(), 4U);
  EXPECT_EQ(stats_.panic.value(), 1U);
  EXPECT_EQ(stats_.fail_open.value(), 0U);
}

TEST_F(PanicTest, IsNotWhereEnoughAreLeft) {
  Begin(2);
  EXPECT_EQ(Answers().size(), 2U);
  EXPECT_EQ(stats_.panic.value(), 0U);
}

TEST_F(PanicTest, IsSwitchedOffByNought) {
  options_.panic = 0;
  Begin(1);
  EXPECT_THAT(Answers(), ElementsAre("192.0.2.1"));
  EXPECT_EQ(stats_.panic.value(), 0U);
}

TEST_F(PanicTest, CountsCapacityByCpus) {
  Begin(1, {16, 1, 1, 1});
  EXPECT_EQ(Answers().size(), 1U) << "16 of 19";
}

TEST_F(PanicTest, CountsTheCapacityOfTheDeadAsLost) {
  Begin(2, {1, 1, 1, 4});
  EXPECT_EQ(Answers().size(), 4U) << "2 of 7";
  fleet_.nodes[3].tier = Tier::kExcluded;
  responder_->Adopt(fleet_);
  EXPECT_EQ(Answers().size(), 3U) << "as many are lost; the dead one stays out";
}

TEST_F(PanicTest, IsBelowTheShareAndNotAtIt) {
  options_.panic = 0.25F;
  Begin(1);
  EXPECT_EQ(Answers().size(), 1U);
}

TEST_F(PanicTest, LastsUntilAThirdMoreIsLeft) {
  options_.panic = 0.4F;
  Begin(1);
  EXPECT_EQ(Answers().size(), 4U);
  SetUsable(2);
  EXPECT_EQ(Answers().size(), 4U) << "half is above 0.4, and not above 0.53";
  SetUsable(3);
  EXPECT_EQ(Answers().size(), 3U);
  SetUsable(2);
  EXPECT_EQ(Answers().size(), 2U) << "it is over";
}

TEST_F(PanicTest, IsForgottenOnceThereAreNoSuspects) {
  options_.panic = 0.4F;
  Begin(1);
  EXPECT_EQ(Answers().size(), 4U);
  SetUsable(4);
  EXPECT_EQ(Answers().size(), 4U);
  SetUsable(2);
  EXPECT_EQ(Answers().size(), 2U);
}

TEST_F(PanicTest, LooksAtThoseAloneThatHostTheSite) {
  Begin(1);
  Host(2, {{"other.example", true}});
  Host(3, {{"other.example", true}});
  Start();
  EXPECT_EQ(Answers().size(), 1U) << "one of two";
}

class AllDownTest : public SiteTest {
 protected:
  void Start(AllDown rule) {
    options_.all_down = rule;
    AddSites();
    AddNodes({0.5F, 0.3F, 0.1F, 0.6F});
    for (NodeEntry& node : fleet_.nodes) node.tier = Tier::kExcluded;
    for (std::uint32_t i = 0; i < 4; ++i) fleet_.nodes[i].last_usable = 100 + i / 2;
    SiteTest::Start();
  }
};

TEST_F(AllDownTest, AnswersTheWholePool) {
  Start(AllDown::kAll);
  EXPECT_THAT(Answers(),
              UnorderedElementsAre("192.0.2.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"));
  EXPECT_EQ(stats_.fail_open.value(), 1U);
}

TEST_F(AllDownTest, AnswersThoseThatWereWellLast) {
  Start(AllDown::kLastGood);
  EXPECT_THAT(Answers(), UnorderedElementsAre("203.0.113.3", "203.0.113.4"));
}

TEST_F(AllDownTest, AnswersThoseThatWereWellLastOfTheSitesHosts) {
  Start(AllDown::kLastGood);
  // The latest two are well, but have other sites.
  for (const fleet::NodeIndex node : {2U, 3U}) {
    fleet_.nodes[node].tier = Tier::kUsable;
    Host(node, {{"other.example", true}});
  }
  SiteTest::Start();
  EXPECT_THAT(Answers(), UnorderedElementsAre("192.0.2.1", "203.0.113.2"));
}

TEST_F(AllDownTest, AnswersThoseThatWereWellLastWhenNobodyHostsTheSite) {
  Start(AllDown::kLastGood);
  for (const fleet::NodeIndex node : {0U, 1U, 2U, 3U}) Host(node, {{"other.example", true}});
  SiteTest::Start();
  EXPECT_THAT(Answers(), UnorderedElementsAre("203.0.113.3", "203.0.113.4"));
}

TEST_F(AllDownTest, AnswersNodata) {
  Start(AllDown::kNoData);
  const Reply reply = Ask("www.example", RrType::kA);
  EXPECT_EQ(reply.rcode, 0);
  EXPECT_THAT(reply.answer, IsEmpty());
  EXPECT_THAT(reply.authority, ElementsAre(kSoa));
}

TEST_F(AllDownTest, AnswersServfail) {
  Start(AllDown::kServFail);
  const Reply reply = Ask("www.example", RrType::kA);
  EXPECT_EQ(reply.rcode, 2);
  EXPECT_THAT(reply.answer, IsEmpty());
  EXPECT_THAT(reply.authority, IsEmpty());
  const Reply mx = Ask("example", RrType::kMx);
  EXPECT_EQ(mx.rcode, 0) << "as additional data it is left out";
  EXPECT_EQ(mx.answer.size(), 1U);
  EXPECT_THAT(mx.additional, IsEmpty());
}

TEST_F(SiteTest, ReturnsAScopeAsLongAsTheAnswerDependedOnIt) {
  locality_.subnets = {{*IpPrefix::Parse("172.16.0.0/12"), {*IpPrefix::Parse("203.0.113.4")}}};
  AddSites();
  AddNodes({0.1F, 0.1F, 0.1F, 0.1F});
  Start();
  const struct {
    const char* subnet;
    int scope;
  } cases[] = {
      {"192.0.2.0/24", 24}, {"192.0.2.1/32", 24},  // one network is one place
      {"192.0.3.0/24", 24}, {"192.0.4.0/24", 22},  // one bit past what it shares with a member
      {"10.0.0.0/24", 1},   {"172.16.0.0/16", 12}, {"192.0.0.0/16", 16},
      {"2001:db8::/56", 0}, {"0.0.0.0/0", 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.subnet);
    EXPECT_EQ(Ask("www.example", RrType::kA, Subnet(c.subnet)).scope, c.scope);
  }
  EXPECT_EQ(Ask("no.example", RrType::kA, Subnet("192.0.2.0/24")).scope, 0);
  EXPECT_EQ(Ask("www.example", RrType::kTxt, Subnet("192.0.2.0/24")).scope, 0);
  EXPECT_EQ(Ask("www.example", RrType::kA, {.edns = 1232}).scope, -1);
}

// RFC 7871 §7.2.1: as a server without the option would answer, for the resolver itself.
TEST_F(SiteTest, IgnoresTheSubnetOfAResolverThatIsNotTrusted) {
  options_.order = zone::Order::kLocality;
  AddSites();
  AddNodes({0.1F, 0.1F, 0.1F, 0.1F});
  Start();
  served_->client_subnets = ClientSubnets({*IpPrefix::Parse("198.51.100.0/24")}, 24, 56);
  Asking asking = Subnet("203.0.113.0/24");
  asking.client = "192.0.2.99";
  const Reply ignored = Ask("www.example", RrType::kA, asking);
  EXPECT_THAT(ignored.rdata(), ElementsAre("192.0.2.1"));
  EXPECT_TRUE(ignored.edns);
  EXPECT_EQ(ignored.scope, -1) << "no option comes back";
  asking.client = "198.51.100.7";
  const Reply taken = Ask("www.example", RrType::kA, asking);
  EXPECT_EQ(taken.rdata()[0].substr(0, 10), "203.0.113.");
  EXPECT_EQ(taken.scope, 24);
}

// RFC 7871 §11.1: bits that say where one person lives are neither used nor told.
TEST_F(SiteTest, LooksAtNoMoreOfASubnetThanTheLimit) {
  options_.order = zone::Order::kLocality;
  AddSites();
  AddNodes({0.1F, 0.1F, 0.1F, 0.1F});
  Start();
  served_->client_subnets = ClientSubnets(16, 32);
  const Reply reply = Ask("www.example", RrType::kA, Subnet("192.0.2.128/25"));
  EXPECT_THAT(reply.rdata(), ElementsAre("192.0.2.1"));
  EXPECT_EQ(reply.scope, 16);
  served_->client_subnets = ClientSubnets(0, 0);
  EXPECT_EQ(Ask("www.example", RrType::kA, Subnet("192.0.2.128/25")).scope, 0);
}

// RFC 7871 §7.1.2: a length of 0 asks that no client be told from another.
TEST_F(SiteTest, AnswersForTheResolverWhereTheSubnetIsEmpty) {
  options_.order = zone::Order::kLocality;
  AddSites();
  AddNodes({0.1F, 0.1F, 0.1F, 0.1F});
  Start();
  Asking asking = Subnet("0.0.0.0/0");
  asking.client = "192.0.2.99";
  const Reply reply = Ask("www.example", RrType::kA, asking);
  EXPECT_THAT(reply.rdata(), ElementsAre("192.0.2.1"));
  EXPECT_EQ(reply.scope, 0);
}

TEST_F(SiteTest, ReturnsScopeZeroWhenOneMemberAloneIsLeft) {
  AddSites();
  AddNodes({0.1F, 0.1F, 0.1F, 0.1F});
  for (int i = 1; i < 4; ++i) fleet_.nodes[static_cast<std::size_t>(i)].tier = Tier::kExcluded;
  Start();
  EXPECT_EQ(Ask("www.example", RrType::kA, Subnet("192.0.2.0/24")).scope, 0);
}

// Every client that agrees in the scope's bits is given the same order.
TEST_F(SiteTest, AnswersAllClientsOfOneScopeAlike) {
  options_.order = zone::Order::kLocality;
  options_.answers = 4;
  locality_.subnets = {{*IpPrefix::Parse("203.0.112.0/20"), {*IpPrefix::Parse("192.0.2.1")}}};
  rules_.Add("*", options_);
  AddZone("example", "www A 192.0.2.1\nwww A 192.0.3.2\nwww A 203.0.113.3\nwww A 10.0.0.4\n");
  const char* addresses[] = {"192.0.2.1", "192.0.3.2", "203.0.113.3", "10.0.0.4"};
  for (std::size_t i = 0; i < 4; ++i) {
    NodeEntry node = NodeOfLoad(0.1F * static_cast<float>(i + 1));
    node.figures.sessions_per_answer = 0;  // the same costs for everybody
    AddNode(node, {addresses[i]});
  }
  Start();
  Random random(5);
  const std::uint32_t bases[] = {0xC0000200, 0xCB007100, 0x0A000000, 0};
  for (int i = 0; i < 2000; ++i) {
    const auto flip = static_cast<std::uint32_t>(random.Next()) >> (random.Next() % 32);
    const std::uint32_t address = (bases[i % 4] ^ flip) & 0xFFFFFF00U;
    const auto text = [](std::uint32_t a) {
      return std::to_string(a >> 24) + "." + std::to_string(a >> 16 & 255) + "." +
             std::to_string(a >> 8 & 255) + ".0/24";
    };
    const Reply one = Ask("www.example", RrType::kA, Subnet(text(address).c_str()));
    ASSERT_GE(one.scope, 0);
    const std::uint32_t free_bits = one.scope == 0 ? 0xFFFFFFFFU : 0xFFFFFFFFU >> one.scope;
    const std::uint32_t other =
        (address ^ (static_cast<std::uint32_t>(random.Next()) & free_bits)) & 0xFFFFFF00U;
    ASSERT_EQ(Ask("www.example", RrType::kA, Subnet(text(other).c_str())).rdata(), one.rdata())
        << text(address) << " and " << text(other) << " of scope " << one.scope;
  }
}

}  // namespace
}  // namespace dnsd::answer
