// Whether an answer goes to a member that nothing is known of, so that something will be.
#pragma once

#include <cstdint>
#include <optional>

namespace dnsd::locality {

// Of a client's prefix, `known` candidates have a measured round-trip time and `unknown` have none.
// With probability `share`, 0 to 1, one of the unknown ones is answered with, each as likely: its
// number among them. Nothing: the choice goes on as usual, as it always does where all are known,
// or none is: then the usual choice measures as it goes. `random`: 64 even bits.
inline std::optional<std::uint32_t> ExploreWhom(float share, std::uint64_t random,
                                                std::uint32_t known, std::uint32_t unknown) {
  if (known == 0 || unknown == 0) return std::nullopt;
  // 24 bits, which a float holds exactly.
  const float drawn = static_cast<float>(random >> 40) * 0x1.0p-24F;
  if (drawn >= share) return std::nullopt;
  return static_cast<std::uint32_t>((random & 0xFFFFFFFF) * unknown >> 32);
}

}  // namespace dnsd::locality
