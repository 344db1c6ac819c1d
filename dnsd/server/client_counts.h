// How many connections each client has.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "dnsd/base/ip.h"

namespace dnsd::server {

// Counts by prefix, since a client with one IPv6 address has a whole /64 of them. One thread's own.
class ClientCounts {
 public:
  // At most `limit` from each prefix, of so many bits.
  ClientCounts(unsigned limit, std::uint8_t ipv4_prefix, std::uint8_t ipv6_prefix)
      : limit_(limit), ipv4_prefix_(ipv4_prefix), ipv6_prefix_(ipv6_prefix) {}

  // False, and nothing counted, if the client's prefix has its limit already.
  bool Enter(const IpAddress& client) {
    unsigned& count = counts_[PrefixOf(client)];
    if (count >= limit_) return false;
    ++count;
    return true;
  }

  // For each Enter that was true.
  void Leave(const IpAddress& client) {
    const auto at = counts_.find(PrefixOf(client));
    if (at != counts_.end() && --at->second == 0) counts_.erase(at);
  }

  std::size_t prefixes() const { return counts_.size(); }

 private:
  IpAddress PrefixOf(const IpAddress& client) const {
    return client.Masked(client.family() == IpFamily::kV4 ? ipv4_prefix_ : ipv6_prefix_);
  }

  unsigned limit_;  // at least 1: no prefix is kept with a count of 0
  std::uint8_t ipv4_prefix_, ipv6_prefix_;
  std::unordered_map<IpAddress, unsigned, IpAddressHash> counts_;
};

}  // namespace dnsd::server
