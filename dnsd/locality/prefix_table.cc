#include "dnsd/locality/prefix_table.h"

#include <algorithm>
#include <bit>

namespace dnsd::locality {
namespace {

constexpr std::uint32_t kDeep = 0x80000000;
constexpr unsigned kBlockBits = 16;
constexpr unsigned kMostBucketBits = 20;
constexpr std::size_t kBlocks = std::size_t{1} << kBlockBits;

// The bits of `at` that set it apart from all outside the range from `start` up to `next`, where
// either is there.
unsigned BitsWithin(std::uint64_t at, const std::uint64_t* start, const std::uint64_t* next) {
  unsigned shared = 0;
  bool bounded = false;
  if (start != nullptr && *start != 0) {
    shared = static_cast<unsigned>(std::countl_zero(at ^ (*start - 1)));
    bounded = true;
  }
  if (next != nullptr) {
    shared = std::max(shared, static_cast<unsigned>(std::countl_zero(at ^ *next)));
    bounded = true;
  }
  return bounded ? shared + 1 : 0;
}

}  // namespace

PrefixTable::PrefixTable() : PrefixTable(Ranges{{}}, Ranges{{}}) {}

PrefixTable::PrefixTable(const Ranges& v4, const Ranges& v6) : v4_(v4), v6_(v6) {}

PrefixTable::Half::Half(const Ranges& ranges) {
  Split(ranges);
  Index();
}

// Ranges that begin within 64 bits go to a group of their own, with what holds before them.
void PrefixTable::Half::Split(const Ranges& ranges) {
  std::uint32_t before = 0;  // the value that holds up to the range
  for (std::size_t i = 0; i < ranges.size();) {
    const std::uint64_t high = ranges[i].start.high;
    std::size_t end = i;
    while (end < ranges.size() && ranges[end].start.high == high) ++end;
    const bool whole = end == i + 1 && ranges[i].start.low == 0;
    if (whole) {
      starts_.push_back({high, ranges[i].value});
    } else {
      starts_.push_back({high, kDeep | static_cast<std::uint32_t>(groups_.size())});
      groups_.push_back(static_cast<std::uint32_t>(deep_.size()));
      if (ranges[i].start.low != 0) deep_.push_back({0, before});
      for (std::size_t j = i; j < end; ++j) {
        deep_.push_back({ranges[j].start.low, ranges[j].value});
      }
    }
    before = ranges[end - 1].value;
    const bool next_follows = end < ranges.size() && ranges[end].start.high == high + 1;
    if (!whole && !next_follows && high + 1 != 0) starts_.push_back({high + 1, before});
    i = end;
  }
  groups_.push_back(static_cast<std::uint32_t>(deep_.size()));
}

// Gives each block as many buckets as it has ranges, to the next power of two.
void PrefixTable::Half::Index() {
  blocks_.resize(kBlocks);
  std::size_t entry = 0;  // the one that holds at the block's start
  for (std::size_t b = 0; b < kBlocks; ++b) {
    const std::uint64_t first = std::uint64_t{b} << (64 - kBlockBits);
    const auto within = [&](std::size_t i) {
      return i < starts_.size() && starts_[i].start >> (64 - kBlockBits) == b;
    };
    while (entry + 1 < starts_.size() && starts_[entry + 1].start <= first) ++entry;
    std::size_t end = entry + 1;
    while (within(end)) ++end;
    const unsigned bits =
        std::min(kMostBucketBits, static_cast<unsigned>(std::bit_width(end - entry - 1)));
    blocks_[b] = {static_cast<std::uint32_t>(buckets_.size()), 64 - kBlockBits - bits};
    for (std::size_t bucket = 0, at = entry; bucket < std::size_t{1} << bits; ++bucket) {
      const std::uint64_t start = first + (std::uint64_t{bucket} << blocks_[b].shift);
      while (at + 1 < end && starts_[at + 1].start <= start) ++at;
      buckets_.push_back(static_cast<std::uint32_t>(at));
    }
    entry = end - 1;
  }
  // The last bucket ends with the last entry.
  buckets_.push_back(static_cast<std::uint32_t>(starts_.size() - 1));
}

Found PrefixTable::Half::Find(const Position& position) const {
  const std::uint64_t at = position.high;
  const Block block = blocks_[at >> (64 - kBlockBits)];
  const std::size_t bucket = block.first + (at << kBlockBits >> kBlockBits >> block.shift);
  // The entry is one of those from the bucket's first up to that of the next bucket.
  const Entry* first = &starts_[buckets_[bucket]];
  std::size_t count = buckets_[bucket + 1] - buckets_[bucket] + 1;
  while (count > 1) {
    const std::size_t half = count / 2;
    first = first[half].start <= at ? first + half : first;
    count -= half;
  }
  if ((first->value & kDeep) != 0) return FindDeep(first->value & ~kDeep, position.low);
  const Entry* const next = first + 1;
  const bool is_last = next == starts_.data() + starts_.size();
  const unsigned bits = BitsWithin(at, &first->start, is_last ? nullptr : &next->start);
  return {first->value, static_cast<std::uint8_t>(bits)};
}

Found PrefixTable::Half::FindDeep(std::uint32_t group, std::uint64_t low) const {
  const auto begin = deep_.begin() + groups_[group];
  const auto end = deep_.begin() + groups_[group + 1];
  const auto next = std::upper_bound(begin, end, low,
                                     [](std::uint64_t l, const Entry& e) { return l < e.start; });
  const auto at = next - 1;
  const unsigned bits = BitsWithin(low, &at->start, next == end ? nullptr : &next->start);
  return {at->value, static_cast<std::uint8_t>(64 + bits)};
}

std::size_t PrefixTable::Half::octets() const {
  return starts_.capacity() * sizeof(Entry) + blocks_.capacity() * sizeof(Block) +
         buckets_.capacity() * sizeof(std::uint32_t) + deep_.capacity() * sizeof(Entry) +
         groups_.capacity() * sizeof(std::uint32_t);
}

}  // namespace dnsd::locality
