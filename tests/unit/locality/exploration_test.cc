#include "dnsd/locality/exploration.h"

#include <gtest/gtest.h>

#include <array>

#include "dnsd/base/random.h"

namespace dnsd::locality {
namespace {

TEST(IsExploring, NeverAtAShareOfNothingAndAlwaysAtAllOfIt) {
  for (const std::uint64_t random : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    EXPECT_FALSE(IsExploring(0, random));
    EXPECT_TRUE(IsExploring(1, random));
  }
}

TEST(IsExploring, TheHighBitsSayWhetherAndTheLowOnesWhom) {
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
  EXPECT_FALSE(IsExploring(0.5, kHalf));
  EXPECT_TRUE(IsExploring(0.5, kHalf - (std::uint64_t{1} << 40)));
  EXPECT_EQ(ExploredOf(4, kHalf - (std::uint64_t{1} << 40)), 0U);
  EXPECT_EQ(ExploredOf(4, 0x40000000), 1U);
  EXPECT_EQ(ExploredOf(4, 0xBFFFFFFF), 2U);
  EXPECT_EQ(ExploredOf(4, 0xFFFFFFFF), 3U);
}

TEST(IsExploring, ExploresEachAsOftenAndInAllTheShare) {
  Random random(1);
  std::array<int, 4> drawn{};
  constexpr int kQueries = 400'000;
  for (int i = 0; i < kQueries; ++i) {
    const std::uint64_t bits = random.Next();
    if (IsExploring(0.01F, bits)) ++drawn.at(ExploredOf(4, bits));
  }
  // A thousand each, of which six standard deviations are 190.
  for (const int count : drawn) EXPECT_NEAR(count, kQueries / 400, 190);
}

}  // namespace
}  // namespace dnsd::locality
