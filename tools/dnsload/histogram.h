// Latencies in buckets of constant relative width.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace dnsload {

// Counts durations from 1 ns to 2^40 ns (18 minutes) in buckets 1/32 as wide as their value: a
// percentile is exact within 3 %, and adding one touches one counter. As HdrHistogram does it.
class Histogram {
 public:
  void Add(std::uint64_t nanoseconds) {
    ++buckets_[IndexOf(nanoseconds)];
    ++count_;
    sum_ += nanoseconds;
    if (nanoseconds > max_) max_ = nanoseconds;
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  double mean() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }

  // The least duration, in ns and rounded up to its bucket's end, that at least `share` (0 to 1) of
  // all do not exceed; 0 of none.
  std::uint64_t Percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_) + 0.5);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > 0 && seen >= wanted) return EndOf(i) < max_ ? EndOf(i) : max_;
    }
    return max_;
  }

 private:
  static constexpr unsigned kSubBits = 5;
  static constexpr std::uint64_t kSub = 1U << kSubBits;
  static constexpr unsigned kMaxBits = 40;

  // Values below 2 * kSub have a bucket each; above, kSub buckets a power of two.
  static std::size_t IndexOf(std::uint64_t value) {
    if (value >= std::uint64_t{1} << kMaxBits) value = (std::uint64_t{1} << kMaxBits) - 1;
    if (value < kSub) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    return static_cast<std::size_t>((shift + 1) * kSub + ((value >> shift) - kSub));
  }
  static std::uint64_t EndOf(std::size_t index) {
    if (index < kSub) return index;
    const std::uint64_t shift = index / kSub - 1;
    return ((index % kSub + kSub + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (kMaxBits - kSubBits + 1) * kSub> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace dnsload
