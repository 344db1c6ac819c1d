#include "reporter/site_demand.h"

#include <gtest/gtest.h>

#include <cmath>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using heartbeat::v1::Heartbeat;

const MonotonicTime kStart{1h};

TEST(DemandMeter, MakesRatesOfCounts) {
  DemandMeter meter;
  meter.Advance(kStart);
  EXPECT_FALSE(meter.known());
  for (int i = 0; i < 20; ++i) meter.Count("a.example", i < 5 ? 500 : 499, 100);
  meter.Count("", 200, 1);
  meter.Advance(kStart + 2s);
  const double share = 1 - std::exp(-1.0);
  const Demand& site = meter.sites().at("a.example");
  EXPECT_DOUBLE_EQ(site.requests, 10 * share);
  EXPECT_DOUBLE_EQ(site.errors, 2.5 * share);
  EXPECT_DOUBLE_EQ(site.octets, 1000 * share);
  EXPECT_EQ(meter.sites().size(), 1U);
  EXPECT_DOUBLE_EQ(meter.total().requests, 10.5 * share);
}

TEST(DemandMeter, ASteadyRateIsItselfWhateverTheIntervals) {
  DemandMeter meter;
  MonotonicTime now = kStart;
  meter.Advance(now);
  for (int i = 0; i < 100; ++i) {
    const int seconds = 1 + i % 3;
    for (int n = 0; n < 7 * seconds; ++n) meter.Count("a.example", 200, 0);
    now += seconds * 1s;
    meter.Advance(now);
  }
  EXPECT_NEAR(meter.sites().at("a.example").requests, 7, 1e-9);
}

TEST(DemandMeter, ForgetsASiteThatNobodyAsksFor) {
  DemandMeter meter;
  meter.Advance(kStart);
  meter.Count("a.example", 200, 0);
  meter.Advance(kStart + 1s);
  EXPECT_EQ(meter.sites().size(), 1U);
  meter.Advance(kStart + 60s);
  EXPECT_TRUE(meter.sites().empty());
}

TEST(DemandMeter, KeepsTheBusySitesWhenNamesAreMadeUp) {
  DemandMeter meter;
  MonotonicTime now = kStart;
  meter.Advance(now);
  int made_up = 0;
  for (int i = 0; i < 20; ++i) {
    for (int n = 0; n < 50; ++n) meter.Count("a.example", 200, 0);
    for (int n = 0; n < 5000; ++n) {
      meter.Count(std::to_string(made_up++) + ".example", 200, 0);
    }
    now += 1s;
    meter.Advance(now);
    EXPECT_LE(meter.sites().size(), DemandMeter::kMostSites);
  }
  EXPECT_NEAR(meter.sites().at("a.example").requests, 50, 1);
  EXPECT_NEAR(meter.total().requests, 5050, 5) << "all of them count for the node";
}

// Of one report: the sites told with their rates.
std::map<std::string, double> Told(DemandNews& news, const Demands& now) {
  Heartbeat beat;
  news.Tell(now, beat);
  std::map<std::string, double> told;
  for (const auto& site : beat.demand().sites()) told[site.name()] = site.rps();
  return told;
}
using Rates = std::map<std::string, double>;

TEST(DemandNews, TellsAllAtFirstAndThenWhatHasMoved) {
  DemandNews news;
  Demands now{{"a", {10, 1, 500}}, {"b", {20, 0, 0}}};
  Heartbeat first;
  news.Tell(now, first);
  EXPECT_TRUE(first.demand().full());
  ASSERT_EQ(first.demand().sites_size(), 2);
  EXPECT_EQ(first.demand().sites(0).name(), "b") << "the busiest comes first";
  EXPECT_EQ(first.demand().sites(1).eps(), 1);
  EXPECT_EQ(first.demand().sites(1).bytes_per_second(), 500);
  Heartbeat second;
  news.Tell(now, second);
  EXPECT_FALSE(second.has_demand());
  now["a"].requests = 11;
  EXPECT_EQ(Told(news, now), Rates());
  now["a"].requests = 11.2;
  EXPECT_EQ(Told(news, now), (Rates{{"a", 11.2}}));
}

TEST(DemandNews, TellsOnceThatASiteHasNoDemandAnyMore) {
  DemandNews news;
  Told(news, {{"a", {10, 0, 0}}});
  EXPECT_EQ(Told(news, {}), (Rates{{"a", 0}}));
  EXPECT_EQ(Told(news, {}), Rates());
}

TEST(DemandNews, StartsAnewWhenAsked) {
  DemandNews news;
  Told(news, {{"a", {10, 0, 0}}});
  news.Resend();
  Heartbeat beat;
  news.Tell({}, beat);
  EXPECT_TRUE(beat.demand().full());
  EXPECT_EQ(beat.demand().sites_size(), 0);
}

TEST(DemandNews, TellsSoManyAtATimeAndLeavesNoneWaiting) {
  DemandNews news;
  Demands now;
  for (int i = 0; i < 600; ++i) now["s" + std::to_string(i)] = {1.0 + i, 0, 0};
  Rates told = Told(news, now);
  EXPECT_EQ(told.size(), 256U);
  EXPECT_EQ(told.count("s599"), 1U);
  EXPECT_EQ(told.count("s0"), 0U);
  told.merge(Told(news, now));
  EXPECT_EQ(told.size(), 512U);
  told.merge(Told(news, now));
  EXPECT_EQ(told.size(), 600U);
  EXPECT_EQ(Told(news, now), Rates());
}

}  // namespace
}  // namespace dnsd::reporter
