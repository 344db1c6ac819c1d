#include "dnsd/base/octet_size.h"

#include <gtest/gtest.h>

namespace dnsd {
namespace {

TEST(OctetSize, HasAUnitOrIsOctets) {
  const struct {
    const char* text;
    std::uint64_t want;
  } cases[] = {{"0", 0},          {"65536", 65536},           {"7B", 7},
               {"64KiB", 65536},  {"3.5MB", 3'500'000},       {"1.5KiB", 1536},
               {"2kB", 2000},     {"1GB", 1'000'000'000},     {"64MiB", 67'108'864},
               {"1GiB", 1 << 30}, {"2TB", 2'000'000'000'000}, {"1.001GB", 1'001'000'000},
               {"1.1KiB", 1126},  {"65536TiB", 1ULL << 56}};
  for (const auto& c : cases) EXPECT_EQ(ParseOctetSize(c.text), OctetSize{c.want}) << c.text;
}

TEST(OctetSize, AnythingElseIsNone) {
  for (const char* text : {"", "KiB", "-1", "1 KiB", "64kib", "64K", "64M", "0.5", "1.5B", "nan",
                           "inf", "65537TiB", "0x10", "10s"}) {
    EXPECT_EQ(ParseOctetSize(text), std::nullopt) << text;
  }
}

TEST(OctetSize, IsReadFromAConfigurationWithinItsRange) {
  const auto read = [](const std::string& text, std::uint64_t& out) {
    YamlFile file = YamlFile::Parse("size: " + text + "\n", "f.yaml");
    file.Read([&](YamlMap& root) { ReadOctetSize(root, "size", out, 512, 4096); });
    return Message(file.status());
  };
  std::uint64_t size = 1;
  EXPECT_EQ(read("4KiB", size), "");
  EXPECT_EQ(size, 4096U);
  EXPECT_EQ(read("4097", size), "f.yaml:1: key 'size': found '4097', wanted 512 to 4096 octets");
  EXPECT_EQ(read("511", size), "f.yaml:1: key 'size': found '511', wanted 512 to 4096 octets");
  EXPECT_EQ(read("4K", size),
            "f.yaml:1: key 'size': found '4K', wanted octets, as 65536, 64KiB or 3.5MB");
  EXPECT_EQ(size, 4096U);
}

TEST(OctetSize, IsToldWithFourDigitsAtMost) {
  EXPECT_EQ(OctetSizeText(17), "17 B");
  EXPECT_EQ(OctetSizeText(1023), "1023 B");
  EXPECT_EQ(OctetSizeText(1536), "1.5 KiB");
  EXPECT_EQ(OctetSizeText(21'474'836'480), "20 GiB");
}

}  // namespace
}  // namespace dnsd
