#include "dnsd/policy/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

namespace dnsd::policy {
namespace {

using ::testing::ElementsAre;

// The members picked, in their order.
std::vector<std::uint32_t> Pick(std::vector<Candidate> candidates, std::size_t count,
                                Preference preference, Random& random) {
  Select(candidates, count, preference, random);
  std::vector<std::uint32_t> members;
  for (std::size_t i = 0; i < count; ++i) members.push_back(candidates[i].member);
  return members;
}
std::vector<std::uint32_t> Pick(std::vector<Candidate> candidates, std::size_t count,
                                Preference preference = {}) {
  Random random(1);
  return Pick(std::move(candidates), count, preference, random);
}

TEST(Select, PicksTheCheapest) {
  EXPECT_THAT(Pick({{0, 3, 0}, {1, 1, 0}, {2, 2, 0}}, 1), ElementsAre(1));
  EXPECT_THAT(Pick({{0, 3, 0}, {1, 1, 0}, {2, 2, 0}}, 3), ElementsAre(1, 2, 0));
  EXPECT_THAT(Pick({{7, 3, 0}}, 1), ElementsAre(7));
  EXPECT_THAT(Pick({{7, 3, 0}}, 0), ElementsAre());
}

TEST(Select, PutsCostBeforeClosenessOutsideTheMargin) {
  const Preference tenth{.locality_first = false, .margin = 0.1F};
  EXPECT_THAT(Pick({{0, 1.0F, 0}, {1, 1.2F, 24}}, 1, tenth), ElementsAre(0));
  EXPECT_THAT(Pick({{0, 1.0F, 0}, {1, 1.05F, 24}}, 1, tenth), ElementsAre(1));
  EXPECT_THAT(Pick({{0, 1.0F, 8}, {1, 1.05F, 8}}, 1, tenth), ElementsAre(0))
      << "equally close: the cheaper";
}

TEST(Select, TakesAMarginOfNothingAsExactlyEqual) {
  EXPECT_THAT(Pick({{0, 1.0F, 0}, {1, 1.0F, 24}}, 1), ElementsAre(1));
  EXPECT_THAT(Pick({{0, 1.0F, 0}, {1, 1.0001F, 24}}, 1), ElementsAre(0));
}

TEST(Select, JudgesEachFurtherPickByTheLeastOfWhatIsLeft) {
  const Preference tenth{.locality_first = false, .margin = 0.1F};
  // Only 0 and 1 are within the margin of 1.0; once 0 is picked, all others are within that
  // of 1.08.
  EXPECT_THAT(Pick({{0, 1.0F, 9}, {1, 1.08F, 0}, {2, 1.15F, 5}, {3, 1.18F, 24}}, 4, tenth),
              ElementsAre(0, 3, 2, 1));
}

TEST(Select, PutsClosenessBeforeAnyCostWhenLocalityIsFirst) {
  const Preference locality{.locality_first = true, .margin = 0};
  EXPECT_THAT(Pick({{0, 1, 0}, {1, 100, 24}, {2, 2, 24}}, 3, locality), ElementsAre(2, 1, 0));
}

TEST(Select, GivesEachOfTheEqualsTheSameChance) {
  Random random(42);
  std::map<std::uint32_t, int> picked;
  for (int i = 0; i < 40000; ++i) {
    ++picked[Pick({{0, 2, 0}, {1, 1, 0}, {2, 1, 0}, {3, 1, 0}, {4, 1, 0}}, 1, {}, random)[0]];
  }
  EXPECT_EQ(picked[0], 0);
  for (const std::uint32_t member : {1U, 2U, 3U, 4U}) EXPECT_NEAR(picked[member], 10000, 400);
}

TEST(Select, GivesEqualsTheSameChanceWhereverTheBestComes) {
  // A cheaper pair behind a dearer pair of the same closeness: the count of equals starts anew.
  Random random(42);
  const Preference locality{.locality_first = true, .margin = 0};
  std::map<std::uint32_t, int> picked;
  for (int i = 0; i < 30000; ++i) {
    ++picked[Pick({{0, 2, 8}, {1, 2, 8}, {2, 1, 8}, {3, 1, 8}, {4, 1, 8}, {5, 1, 0}}, 1, locality,
                  random)[0]];
  }
  EXPECT_THAT(picked[0] + picked[1] + picked[5], 0);
  for (const std::uint32_t member : {2U, 3U, 4U}) EXPECT_NEAR(picked[member], 10000, 400);
}

TEST(Select, KeepsEveryCandidateExactlyOnce) {
  for (const std::size_t count : {16U, 17U, 40U}) {  // either side of sorting instead of picking
    SCOPED_TRACE(count);
    std::vector<Candidate> candidates;
    for (std::uint32_t i = 0; i < 40; ++i) {
      candidates.push_back({i, static_cast<float>(i * 7 % 40), static_cast<ClosenessScore>(i % 3)});
    }
    Random random(7);
    Select(candidates, count, {.locality_first = false, .margin = 0}, random);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(candidates[i].cost, static_cast<float>(i)) << "the cheapest, the cheapest first";
    }
    std::vector<std::uint32_t> members;
    for (const Candidate& c : candidates) members.push_back(c.member);
    std::sort(members.begin(), members.end());
    std::vector<std::uint32_t> all(40);
    std::iota(all.begin(), all.end(), 0U);
    EXPECT_EQ(members, all);
  }
}

TEST(Select, SortsALongAnswerByClosenessFirstWhenAsked) {
  std::vector<Candidate> candidates;
  for (std::uint32_t i = 0; i < 20; ++i) {
    candidates.push_back({i, static_cast<float>(20 - i), static_cast<ClosenessScore>(i % 2)});
  }
  const auto members = Pick(candidates, 20, {.locality_first = true, .margin = 0});
  EXPECT_EQ(members.front(), 19U);
  EXPECT_EQ(members[9], 1U);
  EXPECT_EQ(members[10], 18U);
  EXPECT_EQ(members.back(), 0U);
}

}  // namespace
}  // namespace dnsd::policy
