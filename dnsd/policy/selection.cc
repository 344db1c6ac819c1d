#include "dnsd/policy/selection.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace dnsd::policy {
namespace {

// Costs up to here count as equal.
float LimitOf(const Preference& preference, float least) {
  return preference.locality_first ? std::numeric_limits<float>::infinity()
                                   : least * (1 + preference.margin);
}

// One number to order candidates by: the greatest is the best. Within the limit closeness comes
// before cost, beyond it cost alone counts. Costs are not negative, so their bits order as they do.
std::uint64_t Rank(const Candidate& candidate, float limit) {
  const std::uint64_t closeness = candidate.cost <= limit ? candidate.closeness + 1U : 0U;
  return closeness << 32 | (0xFFFFFFFFU - std::bit_cast<std::uint32_t>(candidate.cost));
}

// The best candidate; of equals one at random, each with the same chance. Costs within a margin are
// the rule and no branch can foresee them: so there is none but for equals.
std::size_t Best(std::span<const Candidate> candidates, float limit, Random& random) {
  std::uint64_t best_rank = 0;
  std::size_t best = 0;
  std::uint32_t equals = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::uint64_t rank = Rank(candidates[i], limit);
    equals = rank > best_rank ? 1U : equals + (rank == best_rank ? 1U : 0U);
    best = rank > best_rank ? i : best;
    best_rank = std::max(rank, best_rank);
  }
  if (equals <= 1) return best;
  for (std::uint32_t skip = random.Below(equals);; ++best) {
    if (Rank(candidates[best], limit) == best_rank && skip-- == 0) return best;
  }
}

constexpr std::size_t kSortFrom = 16;  // from here on picking one by one is the slower way

// The same order by sorting; equals fall as they come.
void SortAll(std::span<Candidate> candidates, float limit) {
  std::sort(candidates.begin(), candidates.end(), [limit](const Candidate& a, const Candidate& b) {
    return Rank(a, limit) > Rank(b, limit);
  });
}

}  // namespace

float LeastCost(std::span<const Candidate> candidates) {
  // Four at a time: each waits for the one before it in its own row only.
  std::array<float, 4> least;
  least.fill(std::numeric_limits<float>::infinity());
  std::size_t i = 0;
  for (; i + least.size() <= candidates.size(); i += least.size()) {
    for (std::size_t row = 0; row < least.size(); ++row) {
      least[row] = std::min(least[row], candidates[i + row].cost);
    }
  }
  for (; i < candidates.size(); ++i) least[0] = std::min(least[0], candidates[i].cost);
  return std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
}

std::size_t SelectOne(std::span<const Candidate> candidates, const Preference& preference,
                      float least, Random& random) {
  return Best(candidates, LimitOf(preference, least), random);
}

void Select(std::span<Candidate> candidates, std::size_t count, const Preference& preference,
            Random& random) {
  if (count > kSortFrom) {
    return SortAll(candidates, LimitOf(preference, LeastCost(candidates)));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<Candidate> left = candidates.subspan(i);
    std::swap(left[0], left[SelectOne(left, preference, LeastCost(left), random)]);
  }
}

}  // namespace dnsd::policy
