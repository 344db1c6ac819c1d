// A small fast random generator for choices among equals; never for secrets.
#pragma once

#include <cstdint>

namespace dnsd {

// SplitMix64 (Steele, Lea, Flood 2014): one 64-bit state, passes BigCrush. Each thread owns its
// own; a test seeds it.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  // Evenly from 0 to bound - 1; bound at least 1 (Lemire's multiply and shift, its bias below
  // 2^-32 for the small bounds used here).
  std::uint32_t Below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((Next() >> 32) * bound) >> 32);
  }

  // Evenly in [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace dnsd
