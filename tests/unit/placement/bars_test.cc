#include <gtest/gtest.h>

#include "dnsd/placement/marks.h"

namespace dnsd::placement {
namespace {

using std::chrono::seconds;
using After = Bars::After;

constexpr MonotonicTime kNow{seconds(1000)};
const SiteAtNode kWhere{"www.example.", "web1"};

TEST(Bars, LastTwiceAsLongEachTimeInARow) {
  Bars bars;
  bars.Add(kWhere, After::kFailure, seconds(10), seconds(30), kNow);
  EXPECT_TRUE(bars.Has(kWhere, kNow + seconds(9)));
  EXPECT_FALSE(bars.Has(kWhere, kNow + seconds(10)));
  bars.Add(kWhere, After::kFailure, seconds(10), seconds(30), kNow);
  EXPECT_TRUE(bars.Has(kWhere, kNow + seconds(19)));
  bars.Add(kWhere, After::kFailure, seconds(10), seconds(30), kNow);
  EXPECT_TRUE(bars.Has(kWhere, kNow + seconds(29)));
  EXPECT_FALSE(bars.Has(kWhere, kNow + seconds(30)));
  EXPECT_FALSE(bars.Has({"www.example.", "web2"}, kNow));
}

TEST(Bars, EndWithARowOfFailuresWhenTheSiteIsMadeThere) {
  Bars bars;
  bars.Add(kWhere, After::kFailure, seconds(10), seconds(80), kNow);
  bars.Clear(kWhere);
  EXPECT_FALSE(bars.Has(kWhere, kNow));
  bars.Add(kWhere, After::kFailure, seconds(10), seconds(80), kNow);
  EXPECT_FALSE(bars.Has(kWhere, kNow + seconds(10)));
}

TEST(Bars, GrowWhereASiteIsMadeAndEvictedAgainAndAgain) {
  Bars bars;
  bars.Add(kWhere, After::kEviction, seconds(10), seconds(80), kNow);
  bars.Clear(kWhere);
  bars.Add(kWhere, After::kEviction, seconds(10), seconds(80), kNow + seconds(11));
  EXPECT_TRUE(bars.Has(kWhere, kNow + seconds(30)));
  EXPECT_FALSE(bars.Has(kWhere, kNow + seconds(31)));
}

TEST(Bars, AreForgottenWhenTheyHaveLongEnded) {
  Bars bars;
  bars.Add(kWhere, After::kEviction, seconds(10), seconds(80), kNow);
  bars.Sweep(kNow + seconds(30));
  bars.Add(kWhere, After::kEviction, seconds(10), seconds(80), kNow + seconds(30));
  EXPECT_TRUE(bars.Has(kWhere, kNow + seconds(49)));  // not forgotten yet
  bars.Sweep(kNow + seconds(91));
  bars.Add(kWhere, After::kEviction, seconds(10), seconds(80), kNow + seconds(91));
  EXPECT_FALSE(bars.Has(kWhere, kNow + seconds(101)));
}

}  // namespace
}  // namespace dnsd::placement
