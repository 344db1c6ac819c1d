// Time as dnsd measures it. Intervals are judged by the monotonic clock alone; the wall clock is
// for people and signatures. Code below `server` takes time as an argument and reads no clock.
#pragma once

#include <chrono>

namespace dnsd {

using MonotonicClock = std::chrono::steady_clock;
using MonotonicTime = MonotonicClock::time_point;
using Duration = MonotonicClock::duration;
using WallTime = std::chrono::system_clock::time_point;

// A duration as a number of seconds, for the formulas.
constexpr double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// A number of seconds as a duration.
constexpr Duration FromSeconds(double s) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

}  // namespace dnsd
