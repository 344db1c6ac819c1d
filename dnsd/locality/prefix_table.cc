#include "dnsd/locality/prefix_table.h"

#include <algorithm>
#include <bit>
#include <queue>
#include <utility>

namespace dnsd::locality {
namespace {

constexpr std::uint32_t kDeep = 0x80000000;
constexpr unsigned kOffsetBits = 32;  // of a leaf's boundaries
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
  Compile(all);
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

// The lines that most look-ups pass by come first, close together.
void PrefixTable::Trie::Compile(const std::vector<Boundary>& all) {
  lines_.resize(1);
  std::priority_queue<ForkPlan> plans;
  const auto compile = [&](const Part& part) {
    if (part.end - part.first > kMost) {
      plans.push(PlanFork(part, all));
    } else if (!CompileLeaf(part, all)) {
      CompileList(part, all);
    }
  };
  for (compile({0, 0, 64, 1, all.size()}); !plans.empty();) {
    const ForkPlan plan = plans.top();
    plans.pop();
    for (const Part& part : CompileFork(plan, all)) compile(part);
  }
}

// False if the boundaries do not fit.
bool PrefixTable::Trie::CompileLeaf(const Part& part, const std::vector<Boundary>& all) {
  std::uint64_t set = std::uint64_t{1} << kOffsetBits;
  for (std::size_t i = part.first; i < part.end; ++i) set |= all[i].start;
  const auto drop = static_cast<unsigned>(std::countr_zero(set));
  if (part.first < part.end && part.span > drop + kOffsetBits) return false;
  Leaf leaf{};
  std::fill(std::begin(leaf.ends), std::end(leaf.ends), ~std::uint32_t{0});
  leaf.drop = static_cast<std::uint8_t>(drop);
  leaf.values[0] = all[part.first - 1].value;
  for (std::size_t i = part.first; i < part.end; ++i) {
    leaf.ends[i - part.first] = static_cast<std::uint32_t>((all[i].start >> drop) - 1);
    leaf.values[i - part.first + 1] = all[i].value;
  }
  if (part.first < part.end) {
    leaf.bits = static_cast<std::uint8_t>(64 - kOffsetBits - drop);
    leaf.more_bits = 0xFF;
  } else {
    const std::uint64_t* const next = part.end < all.size() ? &all[part.end].start : nullptr;
    leaf.bits = static_cast<std::uint8_t>(BitsWithin(part.low, &all[part.first - 1].start, next));
  }
  lines_[part.line].leaf = leaf;
  return true;
}

void PrefixTable::Trie::CompileList(const Part& part, const std::vector<Boundary>& all) {
  const auto first = static_cast<std::uint32_t>(listed_.size());
  for (std::size_t i = part.first - 1; i < part.end; ++i) listed_.push_back(all[i]);
  lines_[part.line].list = {Kind::kList, first, static_cast<std::uint32_t>(listed_.size())};
}

// Branches as many as have one or two boundaries each on average, or fewer where two thirds would
// have none.
PrefixTable::Trie::ForkPlan PrefixTable::Trie::PlanFork(const Part& part,
                                                        const std::vector<Boundary>& all) {
  const std::size_t first = part.first, end = part.end;
  const auto skip = static_cast<unsigned>(std::countl_zero(all[first].start ^ all[end - 1].start));
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
  return {part, skip, bits};
}

// What its branches cover.
std::vector<PrefixTable::Trie::Part> PrefixTable::Trie::CompileFork(
    const ForkPlan& plan, const std::vector<Boundary>& all) {
  const auto& [part, skip, bits] = plan;
  const std::size_t branches = lines_.size();
  lines_.resize(branches + (std::size_t{1} << bits));
  const std::uint64_t mask = skip == 0 ? 0 : ~std::uint64_t{0} << (64 - skip);
  const std::uint64_t low = all[part.first].start & mask;
  const unsigned shift = 64 - skip - bits;
  lines_[part.line].fork = {Kind::kFork,
                            static_cast<std::uint8_t>(shift),
                            all[part.first - 1].value,
                            all[part.end - 1].value,
                            static_cast<std::uint32_t>(branches),
                            low,
                            mask};
  std::vector<Part> parts;
  std::size_t first = part.first;
  for (std::size_t branch = 0; branch < std::size_t{1} << bits; ++branch) {
    const std::uint64_t from = low + (std::uint64_t{branch} << shift);
    while (first < part.end && all[first].start <= from) ++first;
    std::size_t end = first;
    while (end < part.end && (all[end].start - low) >> shift == branch) ++end;
    parts.push_back({branches + branch, from, shift, first, end});
    first = end;
  }
  return parts;
}

Found PrefixTable::Trie::Find(const Position& position) const {
  const Line* line = lines_.data();
  while (line->kind() == Kind::kFork) {
    const Line* const branch = BranchOf(line->fork, position.high);
    if (branch == nullptr) return FindOutside(line->fork, position);
    line = branch;
  }
  return line->kind() == Kind::kLeaf ? FindIn(line->leaf, position) : FindIn(line->list, position);
}

Found PrefixTable::Trie::FindOutside(const Fork& fork, const Position& position) const {
  const std::uint32_t value = position.high < fork.low ? fork.before : fork.behind;
  if ((value & kDeep) != 0) return FindDeep(value & ~kDeep, position.low);
  const int shared = std::countl_zero(position.high ^ fork.low);
  return {value, static_cast<std::uint8_t>(shared + 1)};
}

// No branch could foresee which of the values it is, so there is none. ~0 stands for what is before
// the first range as well: no address shares more with ~0 than with a lesser one that is above it,
// nor more with 0, behind ~0, than with a greater one that is below it.
Found PrefixTable::Trie::FindIn(const Leaf& leaf, const Position& position) const {
  const auto at = static_cast<std::uint32_t>(position.high >> leaf.drop);
  const auto& ends = leaf.ends;
  static_assert(kMost == 7);
  const std::uint32_t passed = (ends[0] < at ? 1U : 0U) + (ends[1] < at ? 1U : 0U) +
                               (ends[2] < at ? 1U : 0U) + (ends[3] < at ? 1U : 0U) +
                               (ends[4] < at ? 1U : 0U) + (ends[5] < at ? 1U : 0U) +
                               (ends[6] < at ? 1U : 0U);
  const std::uint32_t value = leaf.values[passed];
  if ((value & kDeep) != 0) return FindDeep(value & ~kDeep, position.low);
  const std::uint32_t any = passed > 0 ? 1 : 0;
  const std::uint32_t before = ends[passed - any] | (any - 1);
  const std::uint32_t next = passed < kMost ? ends[passed] + 1 : 0;  // hardly ever full
  const int shared = std::max(std::countl_zero(at ^ before), std::countl_zero(at ^ next));
  const auto more = static_cast<std::uint8_t>(shared + 1) & leaf.more_bits;
  return {value, static_cast<std::uint8_t>(leaf.bits + more)};
}

Found PrefixTable::Trie::FindIn(const List& list, const Position& position) const {
  const auto [value, bits] =
      FindRange(std::span(listed_).subspan(list.first, list.end - list.first), position.high);
  if ((value & kDeep) != 0) return FindDeep(value & ~kDeep, position.low);
  return {value, bits};
}

// On the way to the address; null if that ends before.
const PrefixTable::Trie::Line* PrefixTable::Trie::FirstOutOfCache(std::uint64_t high) const {
  const Line* line = lines_.data();
  while (line != nullptr && static_cast<std::size_t>(line - lines_.data()) < kInCache) {
    line = line->kind() == Kind::kFork ? BranchOf(line->fork, high) : nullptr;
  }
  return line;
}

void PrefixTable::Trie::Prefetch(std::uint64_t high) const {
  if (const Line* line = FirstOutOfCache(high)) __builtin_prefetch(line);
}

void PrefixTable::Trie::PrefetchDeeper(std::uint64_t high) const {
  const Line* line = FirstOutOfCache(high);
  if (line == nullptr || line->kind() != Kind::kFork) return;
  if (const Line* branch = BranchOf(line->fork, high)) __builtin_prefetch(branch);
}

Found PrefixTable::Trie::FindDeep(std::uint32_t group, std::uint64_t low) const {
  const std::size_t first = groups_[group];
  const auto [value, bits] =
      FindRange(std::span(deep_).subspan(first, groups_[group + 1] - first), low);
  return {value, static_cast<std::uint8_t>(64 + bits)};
}

// Among ranges of which the first holds at 0 or before all that is looked for.
Found PrefixTable::Trie::FindRange(std::span<const Boundary> ranges, std::uint64_t at) {
  const auto next = std::upper_bound(
      ranges.begin(), ranges.end(), at,
      [](std::uint64_t position, const Boundary& range) { return position < range.start; });
  const auto found = next - 1;
  const unsigned bits =
      BitsWithin(at, &found->start, next == ranges.end() ? nullptr : &next->start);
  return {found->value, static_cast<std::uint8_t>(bits)};
}

std::size_t PrefixTable::Trie::octets() const {
  return lines_.capacity() * sizeof(Line) +
         (listed_.capacity() + deep_.capacity()) * sizeof(Boundary) +
         groups_.capacity() * sizeof(std::uint32_t);
}

}  // namespace dnsd::locality
