#include "dnsd/locality/prefix_table.h"

#include <algorithm>
#include <bit>

namespace dnsd::locality {
namespace {

constexpr std::uint32_t kDeep = 0x80000000;
constexpr unsigned kMostBranchBits = 20;
constexpr unsigned kFewBranchBits = 4;  // so many branches may be mostly empty

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

PrefixTable::PrefixTable(const Ranges& v4, const Ranges& v6) : tries_{Trie(v4), Trie(v6)} {}

PrefixTable::Trie::Trie(const Ranges& ranges) : ranges_(ranges.size()) {
  const std::vector<Boundary> all = Split(ranges);
  lines_.reserve(1 + all.size() / 2);
  lines_.resize(1);
  Compile(0, 0, 1, all.size(), all);
  lines_.shrink_to_fit();
}

// Ranges that begin within 64 bits go to a group of their own, with what holds before them.
std::vector<PrefixTable::Trie::Boundary> PrefixTable::Trie::Split(const Ranges& ranges) {
  std::vector<Boundary> all;
  all.reserve(ranges.size());
  std::uint32_t before = 0;  // the value that holds up to the range
  for (std::size_t i = 0; i < ranges.size();) {
    const std::uint64_t high = ranges[i].start.high;
    std::size_t end = i;
    while (end < ranges.size() && ranges[end].start.high == high) ++end;
    const bool whole = end == i + 1 && ranges[i].start.low == 0;
    if (whole) {
      all.push_back({high, ranges[i].value});
    } else {
      all.push_back({high, kDeep | static_cast<std::uint32_t>(groups_.size())});
      groups_.push_back(static_cast<std::uint32_t>(deep_.size()));
      if (ranges[i].start.low != 0) deep_.push_back({0, before});
      for (std::size_t j = i; j < end; ++j) {
        deep_.push_back({ranges[j].start.low, ranges[j].value});
      }
    }
    before = ranges[end - 1].value;
    const bool next_follows = end < ranges.size() && ranges[end].start.high == high + 1;
    if (!whole && !next_follows && high + 1 != 0) all.push_back({high + 1, before});
    i = end;
  }
  groups_.push_back(static_cast<std::uint32_t>(deep_.size()));
  return all;
}

// Fills in a line that covers the addresses from `low`: those from `first` to before `end` are the
// boundaries behind `low`, so that the one before `first` holds there.
void PrefixTable::Trie::Compile(std::size_t line, std::uint64_t low, std::size_t first,
                                std::size_t end, const std::vector<Boundary>& all) {
  if (end - first > kLeaf) return CompileFork(line, first, end, all);
  Line& leaf = lines_[line];
  std::fill(std::begin(leaf.starts), std::end(leaf.starts), ~std::uint64_t{0});
  leaf.values[0] = all[first - 1].value;
  for (std::size_t i = first; i < end; ++i) {
    leaf.starts[i - first] = all[i].start;
    leaf.values[i - first + 1] = all[i].value;
  }
  leaf.count = static_cast<std::uint8_t>(end - first);
  const std::uint64_t* const next = end < all.size() ? &all[end].start : nullptr;
  leaf.bits = static_cast<std::uint8_t>(BitsWithin(low, &all[first - 1].start, next));
}

// Branches as many as have two boundaries each on average, or fewer where two thirds would have
// none.
void PrefixTable::Trie::CompileFork(std::size_t line, std::size_t first, std::size_t end,
                                    const std::vector<Boundary>& all) {
  const auto skip = static_cast<unsigned>(std::countl_zero(all[first].start ^ all[end - 1].start));
  const std::uint64_t mask = skip == 0 ? 0 : ~std::uint64_t{0} << (64 - skip);
  const std::uint64_t low = all[first].start & mask;
  const auto filled = [&](unsigned bits) {
    std::size_t count = 1;
    for (std::size_t i = first + 1; i < end; ++i) {
      count += (all[i].start ^ all[i - 1].start) >> (64 - skip - bits) != 0 ? 1U : 0U;
    }
    return count;
  };
  unsigned bits = std::min(
      {kMostBranchBits, 64 - skip, static_cast<unsigned>(std::bit_width((end - first) / 2))});
  while (bits > kFewBranchBits && 3 * filled(bits) < std::size_t{1} << bits) --bits;
  const std::size_t branches = lines_.size();
  lines_.resize(branches + (std::size_t{1} << bits));
  Line& fork = lines_[line];
  fork.is_fork = true;
  fork.fork = {low, mask};
  fork.shift = static_cast<std::uint8_t>(64 - skip - bits);
  fork.values[0] = all[first - 1].value;
  fork.values[1] = all[end - 1].value;
  fork.values[2] = static_cast<std::uint32_t>(branches);
  const unsigned shift = fork.shift;
  for (std::size_t branch = 0; branch < std::size_t{1} << bits; ++branch) {
    const std::uint64_t from = low + (std::uint64_t{branch} << shift);
    while (first < end && all[first].start <= from) ++first;
    std::size_t behind = first;
    while (behind < end && (all[behind].start - low) >> shift == branch) ++behind;
    Compile(branches + branch, from, first, behind, all);
    first = behind;
  }
}

Found PrefixTable::Trie::Find(const Position& position) const {
  const std::uint64_t at = position.high;
  const Line* line = lines_.data();
  while (line->is_fork) {
    const auto& fork = line->fork;
    if (((at ^ fork.low) & fork.mask) != 0) {
      const std::uint32_t value = line->values[at < fork.low ? 0 : 1];
      const int shared = std::countl_zero(at ^ fork.low);
      if ((value & kDeep) != 0) return FindDeep(value & ~kDeep, position.low);
      return {value, static_cast<std::uint8_t>(shared + 1)};
    }
    line = &lines_[line->values[2] + ((at - fork.low) >> line->shift)];
  }
  static_assert(kLeaf == 4);
  const auto& starts = line->starts;
  // No branch could foresee which it is.
  const auto passed = std::min<std::size_t>(
      line->count, static_cast<std::size_t>(starts[0] <= at) + (starts[1] <= at ? 1U : 0U) +
                       (starts[2] <= at ? 1U : 0U) + (starts[3] <= at ? 1U : 0U));
  const std::uint32_t value = line->values[passed];
  if ((value & kDeep) != 0) return FindDeep(value & ~kDeep, position.low);
  constexpr std::uint64_t kNothingShared = ~std::uint64_t{0};
  const std::uint64_t before = starts[passed - (passed > 0 ? 1U : 0U)] - 1;
  const std::uint64_t next = starts[std::min<std::size_t>(passed, kLeaf - 1)];
  const int shared = std::max(std::countl_zero(passed > 0 ? at ^ before : kNothingShared),
                              std::countl_zero(passed < line->count ? at ^ next : kNothingShared));
  return {value, line->count == 0 ? line->bits : static_cast<std::uint8_t>(shared + 1)};
}

void PrefixTable::Trie::Prefetch(std::uint64_t high) const {
  std::size_t line = 0;
  while (line < kInCache && lines_[line].is_fork) {
    const Line& at = lines_[line];
    if (((high ^ at.fork.low) & at.fork.mask) != 0) return;
    line = at.values[2] + ((high - at.fork.low) >> at.shift);
  }
  __builtin_prefetch(&lines_[line]);
}

Found PrefixTable::Trie::FindDeep(std::uint32_t group, std::uint64_t low) const {
  const auto begin = deep_.begin() + groups_[group];
  const auto end = deep_.begin() + groups_[group + 1];
  const auto next = std::upper_bound(
      begin, end, low, [](std::uint64_t l, const Boundary& b) { return l < b.start; });
  const auto at = next - 1;
  const unsigned bits = BitsWithin(low, &at->start, next == end ? nullptr : &next->start);
  return {at->value, static_cast<std::uint8_t>(64 + bits)};
}

std::size_t PrefixTable::Trie::octets() const {
  return lines_.capacity() * sizeof(Line) + deep_.capacity() * sizeof(Boundary) +
         groups_.capacity() * sizeof(std::uint32_t);
}

}  // namespace dnsd::locality
