// Whose client subnets (RFC 7871) are used, and how much of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/locality/prefix_table.h"
#include "dnsd/wire/query.h"

namespace dnsd::answer {

// Immutable once built; safe to share between threads.
class ClientSubnets {
 public:
  // Prefixes that say where one person lives are not looked at (RFC 7871 §11.1).
  static constexpr std::uint8_t kIpv4Bits = 24;
  static constexpr std::uint8_t kIpv6Bits = 56;

  // From every resolver.
  ClientSubnets() = default;
  // From those that one of `resolvers` contains: none where there are none. The bits are the most
  // that are looked at of a subnet.
  ClientSubnets(const std::vector<IpPrefix>& resolvers, std::uint8_t ipv4_bits,
                std::uint8_t ipv6_bits)
      : resolvers_(TableOf(resolvers)), ipv4_bits_(ipv4_bits), ipv6_bits_(ipv6_bits) {}
  ClientSubnets(std::uint8_t ipv4_bits, std::uint8_t ipv6_bits)
      : ipv4_bits_(ipv4_bits), ipv6_bits_(ipv6_bits) {}

  // Whether the option of this resolver counts. Where not, it is as if it were not there: the
  // response must not have one (§7.2.1).
  bool TakesFrom(const IpAddress& resolver) const { return resolvers_.Find(resolver).value != 0; }

  // Bits of the subnet that count; 0: the resolver's own address does, and no scope may tell
  // (§7.1.2).
  std::uint8_t BitsUsed(const wire::ClientSubnet& subnet) const {
    return std::min(subnet.source_length,
                    subnet.address.family() == IpFamily::kV4 ? ipv4_bits_ : ipv6_bits_);
  }

  // The client that the answer is for.
  IpAddress ClientOf(const wire::ClientSubnet& subnet, const IpAddress& resolver) const {
    const std::uint8_t bits = BitsUsed(subnet);
    if (bits == 0) return resolver;
    return bits < subnet.source_length ? subnet.address.Masked(bits) : subnet.address;
  }

 private:
  static locality::PrefixTable TableOf(const std::vector<IpPrefix>& resolvers) {
    std::vector<locality::PrefixValue> all;
    for (const IpPrefix& prefix : resolvers) all.push_back({prefix, 1});
    return {locality::RangesOf(all, IpFamily::kV4), locality::RangesOf(all, IpFamily::kV6)};
  }

  locality::PrefixTable resolvers_ = TableOf({{IpAddress(), 0}, {*IpAddress::Parse("::"), 0}});
  std::uint8_t ipv4_bits_ = kIpv4Bits;
  std::uint8_t ipv6_bits_ = kIpv6Bits;
};

}  // namespace dnsd::answer
