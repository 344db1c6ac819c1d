// The address space of one family cut into ranges, each with a value: how prefixes that overlap
// become what a table is compiled of.
//
//   10.0.0.0/8   = 1    ──>   0.0.0.0 = 0 | 10.0.0.0 = 1 | 10.1.0.0 = 2 | 10.2.0.0 = 1 | 11.0.0.0 =
//   0 10.1.0.0/16  = 2
#pragma once

#include <endian.h>

#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "dnsd/base/ip.h"

namespace dnsd::locality {

// Addresses as numbers of 128 bits; an IPv4 address fills the first 32.
struct Position {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  static Position Of(const IpAddress& address) {
    // All 16 octets, whatever the family: those past an IPv4 address are zeros.
    std::uint64_t words[2];
    std::memcpy(words, address.octets().data(), sizeof words);
    return {be64toh(words[0]), be64toh(words[1])};
  }
  // The first position past the prefix of `length` bits that begins here; 0 past the last one.
  Position PastPrefix(unsigned length) const;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// A value holds from `start` to the start of the next range, or to the end of the space.
struct Range {
  Position start;
  std::uint32_t value = 0;

  friend bool operator==(const Range&, const Range&) = default;
};

// Ordered by start, the first at 0; neighbours differ in value. Never empty.
using Ranges = std::vector<Range>;

struct PrefixValue {
  IpPrefix prefix;
  std::uint32_t value = 0;
};

// The longest prefix that contains an address gives its value; 0 where there is none. Of equal
// prefixes the last counts; those of the other family are passed over.
Ranges RangesOf(std::vector<PrefixValue> prefixes, IpFamily family);

// The space cut wherever either is cut; `combine` of the values of `a` and `b` is a range's value.
Ranges Overlay(const Ranges& a, const Ranges& b,
               const std::function<std::uint32_t(std::uint32_t, std::uint32_t)>& combine);

}  // namespace dnsd::locality
