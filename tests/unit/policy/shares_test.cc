#include "dnsd/policy/shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace dnsd::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::vector<Candidate> Weighing(const std::vector<float>& weights) {
  std::vector<Candidate> candidates;
  for (const float weight : weights) {
    candidates.push_back({static_cast<std::uint32_t>(candidates.size()), weight});
  }
  return candidates;
}

std::vector<std::uint32_t> Draw(const std::vector<float>& weights, std::size_t count, float point,
                                float first = 0) {
  std::vector<Candidate> candidates = Weighing(weights);
  candidates.resize(weights.size());
  const std::size_t drawn = DrawShares(candidates, count, point, first);
  std::vector<std::uint32_t> members;
  for (std::size_t i = 0; i < drawn; ++i) members.push_back(candidates[i].member);
  return members;
}

TEST(DrawShares, TakesTheMemberThatThePointFallsUpon) {
  const std::vector<float> weights{4, 2, 1, 1};
  EXPECT_THAT(Draw(weights, 1, 0), ElementsAre(0));
  EXPECT_THAT(Draw(weights, 1, 0.49F), ElementsAre(0));
  EXPECT_THAT(Draw(weights, 1, 0.5F), ElementsAre(1));
  EXPECT_THAT(Draw(weights, 1, 0.8F), ElementsAre(2));
  EXPECT_THAT(Draw(weights, 1, 0.99F), ElementsAre(3));
}

TEST(DrawShares, GivesNothingToThoseThatWeighNothing) {
  for (const float point : {0.0F, 0.3F, 0.999999F}) {
    EXPECT_THAT(Draw({0, 1, 0}, 1, point), ElementsAre(1));
    EXPECT_THAT(Draw({0, 1, 0, 2}, 4, point), UnorderedElementsAre(1, 3));
  }
}

TEST(DrawShares, TakesAllForEqualIfNoneWeighsAnything) {
  EXPECT_THAT(Draw({0, 0, 0}, 1, 0.5F), ElementsAre(1));
  EXPECT_THAT(Draw({0, 0, 0}, 3, 0.5F), UnorderedElementsAre(0, 1, 2));
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_THAT(Draw({inf, inf, 1}, 1, 0.5F), ElementsAre(1));
}

TEST(DrawOne, TakesTheLastThatWeighsAnythingWhereRoundingLeadsPastAll) {
  auto candidates = Weighing({1, 2, 0, 0});
  EXPECT_EQ(DrawOne(candidates, 1.0F), 1U);
  auto nothing = Weighing({0, 0});
  EXPECT_EQ(DrawOne(nothing, 1.0F), 1U);
}

// Of two answers' places 8 of 10 would be the first's: it has one for certain, and the others share
// the second by their weights.
TEST(DrawShares, GivesAtMostOnePlaceOfAnAnswer) {
  int second[3] = {};
  for (std::uint32_t turn = 0; turn < 1000; ++turn) {
    const auto drawn = Draw({8, 1, 1}, 2, SpreadPoint(turn));
    ASSERT_EQ(drawn.size(), 2U);
    ASSERT_TRUE(drawn[0] == 0 || drawn[1] == 0);
    ++second[std::max(drawn[0], drawn[1])];
  }
  EXPECT_NEAR(second[1], 500, 2);
  EXPECT_NEAR(second[2], 500, 2);
}

// The property that makes weights smooth: after any number of answers every member has had its
// share of them, to within one on average and four at worst. Draws by chance stray by dozens.
TEST(DrawShares, KeepsEveryMemberNearItsShareAllTheTime) {
  Random random(3);
  double worst = 0;
  double sum = 0;
  double count = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<float> weights(2 + random.Below(7));
    float total = 0;
    for (float& weight : weights) {
      weight = round % 3 == 0 ? 1 : static_cast<float>(random.Unit());
      total += weight;
    }
    std::vector<double> had(weights.size());
    const auto start = static_cast<std::uint32_t>(random.Next());
    for (std::uint32_t n = 1; n <= 3000; ++n) {
      ++had[Draw(weights, 1, SpreadPoint(start + n))[0]];
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const double due = static_cast<double>(n) * static_cast<double>(weights[i] / total);
        worst = std::max(worst, std::abs(had[i] - due));
        sum += std::abs(had[i] - due);
        ++count;
      }
    }
  }
  EXPECT_LT(worst, 4.0);
  EXPECT_LT(sum / count, 1.0);
}

TEST(DrawShares, KeepsEveryMemberNearItsShareOfSeveralAddresses) {
  const std::vector<float> weights{3, 2, 2, 1, 1, 1};  // of 2 places: 0.6, 0.4, 0.4, 0.2, 0.2, 0.2
  std::vector<double> had(weights.size());
  std::vector<double> came_first(weights.size());
  for (std::uint32_t n = 1; n <= 10000; ++n) {
    const auto drawn = Draw(weights, 2, SpreadPoint(n), FirstPoint(n));
    ASSERT_EQ(drawn.size(), 2U);
    ASSERT_NE(drawn[0], drawn[1]);
    ++came_first[drawn[0]];
    for (const std::uint32_t member : drawn) ++had[member];
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_NEAR(had[i], 10000 * 0.2 * static_cast<double>(weights[i]), 6) << i;
    EXPECT_NEAR(came_first[i], 10000 * 0.1 * static_cast<double>(weights[i]), 20) << i;
  }
}

TEST(DrawShares, NamesNobodyTwiceWhateverTheWeights) {
  Random random(9);
  for (int round = 0; round < 3000; ++round) {
    std::vector<float> weights(1 + random.Below(20));
    for (float& weight : weights) {
      const float odd[] = {0, 0, 1, 1e-30F, 1e30F, std::numeric_limits<float>::infinity()};
      weight = random.Below(3) == 0 ? odd[random.Below(6)] : static_cast<float>(random.Unit());
    }
    const std::size_t count = 1 + random.Below(20);
    auto drawn = Draw(weights, count, static_cast<float>(random.Unit()) * 0.999999F, 0.9F);
    ASSERT_GE(drawn.size(), 1U);
    ASSERT_LE(drawn.size(), std::min(count, weights.size()));
    std::ranges::sort(drawn);
    ASSERT_EQ(std::ranges::adjacent_find(drawn), drawn.end());
  }
}

TEST(DrawAtRandom, DrawsByWeightWithoutRepetition) {
  Random random(1);
  std::vector<int> first(3), had(3);
  for (int i = 0; i < 30000; ++i) {
    std::vector<Candidate> candidates = Weighing({3, 2, 1});
    ASSERT_EQ(DrawAtRandom(candidates, 2, random), 2U);
    ASSERT_NE(candidates[0].member, candidates[1].member);
    ++first[candidates[0].member];
    ++had[candidates[0].member];
    ++had[candidates[1].member];
  }
  EXPECT_NEAR(first[0], 15000, 400);
  EXPECT_NEAR(first[1], 10000, 400);
  // The last is second after the first with 1/2 * 1/3, after the second with 1/3 * 1/4.
  EXPECT_NEAR(had[2], 30000 * (1.0 / 6 + 1.0 / 6 + 1.0 / 12), 400);
}

}  // namespace
}  // namespace dnsd::policy
