#include "dnsd/policy/session_times.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>
#include <numeric>

#include "dnsd/base/random.h"
#include "tests/unit/policy/reports.h"

namespace dnsd::policy {
namespace {

// New sessions a second that come in waves, so that what follows them can be told.
double Wave(int t, int node) { return (t / 7 + node) % 3 == 0 ? 30 : 6; }

TEST(SessionTimes, BeforeAnyReportSessionsLastAsLongAsConnectionsButNotForLong) {
  const SessionTimes times;
  EXPECT_EQ(times.SecondsOf(2), 2);
  EXPECT_EQ(times.SecondsOf(60), 4);
  EXPECT_EQ(times.ConnectionsShare(), 0);
}

// Sessions that were all but none, and requests that follow nobody: nothing that is no number.
TEST(SessionTimes, WhatAllButNobodyExplainsIsNoInfinity) {
  SessionTimes times;
  SessionTimes::Node node;
  times.Take({1, 1e-308, 100, 1}, At(0), node);
  for (int t = 1; t < 900; ++t) {
    times.Take({1, 0, 100, 1}, At(t), node);
    ASSERT_TRUE(std::isfinite(times.SecondsOf(2))) << t;
    ASSERT_TRUE(std::isfinite(times.ConnectionsShare())) << t;
  }
}

TEST(SessionTimes, ASessionThatIsOneRequestSaysNoMoreThanConnectionsDo) {
  SessionTimes times;
  SessionTimes::Node node;
  for (int t = 0; t < 100; ++t) times.Take({1, Wave(t, 0), Wave(t, 0), 20}, At(t), node);
  EXPECT_EQ(times.SecondsOf(2), 2);
  EXPECT_EQ(times.SecondsOf(60), 4);
  EXPECT_EQ(times.ConnectionsShare(), 0);
}

// Each session's requests follow at a rate that fades with tau; connections stay open for a minute.
// The time is that of three quarters of the requests, those that follow, and of the rest 4 s.
TEST(SessionTimes, FindsTheTimeFromTheRequestsThatFollow) {
  for (const double tau : {1.0, 8.0}) {
    SessionTimes times;
    for (int n = 0; n < 8; ++n) {
      SessionTimes::Node node;
      double sessions = 14 * tau;
      std::deque<double> last(60, 14);
      for (int t = 0; t < 120; ++t) {
        const double sps = Wave(t, n);
        const double fade = std::exp(-1 / tau);
        const double mean = sps * tau + (sessions - sps * tau) * tau * (1 - fade);
        sessions = sessions * fade + sps * tau * (1 - fade);
        last.push_back(sps);
        last.pop_front();
        const double open = std::accumulate(last.begin(), last.end(), 0.0);
        times.Take({1, sps, sps + 3 * mean / tau, open}, At(t), node);
      }
    }
    EXPECT_NEAR(times.SecondsOf(60), 0.75 * tau + 0.25 * 4, 0.05 * tau) << tau;
    EXPECT_LT(times.ConnectionsShare(), 0.01) << tau;
    EXPECT_NEAR(times.SecondsOf(0.5), 0.5, 1e-9) << "never longer than the connections";
  }
}

// Sessions of ten seconds, each with its connection, that ask twice a second.
TEST(SessionTimes, BelievesConnectionsThatTellTheRequests) {
  SessionTimes times;
  for (int n = 0; n < 8; ++n) {
    SessionTimes::Node node;
    std::deque<double> last(10, 14);
    double before = 140;
    for (int t = 0; t < 120; ++t) {
      const double sps = Wave(t, n);
      last.push_back(sps);
      last.pop_front();
      const double open = std::accumulate(last.begin(), last.end(), 0.0);
      times.Take({1, sps, sps + 2 * (before + open) / 2, open}, At(t), node);
      before = open;
    }
  }
  EXPECT_GT(times.ConnectionsShare(), 0.9);
  EXPECT_NEAR(times.SecondsOf(10), 10, 0.5);
}

TEST(SessionTimes, NeverYieldsANumberThatIsNone) {
  Random random(3);
  SessionTimes times;
  SessionTimes::Node nodes[3];
  double t = 0;
  for (int i = 0; i < 20000; ++i) {
    SessionTimes::Rates rates;
    rates.seconds = 0.001 + random.Unit() * 600;
    const auto any = [&] { return random.Below(4) == 0 ? 0 : std::pow(10, random.Unit() * 7); };
    rates.sessions = any();
    rates.requests = any();
    if (random.Below(3) != 0) rates.connections = any();
    t += random.Unit() * (random.Below(50) == 0 ? 1000 : 1);
    times.Take(rates, At(t - random.Unit()), nodes[random.Below(3)]);
    const double seconds = times.SecondsOf(any());
    ASSERT_TRUE(std::isfinite(seconds) && seconds >= 0 && seconds <= 30) << i;
    ASSERT_GE(times.ConnectionsShare(), 0);
    ASSERT_LE(times.ConnectionsShare(), 1);
  }
}

}  // namespace
}  // namespace dnsd::policy
