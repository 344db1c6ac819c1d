// Answers by where the client is: operator's subnets and regions, databases, shared prefixes; and
// how locality and load share the traffic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/answer/asking.h"

namespace dnsd::answer {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using wire::RrType;

constexpr const char* kBerlin = "192.0.2.1";
constexpr const char* kParis = "198.51.100.2";
constexpr const char* kBoston = "203.0.113.3";
const char* const kMembers[] = {kBerlin, kParis, kBoston};

class NearnessTest : public AskingTest {
 protected:
  // www: a node in each city, as their reporters say, of these loads.
  void Begin(const std::vector<float>& loads = {0.1F, 0.1F, 0.1F}) {
    rules_.Add("*", options_);
    AddZone("example", "www A 192.0.2.1\nwww A 198.51.100.2\nwww A 203.0.113.3\n");
    for (std::size_t i = 0; i < loads.size(); ++i) AddNode(NodeOfLoad(loads[i]), {kMembers[i]});
    fleet_.places =
        std::make_shared<const std::vector<fleet::NamedPlace>>(std::vector<fleet::NamedPlace>{
            {"berlin", {.region = "eu", .coordinates = fleet::Coordinates{52.52, 13.40}}},
            {"paris", {.region = "eu", .coordinates = fleet::Coordinates{48.86, 2.35}}},
            {"boston", {.region = "us", .coordinates = fleet::Coordinates{42.36, -71.06}}}});
    Start();
  }
  void SetLoads(const std::vector<float>& loads) {
    for (std::size_t i = 0; i < loads.size(); ++i) {
      fleet_.nodes[i] = NodeOfLoad(loads[i]);
      fleet_.nodes[i].figures.sessions_per_answer = 0;  // loads as they are, whatever is answered
    }
    Start();
  }
  void LocateClients(const char* prefix, const char* country, double latitude, double longitude) {
    locality::Location location;
    location.country = locality::CodeOf(country);
    location.has_coordinates = true;
    location.latitude = static_cast<float>(latitude);
    location.longitude = static_cast<float>(longitude);
    geo_.locations.push_back(location);
    located_.push_back(
        {*IpPrefix::Parse(prefix), static_cast<std::uint32_t>(geo_.locations.size() - 1)});
    geo_.v4 = locality::RangesOf(located_, IpFamily::kV4);
  }
  Reply AskFrom(const char* subnet) {
    Asking asking;
    asking.subnet = subnet;
    return Ask("www.example", RrType::kA, asking);
  }
  std::vector<std::string> Answers(const char* subnet) { return AskFrom(subnet).rdata(); }
  std::map<std::string, int> Shares(const char* subnet, int answers) {
    std::map<std::string, int> shares;
    for (int i = 0; i < answers; ++i) ++shares[Answers(subnet)[0]];
    return shares;
  }

  zone::SiteOptions options_;

 private:
  std::vector<locality::PrefixValue> located_;
};

TEST_F(NearnessTest, ClientsOfARegionGetItsMembersFirst) {
  options_.order = zone::Order::kLocality;
  options_.answers = 3;
  locality_.regions = {{"eu"}, {"us", {"us", "eu"}}};
  locality_.subnets = {{*IpPrefix::Parse("10.1.0.0/16"), {}, "eu"},
                       {*IpPrefix::Parse("10.2.0.0/16"), {}, "us"}};
  Begin({0.2F, 0.1F, 0.1F});
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kParis, kBerlin, kBoston));
  EXPECT_THAT(Answers("10.2.7.0/24"), ElementsAre(kBoston, kParis, kBerlin));
  EXPECT_EQ(AskFrom("10.1.7.0/24").scope, 16);
  EXPECT_EQ(AskFrom("10.0.7.0/24").scope, 16) << "the bit that tells it from 10.1.0.0/16";
}

TEST_F(NearnessTest, TheConfigurationKnowsBetterThanAReporter) {
  options_.order = zone::Order::kLocality;
  locality_.regions = {{"eu"}, {"us"}};
  locality_.subnets = {{*IpPrefix::Parse("10.1.0.0/16"), {}, "us"}};
  locality_.nodes = {{.name = "berlin", .place = {.region = "us"}},
                     {.addresses = {*IpPrefix::Parse(kBoston)}, .place = {.region = "eu"}}};
  Begin();
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kBerlin));
}

TEST_F(NearnessTest, APlaceThatComesLaterCounts) {
  options_.order = zone::Order::kLocality;
  locality_.regions = {{"eu"}, {"us"}};
  locality_.subnets = {{*IpPrefix::Parse("10.1.0.0/16"), {}, "us"}};
  Begin();
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kBoston));
  auto moved = *fleet_.places;
  moved[0].place.region = "us";
  moved[2].place.region = "eu";
  fleet_.places = std::make_shared<const std::vector<fleet::NamedPlace>>(moved);
  responder_->Adopt(fleet_);
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kBerlin));
}

TEST_F(NearnessTest, ADatabasesDistanceDecidesWhereTheOperatorSaysNothing) {
  options_.order = zone::Order::kLocality;
  locality_.by_distance = true;
  locality_.subnets = {{*IpPrefix::Parse("10.3.1.0/24"), {*IpPrefix::Parse(kParis)}}};
  LocateClients("10.1.0.0/16", "FR", 45.76, 4.84);    // Lyon
  LocateClients("10.2.0.0/16", "US", 40.71, -74.01);  // New York
  LocateClients("10.3.0.0/16", "PL", 52.23, 21.01);   // Warsaw
  Begin();
  EXPECT_THAT(Answers("10.1.7.0/24"), ElementsAre(kParis));
  EXPECT_THAT(Answers("10.2.7.0/24"), ElementsAre(kBoston));
  EXPECT_THAT(Answers("10.3.7.0/24"), ElementsAre(kBerlin));
  EXPECT_THAT(Answers("10.3.1.0/24"), ElementsAre(kParis)) << "the operator says so";
  EXPECT_EQ(AskFrom("10.3.7.0/24").scope, 22) << "one bit past what it shares with 10.3.1.0/24";
}

TEST_F(NearnessTest, AmongEqualCostsTheNearestAnswers) {
  locality_.by_distance = true;
  LocateClients("10.2.0.0/16", "US", 40.71, -74.01);
  Begin({0.1F, 0.1F, 0.1F});
  SetLoads({0.1F, 0.1F, 0.1F});
  EXPECT_THAT(Answers("10.2.7.0/24"), ElementsAre(kBoston));
  SetLoads({0.1F, 0.1F, 0.6F});
  EXPECT_NE(Answers("10.2.7.0/24")[0], kBoston) << "cost comes first";
}

class SpillTest : public NearnessTest {
 protected:
  void SetUp() override {
    options_.prefer = zone::Prefer::kLocality;
    locality_.regions = {{"eu"}, {"us"}};
    locality_.subnets = {{*IpPrefix::Parse("10.1.0.0/16"), {}, "eu"},
                         {*IpPrefix::Parse("10.2.0.0/16"), {}, "us"}};
    Begin();
  }
};

TEST_F(SpillTest, TheNearestAnswerThoughOthersAreCheaper) {
  SetLoads({0.1F, 0.3F, 0.02F});
  EXPECT_THAT(Shares("10.1.7.0/24", 50), UnorderedElementsAre(std::pair(kBerlin, 50)))
      << "of those the cheapest";
  SetLoads({0.02F, 0.02F, 0.11F});
  EXPECT_THAT(Shares("10.2.7.0/24", 50), UnorderedElementsAre(std::pair(kBoston, 50)));
}

TEST_F(SpillTest, APartLeavesOnceTheNearestAreBusierByTheMargin) {
  SetLoads({0.1F, 0.1F, 0.25F});
  const auto some = Shares("10.2.7.0/24", 1000);
  EXPECT_NEAR(some.at(kBoston), 650, 20) << "half of the ramp: half of 1.8 of 2.55 idle CPUs";
  SetLoads({0.1F, 0.1F, 0.9F});
  const auto most = Shares("10.2.7.0/24", 1000);
  EXPECT_NEAR(most.at(kBoston), 1000 * 0.09 / (0.09 + 2 * 0.89), 20) << "by idle CPUs";
  EXPECT_GT(most.at(kBerlin), 300);
  EXPECT_GT(most.at(kParis), 300);
}

TEST_F(SpillTest, TheMarginIsTheSitesOwn) {
  options_.spill = 0.5F;
  rules_ = zone::SiteRules();
  zones_.clear();
  fleet_.nodes.clear();
  Begin();
  SetLoads({0.1F, 0.1F, 0.55F});
  EXPECT_THAT(Shares("10.2.7.0/24", 50), UnorderedElementsAre(std::pair(kBoston, 50)));
}

TEST_F(SpillTest, TrafficComesBackWhenTheNearestAreFree) {
  SetLoads({0.1F, 0.1F, 0.9F});
  EXPECT_GT(Shares("10.2.7.0/24", 100).size(), 1U);
  SetLoads({0.1F, 0.1F, 0.15F});
  EXPECT_THAT(Shares("10.2.7.0/24", 50), UnorderedElementsAre(std::pair(kBoston, 50)));
}

TEST_F(SpillTest, SeveralAnswersAreTheNearestAndThenTheNext) {
  options_.answers = 3;
  rules_ = zone::SiteRules();
  zones_.clear();
  fleet_.nodes.clear();
  Begin();
  SetLoads({0.12F, 0.1F, 0.1F});
  EXPECT_THAT(Answers("10.2.7.0/24"), ElementsAre(kBoston, kParis, kBerlin));
  EXPECT_EQ(Answers("10.1.7.0/24")[2], kBoston);
}

}  // namespace
}  // namespace dnsd::answer
