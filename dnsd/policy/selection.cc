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
  return best;
}

}  // namespace

bool Select(std::span<Candidate> candidates, std::size_t count, const Preference& preference,
            Random& random) {
  const bool told_apart = std::any_of(
      candidates.begin(), candidates.end(),
      [&](const Candidate& candidate) { return candidate.closeness != candidates[0].closeness; });
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<Candidate> left = candidates.subspan(i);
    const float limit = preference.locality_first ? std::numeric_limits<float>::infinity()
                                                  : LeastCost(left) * (1 + preference.margin);
    std::swap(left[0], left[Best(left, limit, random)]);
  }
  return told_apart;
}

}  // namespace dnsd::policy
