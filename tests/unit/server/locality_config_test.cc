#include "dnsd/server/locality_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/mmdb_writer.h"

namespace dnsd::server {
namespace {

struct Read {
  LocalityConfig config;
  MeasuredConfig measured;
  std::string faults;          // of the file
  std::string contradictions;  // "origin: what", one a line
};

Read ReadText(const std::string& text) {
  Read read;
  YamlFile file = YamlFile::Parse(text, "dnsd.yaml");
  file.Read([&](YamlMap& root) {
    ReadLocality(
        root, [](const std::string& path) { return "/etc/dnsd/" + path; }, read.config,
        read.measured);
  });
  read.faults = Message(file.status());
  CheckLocality(read.config, [&](const std::string& origin, const std::string& what) {
    read.contradictions += origin + ": " + what + "\n";
  });
  return read;
}

constexpr const char* kWhole = R"(
regions:
  - {name: eu, order: [us]}
  - {name: us}
subnets:
  - {clients: 10.0.0.0/8, order: [192.0.2.1, 192.0.2.0/24]}
  - {clients: "2001:db8::/32", region: eu}
nodes:
  - {name: web1, region: us, latitude: -33.9, longitude: 151.2, asn: 64500}
  - {addresses: [192.0.2.0/24, 198.51.100.7], region: eu}
locality:
  databases: [city.mmdb, asn.mmdb]
  rules:
    - {country: DE, region: eu}
    - {subdivision: US-CA, asn: 64501, region: us}
    - {continent: NA, region: us}
  by_distance: true
)";

TEST(ReadLocality, ReadsAll) {
  const Read read = ReadText(kWhole);
  EXPECT_EQ(read.faults, "");
  EXPECT_EQ(read.contradictions, "");
  const locality::Settings& settings = read.config.settings;
  using locality::CodeOf;
  EXPECT_EQ(settings.regions, (std::vector<locality::RegionOrder>{{"eu", {"us"}}, {"us", {}}}));
  ASSERT_EQ(settings.subnets.size(), 2U);
  EXPECT_EQ(settings.subnets[0].order[1].ToString(), "192.0.2.0/24");
  EXPECT_EQ(settings.subnets[1].region, "eu");
  ASSERT_EQ(settings.nodes.size(), 2U);
  EXPECT_EQ(settings.nodes[0].name, "web1");
  EXPECT_EQ(settings.nodes[0].place, (fleet::Place{"us", fleet::Coordinates{-33.9, 151.2}, 64500}));
  EXPECT_EQ(settings.nodes[1].addresses.size(), 2U);
  EXPECT_EQ(settings.rules,
            (std::vector<locality::GeoRule>{{.country = CodeOf("DE"), .region = "eu"},
                                            {.country = CodeOf("US"),
                                             .subdivision = CodeOf("CA"),
                                             .as_number = 64501,
                                             .region = "us"},
                                            {.continent = CodeOf("NA"), .region = "us"}}));
  EXPECT_TRUE(settings.by_distance);
  ASSERT_EQ(read.config.databases.size(), 2U);
  EXPECT_EQ(read.config.databases[0].path, "/etc/dnsd/city.mmdb");
}

TEST(ReadLocality, SaysWhatIsWrongWithItsLine) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"subnets: [{clients: 10.0.0.0/8}]",
       "dnsd.yaml:1: a subnet has either 'order', a list of addresses or prefixes, the nearest "
       "first, or 'region', the name of one of 'regions'"},
      {"subnets: [{clients: 10.0.0.0/8, region: eu, order: 10.0.0.1}]",
       "dnsd.yaml:1: a subnet has either"},
      {"nodes: [{region: eu}]",
       "dnsd.yaml:1: a node has a 'name', as its reporter gives it, or 'addresses'"},
      {"nodes: [{name: a, latitude: 90.5, longitude: 0}]",
       "dnsd.yaml:1: key 'latitude': found '90.5', wanted a number from -90 to 90"},
      {"nodes: [{name: a, latitude: 9}]",
       "dnsd.yaml:1: a place has both 'latitude' and 'longitude', in degrees"},
      {"locality: {databases: a, rules: [{country: Germany, region: eu}]}",
       "dnsd.yaml:1: key 'country': found 'Germany', wanted a country of two letters as ISO 3166-1 "
       "has it, as DE"},
      {"locality: {databases: a, rules: [{country: de, region: eu}]}", "found 'de'"},
      {"locality: {databases: a, rules: [{subdivision: CA, region: eu}]}",
       "found 'CA', wanted country and part of it as ISO 3166-2 has them, as US-CA"},
      {"locality: {databases: a, rules: [{region: eu}]}",
       "a rule has one of 'continent', 'country', 'subdivision', 'asn', or several"},
      {"locality: {by_distance: true}", "do nothing without 'databases'"},
      {"locality: {databases: a}", "do nothing without 'rules' or 'by_distance: true'"},
      {"locality: {distances: true}", "dnsd.yaml:1: unknown key 'distances' in 'locality'"},
      {"client_subnet: {from: some}",
       "dnsd.yaml:1: key 'from': found 'some', wanted all, none, or a list of resolvers' addresses "
       "or prefixes, as 192.0.2.0/24; not 'some'"},
      {"client_subnet: {from: [all, 192.0.2.1]}", "not 'all'"},
      {"client_subnet: {ipv4: 33}",
       "dnsd.yaml:1: key 'ipv4': found '33', wanted a whole number from 0 to 32"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_NE(ReadText(c.text).faults.find(c.want), std::string::npos) << ReadText(c.text).faults;
  }
}

TEST(CheckLocality, FindsContradictions) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"regions: [{name: eu}]\nsubnets: [{clients: 10.0.0.0/8, region: EU}]",
       "dnsd.yaml:2: found region 'EU', wanted one of 'regions': eu"},
      {"nodes: [{name: a, region: eu}]", "wanted one of 'regions': there is none"},
      {"regions:\n- {name: eu, order: [us]}\n- {name: asia}",
       "dnsd.yaml:2: found region 'us', wanted one of 'regions': eu, asia"},
      {"regions: [{name: eu}]\nlocality:\n  databases: a\n  rules:\n  - {country: US, region: us}",
       "dnsd.yaml:5: found region 'us'"},
      {"regions: [{name: eu}, {name: eu}]", "region 'eu' is given twice; first at dnsd.yaml:1"},
      {"subnets: [{clients: 10.0.0.0/8, order: 10.0.0.1}, {clients: 10.0.0.0/8, order: 10.0.0.2}]",
       "clients '10.0.0.0/8' is given twice"},
      {"nodes: [{name: a}, {name: a}]", "node 'a' is given twice"},
      {"nodes: [{addresses: 10.0.0.1}, {addresses: 10.0.0.1}]",
       "nodes' address '10.0.0.1/32' is given twice"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const Read read = ReadText(c.text);
    EXPECT_EQ(read.faults, "");
    EXPECT_NE(read.contradictions.find(c.want), std::string::npos) << read.contradictions;
  }
}

TEST(LoadDatabases, NamesTheFileItsLineAndWhatWasWanted) {
  const std::string good = ::testing::TempDir() + "locality_config_good.mmdb";
  const std::string bad = ::testing::TempDir() + "locality_config_bad.mmdb";
  mmdb::Writer writer(4);
  writer.Add("192.0.2.0/24", mmdb::City("EU", "DE", 52.5, 13.4));
  std::ofstream(good, std::ios::binary) << writer.Finish();
  std::ofstream(bad, std::ios::binary) << writer.Finish().substr(0, 100);
  const auto loaded = LoadDatabases({{good, "dnsd.yaml:3"}});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->locations.size(), 2U);
  const std::string faults = Message(
      LoadDatabases({{good, "dnsd.yaml:3"}, {bad, "dnsd.yaml:3"}, {"/no/such", "dnsd.yaml:3"}})
          .status());
  EXPECT_NE(faults.find("dnsd.yaml:3: key 'databases': found '" + bad +
                        "', wanted a whole MaxMind database"),
            std::string::npos)
      << faults;
  EXPECT_NE(faults.find("\ndnsd.yaml:3: key 'databases': found '/no/such', wanted a file that can "
                        "be read"),
            std::string::npos)
      << faults;
}

const IpAddress kResolver = *IpAddress::Parse("192.0.2.53");

std::uint8_t Bits(const answer::ClientSubnets& subnets, const char* prefix) {
  const IpPrefix subnet = *IpPrefix::Parse(prefix);
  return subnets.BitsUsed({true, subnet.length, subnet.address});
}

TEST(ReadLocality, TakesClientSubnetsFromAllToTheLimitsOfPrivacy) {
  const auto subnets = ReadText("client_subnet: {}").config.client_subnets;
  EXPECT_TRUE(subnets.TakesFrom(kResolver));
  EXPECT_TRUE(subnets.TakesFrom(*IpAddress::Parse("2001:db8::53")));
  EXPECT_EQ(Bits(subnets, "10.1.2.3/32"), 24);
  EXPECT_EQ(Bits(subnets, "10.0.0.0/8"), 8);
  EXPECT_EQ(Bits(subnets, "2001:db8::/64"), 56);
}

TEST(ReadLocality, TakesClientSubnetsFromNoneOrFromThoseListed) {
  EXPECT_FALSE(ReadText("client_subnet: {from: none}").config.client_subnets.TakesFrom(kResolver));
  const Read read =
      ReadText("client_subnet: {from: [192.0.2.0/24, \"2001:db8::53\"], ipv4: 32, ipv6: 0}");
  EXPECT_EQ(read.faults, "");
  const auto& subnets = read.config.client_subnets;
  EXPECT_TRUE(subnets.TakesFrom(kResolver));
  EXPECT_FALSE(subnets.TakesFrom(*IpAddress::Parse("192.0.3.53")));
  EXPECT_TRUE(subnets.TakesFrom(*IpAddress::Parse("2001:db8::53")));
  EXPECT_FALSE(subnets.TakesFrom(*IpAddress::Parse("2001:db8::54")));
  EXPECT_EQ(Bits(subnets, "10.1.2.3/32"), 32);
  EXPECT_EQ(Bits(subnets, "2001:db8::/64"), 0);
}

}  // namespace
}  // namespace dnsd::server
