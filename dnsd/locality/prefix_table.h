// The longest-prefix table: from a client's address to a number, and how many of its leading bits
// told that number. Compiled once from ranges, then read by all workers.
//
// A trie whose nodes are lines of the cache. A fork looks at the next bits of the address in which
// what is below differs, as many of them as fill a third of its branches; a leaf holds the ends of
// up to five ranges. Where prefixes lie evenly the root has a hundred thousand branches and all
// others are leaves, so that a look-up waits for memory once; where they crowd it waits twice.
//
//   fork { bits to skip, bits to look at } ──> leaf | leaf | fork | leaf | ...
//                                              { 10.1/16 = 2 up to 10.2, then 1 up to 11.0, ... }
//
// IPv4 and IPv6 each have one, IPv6 by the first 64 bits. What differs beyond those, a single
// address in a list, say, stands in a second array of ranges by the last 64.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dnsd/base/huge_vector.h"
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
    return tries_[static_cast<std::size_t>(address.family())].Find(Position::Of(address));
  }

  // Begins to read what Find will, for an address that is looked up a little later.
  void Prefetch(const IpAddress& address) const {
    tries_[static_cast<std::size_t>(address.family())].Prefetch(Position::Of(address).high);
  }

  std::size_t ranges() const { return tries_[0].ranges() + tries_[1].ranges(); }
  std::size_t octets() const { return tries_[0].octets() + tries_[1].octets(); }  // of memory

 private:
  class Trie {
   public:
    explicit Trie(const Ranges& ranges);
    Found Find(const Position& position) const;
    void Prefetch(std::uint64_t high) const;
    std::size_t ranges() const { return ranges_; }
    std::size_t octets() const;

   private:
    static constexpr std::size_t kLeaf = 4;       // boundaries that a leaf holds
    static constexpr std::size_t kInCache = 256;  // first lines, which every look-up passes by
    // A range begins at `start`. With kDeep, `value` is a place in groups_.
    struct Boundary {
      std::uint64_t start;
      std::uint32_t value;
    };
    // In a leaf values[i] holds up to starts[i], the last to the end of what the leaf covers. A
    // fork's branches follow one another; addresses that differ from `low` within `mask` are
    // outside them, and of one value on either side.
    struct alignas(64) Line {
      struct Fork {
        std::uint64_t low, mask;
      };
      union {
        std::uint64_t starts[kLeaf];  // of a leaf
        Fork fork;
      };
      std::uint32_t values[kLeaf + 1];  // of a fork: before it, behind it, and its first branch
      std::uint8_t count;               // of starts
      std::uint8_t bits;                // of a leaf without starts: as Found has them
      std::uint8_t shift;               // of a fork: to the number of a branch
      bool is_fork;
    };
    static_assert(sizeof(Line) == 64);
    std::vector<Boundary> Split(const Ranges& ranges);
    void Compile(std::size_t line, std::uint64_t low, std::size_t first, std::size_t end,
                 const std::vector<Boundary>& all);
    void CompileFork(std::size_t line, std::size_t first, std::size_t end,
                     const std::vector<Boundary>& all);
    Found FindDeep(std::uint32_t group, std::uint64_t low) const;

    HugeVector<Line> lines_;            // the root first
    HugeVector<Boundary> deep_;         // by the last 64 bits, the first of a group at 0
    HugeVector<std::uint32_t> groups_;  // where each group of deep_ begins, and the end
    std::size_t ranges_ = 0;
  };

  std::array<Trie, 2> tries_;  // by family
};

}  // namespace dnsd::locality
