#include "dnsd/locality/prefix_table.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "dnsd/base/random.h"

namespace dnsd::locality {
namespace {

PrefixValue Of(const char* prefix, std::uint32_t value) {
  return {*IpPrefix::Parse(prefix), value};
}

PrefixTable TableOf(const std::vector<PrefixValue>& prefixes) {
  return {RangesOf(prefixes, IpFamily::kV4), RangesOf(prefixes, IpFamily::kV6)};
}

Found Find(const PrefixTable& table, const char* address) {
  return table.Find(*IpAddress::Parse(address));
}

TEST(PrefixTable, AnEmptyOneSays0AndNeedsNoBits) {
  EXPECT_EQ(Find(PrefixTable(), "192.0.2.1"), (Found{0, 0}));
  EXPECT_EQ(Find(PrefixTable(), "2001:db8::1"), (Found{0, 0}));
}

TEST(PrefixTable, TheLongestPrefixCountsAndTheBitsThatTellItFromOthers) {
  const PrefixTable table = TableOf(
      {Of("10.0.0.0/8", 1), Of("10.1.0.0/16", 2), Of("2001:db8::/32", 3), Of("2001:db8::53", 4)});
  const struct {
    const char* address;
    Found want;
    const char* why;
  } cases[] = {
      {"10.1.2.3", {2, 16}, "inside: the prefix itself"},
      {"10.2.0.0", {1, 15}, "the bit in which it leaves 10.1.0.0/16"},
      {"10.128.0.0", {1, 9}, "one bit past the longer one's parent"},
      {"11.0.0.0", {0, 8}, "a neighbour"},
      {"192.0.2.1", {0, 1}, "another half of the space"},
      {"2001:db8:1::", {3, 48}, "the network next to the one with a single address in it"},
      {"2001:db8:8000::", {3, 33}, ""},
      {"2001:db8::53", {4, 128}, "a single address"},
      {"2001:db8::52", {3, 128}, "its neighbour"},
      {"2001:db8::1:0", {3, 112}, "of the same /64"},
      {"2001:db8:0:1::", {3, 64}, "the next /64"},
      {"4000::", {0, 2}, ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.address) + ": " + c.why);
    const Found found = Find(table, c.address);
    EXPECT_EQ(found.value, c.want.value);
    EXPECT_EQ(found.bits, c.want.bits);
  }
}

TEST(PrefixTable, SingleAddressesNextToEachOtherAreToldApart) {
  const PrefixTable table = TableOf(
      {Of("2001:db8::ffff:ffff:ffff:ffff", 1), Of("2001:db8:0:1::", 2), Of("2001:db8:0:2::", 3)});
  EXPECT_EQ(Find(table, "2001:db8::ffff:ffff:ffff:ffff"), (Found{1, 128}));
  EXPECT_EQ(Find(table, "2001:db8:0:1::"), (Found{2, 128}));
  EXPECT_EQ(Find(table, "2001:db8:0:1::1"), (Found{0, 128}));
  EXPECT_EQ(Find(table, "2001:db8:0:2::"), (Found{3, 128}));
  EXPECT_EQ(Find(table, "2001:db8:0:3::"), (Found{0, 64}));
}

TEST(PrefixTable, FewPrefixesMayLieAsFarApartAsTheyLike) {
  const PrefixTable table =
      TableOf({Of("2001:db8:0:1::/64", 1), Of("2001:db8:0:3::7", 2), Of("fd00::/8", 3)});
  EXPECT_EQ(Find(table, "2001:db8:0:1::9"), (Found{1, 64}));
  EXPECT_EQ(Find(table, "2001:db8:0:2::9"), (Found{0, 64}));
  EXPECT_EQ(Find(table, "2001:db8:0:3::7"), (Found{2, 128}));
  EXPECT_EQ(Find(table, "2001:db8:0:3::6"), (Found{0, 128}));
  EXPECT_EQ(Find(table, "2001:db8:0:4::"), (Found{0, 62}));
  EXPECT_EQ(Find(table, "fd12::1"), (Found{3, 8}));
  EXPECT_EQ(Find(table, "fe80::1"), (Found{0, 7}));
  EXPECT_EQ(Find(table, "::1"), (Found{0, 3}));
}

// The plain way: what the longest of all prefixes that contain the address says.
std::uint32_t Scan(const std::vector<PrefixValue>& prefixes, const IpAddress& address) {
  int longest = -1;
  std::uint32_t value = 0;
  for (const PrefixValue& p : prefixes) {
    if (!p.prefix.Contains(address) || p.prefix.length < longest) continue;
    longest = p.prefix.length;
    value = p.value;
  }
  return value;
}

IpAddress AddressAt(const Position& position, IpFamily family) {
  std::array<std::uint8_t, 16> octets{};
  for (unsigned i = 0; i < 8; ++i) {
    octets[i] = static_cast<std::uint8_t>(position.high >> (56 - 8 * i));
    octets[8 + i] = static_cast<std::uint8_t>(position.low >> (56 - 8 * i));
  }
  return family == IpFamily::kV4 ? IpAddress::V4(std::span(octets).first<4>())
                                 : IpAddress::V6(octets);
}

// The plain way: whether all addresses that share `bits` bits have one value. It can change only
// where a prefix begins or has ended.
bool IsOneValue(const std::vector<PrefixValue>& prefixes, const IpAddress& address, unsigned bits) {
  const IpAddress first = address.Masked(bits);
  const std::uint32_t value = Scan(prefixes, first);
  for (const PrefixValue& p : prefixes) {
    const Position start = Position::Of(p.prefix.address);
    for (const Position& cut : {start, start.PastPrefix(p.prefix.length)}) {
      const IpAddress at = AddressAt(cut, address.family());
      if (at.SharedPrefix(first) >= bits && Scan(prefixes, at) != value) return false;
    }
  }
  return true;
}

class RandomPrefixes {
 public:
  RandomPrefixes(IpFamily family, unsigned least, unsigned most, std::uint64_t seed)
      : family_(family), least_(least), most_(most), random_(seed) {}

  // Few bits vary, so that prefixes nest and meet.
  IpAddress Address() {
    Position position{random_.Next() & 0x8C00C0C1A0000003, random_.Next() & 0xC000000000000003};
    return AddressAt(position, family_);
  }
  std::vector<PrefixValue> Prefixes(std::size_t count) {
    std::vector<PrefixValue> all;
    while (all.size() < count) {
      const auto length = static_cast<std::uint8_t>(least_ + random_.Below(most_ - least_ + 1));
      const IpPrefix prefix{Address().Masked(length), length};
      bool is_new = true;
      for (const PrefixValue& p : all) is_new = is_new && p.prefix != prefix;
      if (is_new) all.push_back({prefix, random_.Below(5)});
    }
    return all;
  }

 private:
  IpFamily family_;
  unsigned least_, most_;
  Random random_;
};

void AgreesWithAScan(IpFamily family, unsigned least, unsigned most) {
  for (std::uint64_t seed = 1; seed <= 14; ++seed) {
    RandomPrefixes random(family, least, most, seed);
    const auto prefixes = random.Prefixes(seed <= 12 ? 1 + seed : 100);
    const PrefixTable table = TableOf(prefixes);
    for (int i = 0; i < 60; ++i) {
      const IpAddress address = random.Address();
      SCOPED_TRACE("seed " + std::to_string(seed) + " " + address.ToString());
      const Found found = table.Find(address);
      ASSERT_EQ(found.value, Scan(prefixes, address));
      ASSERT_TRUE(IsOneValue(prefixes, address, found.bits)) << int{found.bits};
      table.Prefetch(address);  // reads nothing that is not there
      table.PrefetchDeeper(address);
      if (found.bits > 0) {
        ASSERT_FALSE(IsOneValue(prefixes, address, found.bits - 1U)) << int{found.bits};
      }
    }
  }
}

TEST(PrefixTable, AgreesWithAScanOverIpv4) { AgreesWithAScan(IpFamily::kV4, 0, 32); }
TEST(PrefixTable, AgreesWithAScanOverIpv6) { AgreesWithAScan(IpFamily::kV6, 0, 64); }
TEST(PrefixTable, AgreesWithAScanOverLongIpv6) { AgreesWithAScan(IpFamily::kV6, 56, 128); }

TEST(PrefixTable, AgreesWithAScanWhereAllPrefixesLieInOneNetwork) {
  Random random(1);
  std::vector<PrefixValue> prefixes;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const std::array<std::uint8_t, 4> octets = {10, 0, static_cast<std::uint8_t>(i >> 4),
                                                static_cast<std::uint8_t>(i << 4)};
    prefixes.push_back({{IpAddress::V4(octets), 28}, 1 + i % 3});
  }
  const PrefixTable table = TableOf(prefixes);
  for (int i = 0; i < 3000; ++i) {
    const std::array<std::uint8_t, 4> octets = {10, 0, static_cast<std::uint8_t>(random.Next()),
                                                static_cast<std::uint8_t>(random.Next())};
    const IpAddress address = IpAddress::V4(octets);
    ASSERT_EQ(table.Find(address).value, Scan(prefixes, address)) << address.ToString();
  }
}

}  // namespace
}  // namespace dnsd::locality
