// Keeps peers from filling the log.
#pragma once

#include <cstdint>
#include <mutex>

#include "dnsd/base/clock.h"

namespace dnsd::server {

// Lets `per_period` messages through a `period`; counts those it holds back. Any thread.
class WarningLimit {
 public:
  WarningLimit(std::uint64_t per_period, Duration period)
      : per_period_(per_period), period_(period) {}

  // Whether a message may be logged now. `held_back` is set to the number of messages held back
  // since the last that was let through.
  bool Allow(MonotonicTime now, std::uint64_t& held_back) {
    std::lock_guard lock(mutex_);
    if (count_ == 0 || now - since_ >= period_) {
      since_ = now;
      count_ = 0;
    }
    if (count_ == per_period_) {
      ++held_back_;
      return false;
    }
    ++count_;
    held_back = held_back_;
    held_back_ = 0;
    return true;
  }

 private:
  const std::uint64_t per_period_;
  const Duration period_;
  std::mutex mutex_;  // guards what follows
  MonotonicTime since_;
  std::uint64_t count_ = 0;
  std::uint64_t held_back_ = 0;
};

}  // namespace dnsd::server
