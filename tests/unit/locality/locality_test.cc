#include "dnsd/locality/locality.h"

#include <gtest/gtest.h>

namespace dnsd::locality {
namespace {

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }
IpPrefix Prefix(const char* text) { return *IpPrefix::Parse(text); }

constexpr fleet::Coordinates kBerlin{52.52, 13.40};
constexpr fleet::Coordinates kParis{48.86, 2.35};
constexpr fleet::Coordinates kNewYork{40.71, -74.01};

GeoDatabase DatabaseOf(const std::vector<std::pair<const char*, Location>>& networks) {
  GeoDatabase database;
  std::vector<PrefixValue> prefixes;
  for (const auto& [prefix, location] : networks) {
    prefixes.push_back({Prefix(prefix), static_cast<std::uint32_t>(database.locations.size())});
    database.locations.push_back(location);
  }
  database.v4 = RangesOf(prefixes, IpFamily::kV4);
  database.v6 = RangesOf(prefixes, IpFamily::kV6);
  return database;
}

Location LocationOf(const char* continent, const char* country, const fleet::Coordinates& at) {
  Location location;
  location.continent = CodeOf(continent);
  location.country = CodeOf(country);
  location.has_coordinates = true;
  location.latitude = static_cast<float>(at.latitude);
  location.longitude = static_cast<float>(at.longitude);
  return location;
}

// The better of what operator and database say, as the chooser takes it.
Score ScoreOf(const Locality& locality, const char* client, const char* member,
              const fleet::Place& place = {}) {
  const ClientPlace& from = locality.place(locality.Find(Ip(client)).value);
  const MemberPlace to = locality.PlaceOfNode("", place);
  const Score score = locality.ByOperator(from, Ip(member), to);
  return score != 0 ? score : locality.ByDatabase(from, to);
}

TEST(Locality, IsEmptyWhereNothingIsConfigured) {
  EXPECT_TRUE(Locality().empty());
  EXPECT_EQ(Locality().Find(Ip("192.0.2.1")), (Found{0, 0}));
}

TEST(Locality, PutsListedMembersBeforeAllOthersInTheirOrder) {
  const Locality locality(
      {.subnets = {{Prefix("10.0.0.0/8"), {Prefix("203.0.113.0/24"), Prefix("198.51.100.7")}}}}, {},
      {});
  EXPECT_FALSE(locality.empty());
  const Score first = ScoreOf(locality, "10.1.2.3", "203.0.113.9");
  const Score second = ScoreOf(locality, "10.1.2.3", "198.51.100.7");
  EXPECT_GT(first, second);
  EXPECT_GE(second, kOperatorFrom);
  EXPECT_EQ(ScoreOf(locality, "10.1.2.3", "198.51.100.8"), 0) << "not listed";
  EXPECT_EQ(ScoreOf(locality, "11.0.0.1", "203.0.113.9"), 0);
}

TEST(Locality, TakesRegionsInTheOrderOfTheClients) {
  const Locality locality({.regions = {{"eu", {"us"}}, {"us", {"asia", "us"}}, {"asia"}},
                           .subnets = {{Prefix("10.0.0.0/8"), {}, "eu"},
                                       {Prefix("11.0.0.0/8"), {}, "us"},
                                       {Prefix("12.0.0.0/8"), {}, "asia"}}},
                          {}, {});
  const auto score = [&](const char* client, const char* region) {
    return ScoreOf(locality, client, "192.0.2.1", {.region = region});
  };
  EXPECT_GT(score("10.0.0.1", "eu"), score("10.0.0.1", "us")) << "its own first";
  EXPECT_EQ(score("10.0.0.1", "asia"), 0) << "not in its order";
  EXPECT_GT(score("11.0.0.1", "asia"), score("11.0.0.1", "us")) << "unless it says otherwise";
  EXPECT_GE(score("12.0.0.1", "asia"), kOperatorFrom);
  EXPECT_EQ(score("12.0.0.1", "eu"), 0);
  EXPECT_EQ(score("12.0.0.1", "mars"), 0) << "a reporter's word that means nothing here";
  EXPECT_EQ(score("12.0.0.1", ""), 0);
}

TEST(Locality, TheLongestSubnetCountsWhateverItsKind) {
  const Locality locality({.regions = {{"eu"}},
                           .subnets = {{Prefix("10.0.0.0/8"), {}, "eu"},
                                       {Prefix("10.1.0.0/16"), {Prefix("192.0.2.9")}}}},
                          {}, {});
  EXPECT_NE(ScoreOf(locality, "10.2.0.1", "192.0.2.1", {.region = "eu"}), 0);
  EXPECT_EQ(ScoreOf(locality, "10.1.0.1", "192.0.2.1", {.region = "eu"}), 0);
  EXPECT_NE(ScoreOf(locality, "10.1.0.1", "192.0.2.9"), 0);
  EXPECT_EQ(locality.Find(Ip("10.1.0.1")).bits, 16);
  EXPECT_EQ(locality.Find(Ip("10.2.0.1")).bits, 15);
}

TEST(Locality, RulesMakeRegionsOfWhatADatabaseSays) {
  Location asn;
  asn.as_number = 64500;
  const GeoDatabase database = DatabaseOf({{"10.0.0.0/16", LocationOf("EU", "DE", kBerlin)},
                                           {"10.1.0.0/16", LocationOf("EU", "FR", kParis)},
                                           {"10.2.0.0/16", LocationOf("NA", "US", kNewYork)},
                                           {"10.3.0.0/16", asn}});
  const Locality locality({.regions = {{"de", {"eu"}}, {"eu"}, {"lab"}},
                           .rules = {{.country = CodeOf("DE"), .region = "de"},
                                     {.continent = CodeOf("EU"), .region = "eu"},
                                     {.as_number = 64500, .region = "lab"}}},
                          database, {});
  const auto score = [&](const char* client, const char* region) {
    return ScoreOf(locality, client, "192.0.2.1", {.region = region});
  };
  EXPECT_GT(score("10.0.0.1", "de"), score("10.0.0.1", "eu")) << "the first rule that holds";
  EXPECT_EQ(SourceOf(score("10.0.0.1", "de")), Source::kDatabase);
  EXPECT_EQ(score("10.1.0.1", "de"), 0);
  EXPECT_NE(score("10.1.0.1", "eu"), 0);
  EXPECT_EQ(score("10.2.0.1", "eu"), 0);
  EXPECT_NE(score("10.3.0.1", "lab"), 0);
  EXPECT_EQ(score("192.0.2.1", "eu"), 0) << "a rule does not hold for what is not known";
}

TEST(Locality, TheNearerMemberIsTheOneAtTheShorterDistance) {
  const GeoDatabase database = DatabaseOf({{"10.0.0.0/16", LocationOf("EU", "DE", kBerlin)}});
  const auto locality = [&](bool by_distance) {
    return Locality({.by_distance = by_distance}, database, {});
  };
  const auto score = [&](const fleet::Coordinates& at) {
    return ScoreOf(locality(true), "10.0.0.1", "192.0.2.1", {.coordinates = at});
  };
  EXPECT_GT(score(kBerlin), score(kParis));
  EXPECT_GT(score(kParis), score(kNewYork));
  EXPECT_GE(score(kNewYork), kDatabaseFrom);
  EXPECT_EQ(ScoreOf(locality(true), "11.0.0.1", "192.0.2.1", {.coordinates = kBerlin}), 0);
  EXPECT_TRUE(locality(false).empty()) << "what is not asked for makes no difference";
}

TEST(Locality, ADatabasesRegionComesBeforeItsDistances) {
  const GeoDatabase database = DatabaseOf({{"10.0.0.0/16", LocationOf("EU", "DE", kBerlin)}});
  const Locality locality({.regions = {{"west"}, {"east"}},
                           .rules = {{.country = CodeOf("DE"), .region = "west"}},
                           .by_distance = true},
                          database, {});
  EXPECT_GT(ScoreOf(locality, "10.0.0.1", "192.0.2.1", {.region = "west", .coordinates = kNewYork}),
            ScoreOf(locality, "10.0.0.1", "192.0.2.1", {.region = "east", .coordinates = kBerlin}));
}

TEST(Locality, TheOperatorComesBeforeDatabases) {
  const GeoDatabase database = DatabaseOf({{"10.0.0.0/8", LocationOf("EU", "DE", kBerlin)}});
  const Locality locality({.regions = {{"eu"}, {"us"}},
                           .subnets = {{Prefix("10.1.0.0/16"), {}, "us"}},
                           .rules = {{.country = CodeOf("DE"), .region = "eu"}}},
                          database, {});
  const auto score = [&](const char* client, const char* region) {
    return ScoreOf(locality, client, "192.0.2.1", {.region = region});
  };
  EXPECT_GT(score("10.1.0.1", "us"), score("10.1.0.1", "eu"));
  EXPECT_EQ(score("10.2.0.1", "us"), 0);
  EXPECT_NE(score("10.2.0.1", "eu"), 0);
}

TEST(Locality, NodesArePlacedByAddressByNameOrByTheirReporter) {
  AddressTable addresses;
  const AddressId inside = addresses.Intern(Ip("192.0.2.1"));
  const AddressId outside = addresses.Intern(Ip("198.51.100.1"));
  const Locality locality(
      {.regions = {{"eu"}, {"us"}},
       .nodes = {{.addresses = {Prefix("192.0.2.0/24")}, .place = {.region = "eu"}},
                 {.name = "web1", .place = {.region = "us"}}}},
      {}, addresses);
  const std::uint16_t eu = locality.regions().Find("eu");
  const std::uint16_t us = locality.regions().Find("us");
  EXPECT_EQ(locality.PlaceOfAddress(inside).region, eu);
  EXPECT_FALSE(locality.PlaceOfAddress(outside).known());
  EXPECT_FALSE(locality.PlaceOfAddress(1000).known()) << "one that came later";
  EXPECT_EQ(locality.PlaceOfNode("web1", {.region = "eu"}).region, us);
  EXPECT_EQ(locality.PlaceOfNode("web2", {.region = "eu"}).region, eu);
}

TEST(Score, StandsInTheOrderOfTrust) {
  EXPECT_EQ(SourceOf(OperatorScore(0)), Source::kOperator);
  EXPECT_EQ(SourceOf(OperatorScore(1'000'000)), Source::kOperator);
  EXPECT_EQ(SourceOf(MeasuredScore(0)), Source::kMeasured);
  EXPECT_EQ(SourceOf(MeasuredScore(60'000)), Source::kMeasured);
  EXPECT_EQ(SourceOf(DatabaseScore(0, 0)), Source::kDatabase);
  EXPECT_EQ(SourceOf(DatabaseScore(255, kFarthest)), Source::kDatabase);
  EXPECT_EQ(SourceOf(56), Source::kSharedPrefix);
  EXPECT_LT(DatabaseScore(0, 0), kMeasuredFrom);
}

TEST(Score, TellsRoundTripTimesApartByASixteenthOfADoubling) {
  EXPECT_GT(MeasuredScore(0.2F), MeasuredScore(1));
  EXPECT_GT(MeasuredScore(10), MeasuredScore(11));
  EXPECT_EQ(MeasuredScore(100), MeasuredScore(101)) << "noise";
  EXPECT_GT(MeasuredScore(100), MeasuredScore(110));
}

TEST(Score, ATimeComesBackToWithinAStep) {
  for (const float milliseconds : {0.0F, 0.3F, 1.0F, 7.0F, 55.5F, 300.0F, 60'000.0F}) {
    const float back = MillisecondsOf(MeasuredScore(milliseconds));
    EXPECT_LE(back, milliseconds);
    EXPECT_GE(1 + back, (1 + milliseconds) / 1.07F);
  }
}

TEST(Score, TakesWhatIsAboutAsNearAsOneGroup) {
  EXPECT_LE(AlikeFrom(MeasuredScore(20)), MeasuredScore(24));
  EXPECT_GT(AlikeFrom(MeasuredScore(20)), MeasuredScore(27));
  EXPECT_LE(AlikeFrom(MeasuredScore(0.1F)), MeasuredScore(5));
  EXPECT_GT(AlikeFrom(MeasuredScore(0.1F)), MeasuredScore(6));
  EXPECT_LE(AlikeFrom(MeasuredScore(100)), MeasuredScore(115)) << "a fifth";
  EXPECT_GT(AlikeFrom(MeasuredScore(100)), MeasuredScore(130));
  EXPECT_GT(AlikeFrom(MeasuredScore(2), 0), MeasuredScore(3)) << "as the operator wants it";
  EXPECT_LE(AlikeFrom(MeasuredScore(2), 50), MeasuredScore(50));
  EXPECT_LE(AlikeFrom(DatabaseScore(0, 0)), DatabaseScore(0, 30));
  EXPECT_GT(AlikeFrom(DatabaseScore(0, 0)), DatabaseScore(0, 100));
  EXPECT_EQ(AlikeFrom(OperatorScore(3)), OperatorScore(3));
  EXPECT_EQ(AlikeFrom(20), 20);
}

TEST(Sphere, KnowsDistancesToWithinAFewKilometres) {
  const auto arc = [](const fleet::Coordinates& a, const fleet::Coordinates& b) {
    return ArcOf(Chord(DirectionOf(a.latitude, a.longitude), DirectionOf(b.latitude, b.longitude)));
  };
  EXPECT_NEAR(arc(kBerlin, kParis), 878, 5);
  EXPECT_NEAR(arc(kBerlin, kNewYork), 6385, 20);
  EXPECT_NEAR(arc({0, 179}, {0, -179}), 222, 2) << "over the date line";
  EXPECT_NEAR(arc({90, 0}, {-90, 77}), 20015, 5) << "from pole to pole";
  EXPECT_EQ(arc(kBerlin, kBerlin), 0);
}

}  // namespace
}  // namespace dnsd::locality
