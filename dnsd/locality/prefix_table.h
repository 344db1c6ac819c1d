// The longest-prefix table: from a client's address to a number, and how many of its leading bits
// told that number. Compiled once from ranges, then read by all workers.
//
// A trie whose nodes are lines of the cache. A fork looks at the next bits of the address in which
// what is below differs, as many of them as fill a third of its branches; a leaf holds the ends of
// up to eight ranges. Where prefixes lie evenly the root has a hundred thousand branches and all
// others are leaves, so that a look-up waits for memory once; where they crowd it waits twice. A
// batch of them waits for all at once: Prefetch each, PrefetchDeeper each, then Find each.
//
//   fork { bits to skip, bits to look at } ──> leaf | leaf | fork | leaf | ...
//                                              { 10.1/16 = 2 up to 10.2, then 1 up to 11.0, ... }
//
// IPv4 and IPv6 each have one, IPv6 by the first 64 bits. What differs beyond those, a single
// address in a list, say, stands in a second array of ranges by the last 64.
#pragma once

#include <array>
#include <cstdint>
#include <span>
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

  // Begins to read what Find will, for an address that is looked up a little later: the first line
  // that lies in no near cache, and once that may have come the line behind it.
  void Prefetch(const IpAddress& address) const {
    tries_[static_cast<std::size_t>(address.family())].Prefetch(Position::Of(address).high);
  }
  void PrefetchDeeper(const IpAddress& address) const {
    tries_[static_cast<std::size_t>(address.family())].PrefetchDeeper(Position::Of(address).high);
  }

  std::size_t ranges() const { return tries_[0].ranges() + tries_[1].ranges(); }
  std::size_t octets() const { return tries_[0].octets() + tries_[1].octets(); }  // of memory

 private:
  class Trie {
   public:
    explicit Trie(const Ranges& ranges);
    Found Find(const Position& position) const;
    void Prefetch(std::uint64_t high) const;
    void PrefetchDeeper(std::uint64_t high) const;
    std::size_t ranges() const { return ranges_; }
    std::size_t octets() const;

   private:
    static constexpr std::size_t kMost = 7;       // boundaries that a leaf holds
    static constexpr std::size_t kInCache = 256;  // first lines, which all look-ups pass by
    enum class Kind : std::uint8_t { kLeaf, kFork, kList };
    // A range begins at `start`. With kDeep, `value` is a place in groups_.
    struct Boundary {
      std::uint64_t start;
      std::uint32_t value;
    };
    // Addresses count without their last `drop` bits, in which no boundary has one set, and of what
    // is left in 32 bits, before which all that the leaf covers agrees. values[i] holds up to
    // and with ends[i], which is ~0 from that of the last range on.
    struct Leaf {
      Kind kind;
      std::uint8_t drop;
      std::uint8_t bits;       // as Found has them, but for
      std::uint8_t more_bits;  // those that are reckoned from the boundaries: a mask, 0 without any
      std::uint32_t ends[kMost];
      std::uint32_t values[kMost + 1];
    };
    // Its branches follow one another from the line `first`; addresses that differ from `low`
    // within `mask` are outside them, and of one value on either side.
    struct Fork {
      Kind kind;
      std::uint8_t shift;  // to the number of a branch
      std::uint32_t before, behind, first;
      std::uint64_t low, mask;
    };
    // Few boundaries, too far apart for a leaf.
    struct List {
      Kind kind;
      std::uint32_t first, end;  // of listed_, with what holds before them
    };
    union alignas(64) Line {
      Leaf leaf{};
      Fork fork;
      List list;

      Kind kind() const { return leaf.kind; }  // all begin with it
    };
    static_assert(sizeof(Line) == 64);
    // A line that covers 2^span addresses from `low`: the boundaries from `first` to before `end`
    // are those behind `low`, so that the one before `first` holds there.
    struct Part {
      std::size_t line;
      std::uint64_t low;
      unsigned span;
      std::size_t first, end;
    };
    // A part that becomes a fork of 2^bits branches by the bits behind the first `skip`.
    struct ForkPlan {
      Part part;
      unsigned skip, bits;

      // What has more boundaries to a branch is passed by more often.
      bool operator<(const ForkPlan& other) const {
        return (part.end - part.first) >> bits < (other.part.end - other.part.first) >> other.bits;
      }
    };
    std::vector<Boundary> Split(const Ranges& ranges);
    void Compile(const std::vector<Boundary>& all);
    bool CompileLeaf(const Part& part, const std::vector<Boundary>& all);
    void CompileList(const Part& part, const std::vector<Boundary>& all);
    static ForkPlan PlanFork(const Part& part, const std::vector<Boundary>& all);
    std::vector<Part> CompileFork(const ForkPlan& plan, const std::vector<Boundary>& all);
    // The fork's branch for the address; null if that is outside.
    const Line* BranchOf(const Fork& fork, std::uint64_t high) const {
      if (((high ^ fork.low) & fork.mask) != 0) return nullptr;
      return &lines_[fork.first + ((high - fork.low) >> fork.shift)];
    }
    const Line* FirstOutOfCache(std::uint64_t high) const;
    Found FindOutside(const Fork& fork, const Position& position) const;
    Found FindIn(const Leaf& leaf, const Position& position) const;
    Found FindIn(const List& list, const Position& position) const;
    Found FindDeep(std::uint32_t group, std::uint64_t low) const;
    static Found FindRange(std::span<const Boundary> ranges, std::uint64_t at);

    HugeVector<Line> lines_;            // the root first
    HugeVector<Boundary> listed_;       // of lists
    HugeVector<Boundary> deep_;         // by the last 64 bits, the first of a group at 0
    HugeVector<std::uint32_t> groups_;  // where each group of deep_ begins, and the end
    std::size_t ranges_ = 0;
  };

  std::array<Trie, 2> tries_;  // by family
};

}  // namespace dnsd::locality
