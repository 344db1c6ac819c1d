#include "dnsd/locality/ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dnsd::locality {
namespace {

using ::testing::ElementsAre;

PrefixValue Of(const char* prefix, std::uint32_t value) {
  return {*IpPrefix::Parse(prefix), value};
}

Position At(const char* address) { return Position::Of(*IpAddress::Parse(address)); }

TEST(RangesOf, NothingIsOneRangeOfValue0) {
  EXPECT_THAT(RangesOf({}, IpFamily::kV4), ElementsAre(Range{{}, 0}));
}

TEST(RangesOf, AHoleInAPrefixLeavesThePrefixOnBothSides) {
  EXPECT_THAT(RangesOf({Of("10.1.0.0/16", 2), Of("10.0.0.0/8", 1)}, IpFamily::kV4),
              ElementsAre(Range{{}, 0}, Range{At("10.0.0.0"), 1}, Range{At("10.1.0.0"), 2},
                          Range{At("10.2.0.0"), 1}, Range{At("11.0.0.0"), 0}));
}

TEST(RangesOf, PrefixesThatEndTogetherEndInWhatIsAroundThem) {
  EXPECT_THAT(RangesOf({Of("10.0.0.0/8", 1), Of("10.255.0.0/16", 2), Of("10.255.255.0/24", 3)},
                       IpFamily::kV4),
              ElementsAre(Range{{}, 0}, Range{At("10.0.0.0"), 1}, Range{At("10.255.0.0"), 2},
                          Range{At("10.255.255.0"), 3}, Range{At("11.0.0.0"), 0}));
}

TEST(RangesOf, NeighboursOfOneValueAreOneRange) {
  EXPECT_THAT(
      RangesOf({Of("10.0.0.0/9", 1), Of("10.128.0.0/9", 1), Of("10.3.0.0/16", 1)}, IpFamily::kV4),
      ElementsAre(Range{{}, 0}, Range{At("10.0.0.0"), 1}, Range{At("11.0.0.0"), 0}));
}

TEST(RangesOf, TheEndOfTheSpaceEndsNothing) {
  EXPECT_THAT(RangesOf({Of("128.0.0.0/1", 1), Of("255.0.0.0/8", 2)}, IpFamily::kV4),
              ElementsAre(Range{{}, 0}, Range{At("128.0.0.0"), 1}, Range{At("255.0.0.0"), 2}));
  EXPECT_THAT(RangesOf({Of("::/0", 7)}, IpFamily::kV6), ElementsAre(Range{{}, 7}));
}

TEST(RangesOf, OfEqualPrefixesTheLastCounts) {
  EXPECT_THAT(RangesOf({Of("0.0.0.0/1", 1), Of("0.0.0.0/1", 2)}, IpFamily::kV4),
              ElementsAre(Range{{}, 2}, Range{At("128.0.0.0"), 0}));
}

TEST(RangesOf, AFamilyHasItsOwn) {
  const std::vector<PrefixValue> both = {Of("10.0.0.0/8", 1), Of("2001:db8::/32", 2),
                                         Of("2001:db8::1", 3)};
  EXPECT_EQ(RangesOf(both, IpFamily::kV4).size(), 3U);
  EXPECT_THAT(RangesOf(both, IpFamily::kV6),
              ElementsAre(Range{{}, 0}, Range{At("2001:db8::"), 2}, Range{At("2001:db8::1"), 3},
                          Range{At("2001:db8::2"), 2}, Range{At("2001:db9::"), 0}));
}

TEST(RangesOf, TheLastAddressOfANetworkCarriesIntoTheNext) {
  EXPECT_THAT(RangesOf({Of("2001:db8::ffff:ffff:ffff:ffff", 1)}, IpFamily::kV6),
              ElementsAre(Range{{}, 0}, Range{At("2001:db8::ffff:ffff:ffff:ffff"), 1},
                          Range{At("2001:db8:0:1::"), 0}));
}

TEST(Overlay, IsCutWhereverEitherIs) {
  const Ranges a = RangesOf({Of("10.0.0.0/8", 1)}, IpFamily::kV4);
  const Ranges b = RangesOf({Of("10.128.0.0/9", 1), Of("12.0.0.0/8", 2)}, IpFamily::kV4);
  const auto both = Overlay(a, b, [](auto x, auto y) { return 10 * x + y; });
  EXPECT_THAT(both, ElementsAre(Range{{}, 0}, Range{At("10.0.0.0"), 10},
                                Range{At("10.128.0.0"), 11}, Range{At("11.0.0.0"), 0},
                                Range{At("12.0.0.0"), 2}, Range{At("13.0.0.0"), 0}));
}

TEST(Overlay, WhatMakesNoDifferenceIsNoCut) {
  const Ranges a = RangesOf({Of("10.0.0.0/8", 1)}, IpFamily::kV4);
  const Ranges b = RangesOf({Of("10.1.0.0/16", 1)}, IpFamily::kV4);
  EXPECT_EQ(Overlay(a, b, [](auto x, auto) { return x; }), a);
}

}  // namespace
}  // namespace dnsd::locality
