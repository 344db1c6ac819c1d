#include "dnsd/server/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;

TEST(Watchdog, PingsAgainAndAgainWhileNothingIsWrong) {
  std::atomic<int> pings = 0;
  std::promise<void> three;
  Watchdog watchdog(
      1ms, [] { return std::string(); },
      [&] {
        if (++pings == 3) three.set_value();
      });
  three.get_future().wait();
}

TEST(Watchdog, IsSilentWhileSomethingIs) {
  std::atomic<int> looks = 0;
  std::atomic<int> pings = 0;
  std::promise<void> looked;
  {
    Watchdog watchdog(
        1ms,
        [&] {
          if (++looks == 3) looked.set_value();
          return std::string("the control loop is stuck");
        },
        [&] { ++pings; });
    looked.get_future().wait();
  }
  EXPECT_EQ(pings, 0);
}

TEST(Watchdog, EndsAtOnceHoweverLongItsPeriod) {
  int pings = 0;
  {
    Watchdog watchdog(
        1h, [] { return std::string(); }, [&] { ++pings; });
  }
  EXPECT_EQ(pings, 1);
}

}  // namespace
}  // namespace dnsd::server
