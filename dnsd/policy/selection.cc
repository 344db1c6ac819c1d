#include "dnsd/policy/selection.h"

#include <algorithm>
#include <limits>

namespace dnsd::policy {
namespace {

float LeastCost(std::span<const Candidate> candidates) {
  float least = candidates[0].cost;
  for (const Candidate& candidate : candidates) least = std::min(least, candidate.cost);
  return least;
}

// The best candidate among those whose cost is at most `limit`; ties at random, each tie with the
// same chance (the k-th of k equals replaces the others once in k).
std::size_t Best(std::span<const Candidate> candidates, float limit, Random& random) {
  std::size_t best = candidates.size();
  std::uint32_t equals = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    if (c.cost > limit) continue;
    if (best != candidates.size()) {
      const Candidate& b = candidates[best];
      if (c.closeness < b.closeness) continue;
      if (c.closeness == b.closeness) {
        if (c.cost > b.cost) continue;
        if (c.cost == b.cost && random.Below(++equals) != 0) continue;
        if (c.cost < b.cost) equals = 1;
        best = i;
        continue;
      }
    }
    equals = 1;
    best = i;
  }
  return best == candidates.size() ? 0 : best;
}

constexpr std::size_t kSortFrom = 16;  // from here on picking one by one is the slower way

// The same order by sorting; equals fall as they come.
void SortAll(std::span<Candidate> candidates, float limit) {
  std::sort(candidates.begin(), candidates.end(), [limit](const Candidate& a, const Candidate& b) {
    const bool a_in = a.cost <= limit, b_in = b.cost <= limit;
    if (a_in != b_in) return a_in;
    if (a_in && a.closeness != b.closeness) return a.closeness > b.closeness;
    return a.cost < b.cost;
  });
}

}  // namespace

void Select(std::span<Candidate> candidates, std::size_t count, const Preference& preference,
            Random& random) {
  const auto limit_of = [&](std::span<const Candidate> left) {
    return preference.locality_first ? std::numeric_limits<float>::infinity()
                                     : LeastCost(left) * (1 + preference.margin);
  };
  if (count > kSortFrom) return SortAll(candidates, limit_of(candidates));
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<Candidate> left = candidates.subspan(i);
    const float limit = limit_of(left);
    std::swap(left[0], left[Best(left, limit, random)]);
  }
}

}  // namespace dnsd::policy
