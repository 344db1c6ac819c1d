// Whether an answer goes to a member that nothing is known of, or nothing new, so that something
// will be.
#pragma once

#include <cstdint>

namespace dnsd::locality {

// With probability `share`, 0 to 1. `random`: 64 even bits.
inline bool IsExploring(float share, std::uint64_t random) {
  // The high 24 bits, which a float holds exactly.
  return static_cast<float>(random >> 40) * 0x1.0p-24F < share;
}

// Which of so many members then, each as likely, by the low bits: 0 to `count` - 1.
inline std::uint32_t ExploredOf(std::uint32_t count, std::uint64_t random) {
  return static_cast<std::uint32_t>((random & 0xFFFFFFFF) * count >> 32);
}

}  // namespace dnsd::locality
