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

std::uint64_t HashOfNetwork(const IpAddress& client) {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, client.octets().data(), std::min<std::size_t>(client.size(), 8));
  const unsigned bits = HashedBits(client);
  return MixBits(be64toh(prefix) >> (64 - bits) << 8 | bits);
}

}  // namespace dnsd::policy
