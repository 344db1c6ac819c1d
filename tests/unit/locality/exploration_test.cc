#include "dnsd/locality/exploration.h"

#include <gtest/gtest.h>

#include <array>

#include "dnsd/base/random.h"

namespace dnsd::locality {
namespace {

TEST(ExploreWhom, NobodyWhereAllAreKnownOrNone) {
  for (const std::uint64_t random : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    EXPECT_FALSE(ExploreWhom(1, random, 3, 0));
    EXPECT_FALSE(ExploreWhom(1, random, 0, 3));
    EXPECT_FALSE(ExploreWhom(1, random, 0, 0));
  }
}

TEST(ExploreWhom, NobodyAtAShareOfNothingAndAlwaysSomebodyAtAllOfIt) {
  for (const std::uint64_t random : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    EXPECT_FALSE(ExploreWhom(0, random, 1, 1));
    EXPECT_EQ(ExploreWhom(1, random, 1, 1), 0U);
  }
}

TEST(ExploreWhom, TheHighBitsSayWhetherAndTheLowOnesWhom) {
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
  EXPECT_FALSE(ExploreWhom(0.5, kHalf, 1, 4));
  EXPECT_EQ(ExploreWhom(0.5, kHalf - (std::uint64_t{1} << 40), 1, 4), 0U);
  EXPECT_EQ(ExploreWhom(0.5, 0x40000000, 1, 4), 1U);
  EXPECT_EQ(ExploreWhom(0.5, 0xBFFFFFFF, 1, 4), 2U);
  EXPECT_EQ(ExploreWhom(0.5, 0xFFFFFFFF, 1, 4), 3U);
}

TEST(ExploreWhom, ExploresEachUnknownOneAsOftenAndInAllTheShare) {
  Random random(1);
  std::array<int, 4> drawn{};
  constexpr int kQueries = 400'000;
  for (int i = 0; i < kQueries; ++i) {
    if (const auto whom = ExploreWhom(0.01F, random.Next(), 2, 4)) ++drawn.at(*whom);
  }
  // A thousand each, of which six standard deviations are 190.
  for (const int count : drawn) EXPECT_NEAR(count, kQueries / 400, 190);
}

}  // namespace
}  // namespace dnsd::locality
