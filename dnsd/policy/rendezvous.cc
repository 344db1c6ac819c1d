#include "dnsd/policy/rendezvous.h"

#include <endian.h>

#include <algorithm>
#include <cstring>

namespace dnsd::policy {

std::uint64_t HashOf(std::span<const std::uint8_t> address) {
  std::uint64_t words[2] = {address.size(), 0};
  if (address.size() == 16) {
    std::memcpy(words, address.data(), sizeof words);
    return MixBits(MixBits(be64toh(words[0])) ^ be64toh(words[1]));
  }
  std::memcpy(&words[1], address.data(), std::min<std::size_t>(address.size(), 8));
  return MixBits(words[0] ^ be64toh(words[1]));
}

float LoadLimit(std::span<const Candidate> candidates, float bound) {
  float sum = 0;
  for (const Candidate& candidate : candidates) sum += candidate.cost;
  const float mean = sum / static_cast<float>(std::max<std::size_t>(candidates.size(), 1));
  return std::max(mean, kLeastBusy) * (1 + bound);
}

}  // namespace dnsd::policy
