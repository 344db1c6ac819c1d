// How long to wait before the next attempt at something that failed.
#pragma once

#include <algorithm>

#include "dnsd/base/clock.h"

namespace dnsd::reporter {

// Exponential back-off with full jitter: the n-th wait is drawn evenly from 0 to min(cap, start *
// 2^n), so that the reporters of a whole fleet do not come back to a restarted dnsd at once.
class Backoff {
 public:
  Backoff(Duration start, Duration cap) : start_(start), cap_(cap), ceiling_(start) {}

  // The next wait. `unit` is a random number, evenly from [0, 1).
  Duration Next(double unit) {
    const Duration wait = FromSeconds(Seconds(ceiling_) * unit);
    ceiling_ = std::min(ceiling_ * 2, cap_);
    return wait;
  }

  // The attempt succeeded: the next wait is short again.
  void Reset() { ceiling_ = start_; }

 private:
  Duration start_;
  Duration cap_;
  Duration ceiling_;  // of the next wait
};

}  // namespace dnsd::reporter
