// Work on a node that no client of ours asked for.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "tools/dnsd-sim/draws.h"
#include "tools/dnsd-sim/step.h"

namespace dnsd::sim {

enum class BackgroundKind : std::uint8_t {
  kConstant,
  kWandering,  // about the mean, correlated over `period` (Ornstein and Uhlenbeck's process)
  kSteps,      // a new level, evenly within `spread` of the mean, after `period` on average
  kHistory,    // as recorded
};

struct BackgroundSpec {
  BackgroundKind kind = BackgroundKind::kConstant;
  double mean = 0;              // share of the CPUs, 0 to 1
  double spread = 0;            // wandering: standard deviation; steps: the farthest from the mean
  double period = 20;           // seconds
  std::vector<Step> history{};  // by rising time; its mean is `mean`
};

class Background {
 public:
  static constexpr double kMost = 0.95;

  explicit Background(BackgroundSpec spec) : spec_(std::move(spec)), share_(spec_.mean) {}

  bool changes() const { return spec_.kind != BackgroundKind::kConstant; }
  double share() const { return std::clamp(share_, 0.0, kMost); }
  // Moves on to `now`; returns when to be called next, after `now`.
  double Next(double now, Random& random) {
    if (spec_.kind == BackgroundKind::kHistory) return NextOfHistory(now);
    if (spec_.kind == BackgroundKind::kSteps) {
      share_ = spec_.mean + spec_.spread * (2 * random.Unit() - 1);
      return now + spec_.period * DrawExponential(random);
    }
    const double keep = std::exp(-kWanderEvery / spec_.period);
    share_ = spec_.mean + (share_ - spec_.mean) * keep +
             spec_.spread * std::sqrt(1 - keep * keep) * DrawNormal(random);
    return now + kWanderEvery;
  }

 private:
  double NextOfHistory(double now) {
    const std::vector<Step>& history = spec_.history;
    while (next_ < history.size() && history[next_].at <= now) share_ = history[next_++].value;
    return next_ < history.size() ? history[next_].at : std::numeric_limits<double>::infinity();
  }

  static constexpr double kWanderEvery = 0.25;

  BackgroundSpec spec_;
  double share_ = 0;
  std::size_t next_ = 0;  // of the history
};

}  // namespace dnsd::sim
