// How close a member is to a client, from configured lists and from the addresses alone.
#pragma once

#include <endian.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "dnsd/base/ip.h"

namespace dnsd::policy {

// Greater is closer. 0 to 56: the bits that client and member share. From kListed up: the member
// stands in the client's configured list, the first of it highest.
using ClosenessScore = std::uint16_t;

// Bits that count when addresses are compared: one network is one place, so the host part says
// nothing (the prefixes that resolvers send as well, RFC 7871 §11.1).
inline constexpr unsigned kMostShared4 = 24;
inline constexpr unsigned kMostShared6 = 56;
inline constexpr ClosenessScore kListed = 0x8000;

// A client's own address, ready to be compared with those of many members.
class SharedBits {
 public:
  explicit SharedBits(const IpAddress& client)
      : size_(client.size()), prefix_(Prefix(client.octets())) {}

  // How many of the leading bits that count the member shares, whose address in wire form is given;
  // 0 across families.
  ClosenessScore With(std::span<const std::uint8_t> member) const {
    if (member.size() != size_) return 0;
    const auto shared = static_cast<unsigned>(std::countl_zero(prefix_ ^ Prefix(member)));
    return static_cast<ClosenessScore>(std::min(shared, size_ == 4 ? kMostShared4 : kMostShared6));
  }

 private:
  // The first octets of an address, as many as count and more, the first in the highest place.
  static std::uint64_t Prefix(std::span<const std::uint8_t> octets) {
    if (octets.size() == 4) {
      std::uint32_t word;
      std::memcpy(&word, octets.data(), sizeof word);
      return std::uint64_t{be32toh(word)} << 32;
    }
    std::uint64_t word;
    std::memcpy(&word, octets.data(), sizeof word);
    return be64toh(word);
  }

  std::size_t size_;
  std::uint64_t prefix_;
};

// A client prefix and its order of members, nearest first (as BIND's sortlist has it).
struct SubnetOrder {
  IpPrefix clients;
  std::vector<IpPrefix> order;
};

// The configured lists. Immutable once built; safe to share between threads.
class Closeness {
 public:
  explicit Closeness(std::vector<SubnetOrder> subnets = {});

  // The list of the longest client prefix that contains `client`; null if there is none.
  const SubnetOrder* Find(const IpAddress& client) const;

  // How many leading bits of `client` tell which lists it is in and which not.
  unsigned BitsToFind(const IpAddress& client) const;

  // The score of a member that `list` names; 0 if it does not.
  static ClosenessScore Listed(const SubnetOrder& list, const IpAddress& member);

 private:
  std::vector<SubnetOrder> subnets_;  // the longest prefix first
};

}  // namespace dnsd::policy
