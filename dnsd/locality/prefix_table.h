// The longest-prefix table: from a client's address to a number, and how many of its leading bits
// told that number. Compiled once from ranges, then read by all workers.
//
//   first 16 bits ──> block { first bucket, bits of the bucket }     one for each of the 65,536
//                        │
//   the next bits ──> bucket { first range }                          as many as the block has
//   ranges
//                        │
//                     ranges by start: 9 of 10 buckets hold one or two; a search within the rest
//
// IPv4 and IPv6 each have one, IPv6 by the first 64 bits. What differs beyond those, a single
// address in a list, say, stands in a second array of ranges by the last 64.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/locality/ranges.h"

namespace dnsd::locality {

// What the table says of an address. Every address that agrees with it in the first `bits` bits
// has the same value; with one bit fewer that does not hold.
struct Found {
  std::uint32_t value = 0;
  std::uint8_t bits = 0;

  friend bool operator==(const Found&, const Found&) = default;
};

// Immutable once built; safe to share between threads.
class PrefixTable {
 public:
  static constexpr std::uint32_t kMostValue = 0x7FFFFFFF;

  // An empty table: the value is 0 everywhere.
  PrefixTable();
  PrefixTable(const Ranges& v4, const Ranges& v6);

  Found Find(const IpAddress& address) const {
    return address.family() == IpFamily::kV4 ? v4_.Find(Position::Of(address))
                                             : v6_.Find(Position::Of(address));
  }

  std::size_t ranges() const { return v4_.ranges() + v6_.ranges(); }
  std::size_t octets() const { return v4_.octets() + v6_.octets(); }  // of memory

 private:
  class Half {
   public:
    explicit Half(const Ranges& ranges);
    Found Find(const Position& position) const;
    std::size_t ranges() const { return starts_.size() + deep_.size(); }
    std::size_t octets() const;

   private:
    // From `start` to that of the next entry. With kDeep, `value` is a place in groups_.
    struct Entry {
      std::uint64_t start;
      std::uint32_t value;
    };
    struct Block {
      std::uint32_t first;  // its first bucket
      std::uint32_t shift;  // the bucket is what is left of bits 16 to 63
    };
    void Split(const Ranges& ranges);
    void Index();
    Found FindDeep(std::uint32_t group, std::uint64_t low) const;

    std::vector<Entry> starts_;
    std::vector<Block> blocks_;
    std::vector<std::uint32_t> buckets_;  // the entry that holds at the bucket's first address
    std::vector<Entry> deep_;             // by the last 64 bits, the first of a group at 0
    std::vector<std::uint32_t> groups_;   // where each group of deep_ begins, and the end
  };

  Half v4_;
  Half v6_;
};

}  // namespace dnsd::locality
