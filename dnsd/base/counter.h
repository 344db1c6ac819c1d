// Counters that one thread writes and any thread reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace dnsd {

// Counts upwards. Add is for the one owning thread (a plain load and store, no bus lock); value()
// for any thread, which sees some recent value.
class Counter {
 public:
  void Add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace dnsd
