// How many sessions a second clients begin, over time.
#pragma once

#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "tools/dnsd-sim/step.h"

namespace dnsd::sim {

// A Poisson process whose rate changes in steps.
class Demand {
 public:
  // `rate` a second, above 0; `steps` are factors of it, by rising time. Without one at 0 the
  // factor is 1 until the first.
  Demand(double rate, std::vector<Step> steps) : rate_(rate), steps_(std::move(steps)) {}

  double rate_at(double time) {
    Find(time);
    return rate_ * factor_;
  }
  // When the next session begins after `now`, which does not go back; `exponential`: a draw of mean
  // 1. Infinite if the demand has ended.
  double Next(double now, double exponential) {
    double left = exponential;
    for (double at = now;; at = steps_[next_].at) {
      const double rate = rate_at(at);
      const double end = next_ < steps_.size() ? steps_[next_].at : kForever;
      if (rate > 0 && at + left / rate < end) return at + left / rate;
      if (end == kForever) return kForever;
      left -= rate * (end - at);
    }
  }

 private:
  static constexpr double kForever = std::numeric_limits<double>::infinity();

  void Find(double time) {
    while (next_ < steps_.size() && steps_[next_].at <= time) factor_ = steps_[next_++].value;
  }

  double rate_;
  std::vector<Step> steps_;
  std::size_t next_ = 0;  // the first step to come
  double factor_ = 1;
};

}  // namespace dnsd::sim
