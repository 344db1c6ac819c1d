#include "dnsd/locality/geo_database.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "dnsd/locality/prefix_table.h"
#include "tests/mmdb_writer.h"

namespace dnsd::locality {
namespace {

class GeoDatabaseTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& octets) {
    const std::string path = ::testing::TempDir() + "geo_" +
                             std::to_string(reinterpret_cast<std::uintptr_t>(this)) + ".mmdb";
    std::remove(path.c_str());  // to shorten a file waits for the disk
    std::ofstream(path, std::ios::binary) << octets;
    return path;
  }
  GeoDatabase Load(const std::string& octets) {
    auto loaded = LoadGeoDatabase(Write(octets));
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return loaded.ok() ? *loaded : GeoDatabase{};
  }
  static Location At(const GeoDatabase& database, const char* address) {
    const PrefixTable table(database.v4, database.v6);
    return database.locations[table.Find(*IpAddress::Parse(address)).value];
  }
};

mmdb::Writer Cities(unsigned version) {
  mmdb::Writer writer(version);
  writer.Add("192.0.2.0/24", mmdb::City("EU", "DE", 52.5, 13.4, "BE"));
  writer.Add("198.51.100.0/25", mmdb::City("NA", "US", 37.8, -122.4, "CA"));
  return writer;
}

TEST_F(GeoDatabaseTest, AnIpv4TreeSaysWhereItsNetworksAre) {
  const GeoDatabase database = Load(Cities(4).Finish());
  const Location berlin = At(database, "192.0.2.200");
  EXPECT_EQ(berlin.continent, CodeOf("EU"));
  EXPECT_EQ(berlin.country, CodeOf("DE"));
  EXPECT_EQ(berlin.subdivision, CodeOf("BE"));
  EXPECT_TRUE(berlin.has_coordinates);
  EXPECT_FLOAT_EQ(berlin.latitude, 52.5F);
  EXPECT_FLOAT_EQ(berlin.longitude, 13.4F);
  EXPECT_EQ(At(database, "198.51.100.127").country, CodeOf("US"));
  EXPECT_EQ(At(database, "198.51.100.128"), Location{});
  EXPECT_EQ(At(database, "2001:db8::1"), Location{});
}

TEST_F(GeoDatabaseTest, AnIpv6TreeHoldsBothFamilies) {
  mmdb::Writer writer = Cities(6);
  writer.Add("2001:db8::/32", mmdb::City("AS", "JP", 35.7, 139.7));
  const GeoDatabase database = Load(writer.Finish());
  EXPECT_EQ(At(database, "192.0.2.1").country, CodeOf("DE"));
  EXPECT_EQ(At(database, "2001:db8:ffff::1").country, CodeOf("JP"));
  EXPECT_EQ(At(database, "::c000:201"), Location{}) << "IPv4 is no part of IPv6";
}

TEST_F(GeoDatabaseTest, Ipv4ThatStandsInIpv6AgainIsReadOnce) {
  mmdb::Writer writer = Cities(6);
  writer.AliasIpv4();
  const GeoDatabase database = Load(writer.Finish());
  EXPECT_EQ(At(database, "192.0.2.1").country, CodeOf("DE"));
  EXPECT_EQ(database.v6.size(), 1U);
}

TEST_F(GeoDatabaseTest, AFileOfAutonomousSystemsAddsToOneOfCities) {
  mmdb::Writer systems(4);
  systems.Add("192.0.0.0/16", mmdb::Map({{"autonomous_system_number", mmdb::Uint32(64500)}}));
  const GeoDatabase both = Join(Load(Cities(4).Finish()), Load(systems.Finish()));
  EXPECT_EQ(At(both, "192.0.2.1").country, CodeOf("DE"));
  EXPECT_EQ(At(both, "192.0.2.1").as_number, 64500U);
  EXPECT_EQ(At(both, "192.0.3.1").country, 0U);
  EXPECT_EQ(At(both, "192.0.3.1").as_number, 64500U);
  EXPECT_EQ(At(both, "198.51.100.1").country, CodeOf("US"));
}

TEST_F(GeoDatabaseTest, OfWhatTwoFilesKnowTheFirstCounts) {
  mmdb::Writer other(4);
  other.Add("192.0.2.0/24", mmdb::City("SA", "BR", 1, 2));
  const GeoDatabase both = Join(Load(Cities(4).Finish()), Load(other.Finish()));
  EXPECT_EQ(At(both, "192.0.2.1").country, CodeOf("DE"));
  EXPECT_FLOAT_EQ(At(both, "192.0.2.1").latitude, 52.5F);
}

TEST_F(GeoDatabaseTest, ImpossibleCoordinatesAreNone) {
  mmdb::Writer writer(4);
  writer.Add("10.0.0.0/8", mmdb::City("EU", "DE", 91, 0));
  writer.Add("11.0.0.0/8", mmdb::City("EU", "DE", 0, std::numeric_limits<double>::quiet_NaN()));
  const GeoDatabase database = Load(writer.Finish());
  EXPECT_EQ(At(database, "10.0.0.1").country, CodeOf("DE"));
  EXPECT_FALSE(At(database, "10.0.0.1").has_coordinates);
  EXPECT_FALSE(At(database, "11.0.0.1").has_coordinates);
}

TEST_F(GeoDatabaseTest, NoFileIsNotFound) {
  EXPECT_EQ(LoadGeoDatabase("/nowhere/at.all").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(GeoDatabaseTest, AFileCutOffAnywhereIsRefused) {
  const std::string whole = Cities(6).Finish();
  for (std::size_t size = 0; size < whole.size(); size += 3) {
    SCOPED_TRACE(size);
    const auto loaded = LoadGeoDatabase(Write(whole.substr(0, size)));
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(GeoDatabaseTest, ATreeThatLeadsBackIntoItselfIsRefused) {
  mmdb::Writer writer = Cities(4);
  writer.LeadBack();
  const auto loaded = LoadGeoDatabase(Write(writer.Finish()));
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(loaded.status().message()).find("damaged"), std::string::npos);
}

TEST_F(GeoDatabaseTest, AWrongOctetIsHarmless) {
  const std::string whole = Cities(4).Finish();
  for (std::size_t i = 0; i < whole.size(); i += 2) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0xA5);
    const auto loaded = LoadGeoDatabase(Write(damaged));  // no crash, no endless walk
    if (loaded.ok()) {
      EXPECT_FALSE(loaded->v4.empty());
    }
  }
}

}  // namespace
}  // namespace dnsd::locality
