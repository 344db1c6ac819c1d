#include "dnsd/locality/ranges.h"

#include <algorithm>

namespace dnsd::locality {
namespace {

// Adds a range behind all others, none where nothing changes.
void Append(Ranges& ranges, const Position& start, std::uint32_t value) {
  if (!ranges.empty() && ranges.back().start == start) ranges.pop_back();
  if (!ranges.empty() && ranges.back().value == value) return;
  ranges.push_back({start, value});
}

// A prefix that the sweep is in, and what comes after it.
struct Open {
  Position end;  // 0: with the space itself
  std::uint32_t value;
};

bool IsPast(const Position& at, const Open& open) {
  return open.end != Position{} && open.end <= at;
}

}  // namespace

Position Position::PastPrefix(unsigned length) const {
  if (length == 0) return {};
  if (length <= 64) return {high + (std::uint64_t{1} << (64 - length)), 0};
  const std::uint64_t next = low + (std::uint64_t{1} << (128 - length));
  return {high + (next == 0 ? 1U : 0U), next};
}

Ranges RangesOf(std::vector<PrefixValue> prefixes, IpFamily family) {
  std::erase_if(prefixes, [family](const auto& p) { return p.prefix.address.family() != family; });
  // What contains others comes before them.
  std::stable_sort(prefixes.begin(), prefixes.end(), [](const auto& a, const auto& b) {
    if (a.prefix.address != b.prefix.address) return a.prefix.address < b.prefix.address;
    return a.prefix.length < b.prefix.length;
  });
  Ranges ranges{{Position{}, 0}};
  std::vector<Open> open;
  // What holds behind a prefix is what contains it, up to the next one's start.
  const auto close_before = [&](const Position* next) {
    while (!open.empty() && (next == nullptr || IsPast(*next, open.back()))) {
      const Position end = open.back().end;
      open.pop_back();
      if (end != Position{}) Append(ranges, end, open.empty() ? 0 : open.back().value);
    }
  };
  for (const auto& [prefix, value] : prefixes) {
    const Position start = Position::Of(prefix.address);
    close_before(&start);
    Append(ranges, start, value);
    open.push_back({start.PastPrefix(prefix.length), value});
  }
  close_before(nullptr);
  return ranges;
}

Ranges Overlay(const Ranges& a, const Ranges& b,
               const std::function<std::uint32_t(std::uint32_t, std::uint32_t)>& combine) {
  Ranges both;
  for (std::size_t i = 0, j = 0;;) {
    Append(both, std::max(a[i].start, b[j].start), combine(a[i].value, b[j].value));
    const bool a_last = i + 1 == a.size();
    const bool b_last = j + 1 == b.size();
    if (a_last && b_last) return both;
    // The cut that comes first; both where they fall together.
    const bool move_a = !a_last && (b_last || a[i + 1].start <= b[j + 1].start);
    const bool move_b = !b_last && (a_last || b[j + 1].start <= a[i + 1].start);
    i += move_a ? 1U : 0U;
    j += move_b ? 1U : 0U;
  }
}

}  // namespace dnsd::locality
