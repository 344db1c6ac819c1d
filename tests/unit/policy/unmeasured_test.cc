#include "dnsd/policy/unmeasured.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace dnsd::policy {
namespace {

using locality::MeasuredScore;
using locality::MillisecondsOf;
using locality::Rtt;
using locality::Score;

// As a candidate without a time has it, of those whose times are given, the nearest first.
Score ScoreAmong(const std::vector<float>& milliseconds) {
  std::vector<Rtt> rtts;
  std::uint32_t sum = 0;
  for (const float time : milliseconds) {
    rtts.push_back({.milliseconds = time});
    sum += MeasuredScore(time);
  }
  return UnmeasuredScore(sum, static_cast<std::uint32_t>(milliseconds.size()), rtts);
}

TEST(UnmeasuredScore, IsTheMeanOfTheLogarithms) {
  // The square root of 11 x 91 ms, less 1; steps are of a sixteenth of a doubling.
  EXPECT_NEAR(MillisecondsOf(ScoreAmong({10, 90})), std::sqrt(11.0F * 91.0F) - 1, 2);
}

TEST(UnmeasuredScore, IsThatOfAllWhereAllAreAsFar) {
  EXPECT_EQ(ScoreAmong({20, 20, 20}), MeasuredScore(20));
  EXPECT_EQ(ScoreAmong({7}), MeasuredScore(7)) << "so the second is measured";
}

TEST(UnmeasuredScore, IsNeitherBeforeTheNearestNorBehindTheFarthest) {
  for (const float nearest : {0.0F, 1.0F, 5.0F, 40.0F}) {
    for (const float farthest : {40.0F, 90.0F, 300.0F, 5000.0F}) {
      const Score score = ScoreAmong({nearest, 40, farthest});
      EXPECT_LE(score, MeasuredScore(nearest));
      EXPECT_GE(score, MeasuredScore(farthest));
    }
  }
}

TEST(UnmeasuredScore, IsBehindAllOnceAsManyAreKnownAsAreKept) {
  EXPECT_GT(ScoreAmong({1, 2, 3, 4, 5, 90}), MeasuredScore(90));
  EXPECT_LT(ScoreAmong({1, 2, 3, 4, 5, 6, 90}), MeasuredScore(90));
}

}  // namespace
}  // namespace dnsd::policy
