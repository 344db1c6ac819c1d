// How long queries took: a histogram that one thread fills and any reads.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "dnsd/base/clock.h"
#include "dnsd/base/counter.h"

namespace dnsd::answer {

class Latency {
 public:
  // Bucket i has what took at most 2^i microseconds and more than the bucket before; the last has
  // all that took longer still.
  static constexpr std::size_t kBuckets = 18;

  static constexpr std::size_t BucketOf(Duration took) {
    const auto us = std::chrono::ceil<std::chrono::microseconds>(took).count();
    if (us <= 1) return 0;
    return std::min<std::size_t>(std::bit_width(static_cast<std::uint64_t>(us - 1)), kBuckets - 1);
  }
  // The upper bound of bucket `i`, which is not the last.
  static constexpr Duration BoundOf(std::size_t i) {
    return std::chrono::microseconds(std::int64_t{1} << i);
  }

  // `queries` that took as long each. By the owning thread.
  void Add(Duration took, std::uint64_t queries) {
    buckets_[BucketOf(took)].Add(queries);
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count();
    nanoseconds_.Add(static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)) * queries);
  }

  std::uint64_t count(std::size_t bucket) const { return buckets_[bucket].value(); }
  std::uint64_t nanoseconds() const { return nanoseconds_.value(); }  // the sum of all

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter nanoseconds_;
};

}  // namespace dnsd::answer
