#include "dnsd/policy/shares.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dnsd::policy {
namespace {

using Candidates = std::span<Candidate>;

float Total(Candidates candidates) {
  float total = 0;
  for (const Candidate& candidate : candidates) total += candidate.cost;
  return total;
}

// The candidate that `at`, from 0 to the total, falls upon: the last that weighs anything, should
// rounding lead past it.
std::size_t At(Candidates candidates, float at) {
  std::size_t last = 0;
  float sum = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    sum += candidates[i].cost;
    if (sum > at) return i;
    if (candidates[i].cost > 0) last = i;
  }
  return last;
}

// Moves to the front who is due an answer and more each time; how many they are.
std::size_t TakeCertain(Candidates candidates, std::size_t count) {
  std::size_t certain = 0;
  float left = Total(candidates);
  for (std::size_t i = 0; i < candidates.size() && certain < count;) {
    const float step = left / static_cast<float>(count - certain);
    if (i >= certain && candidates[i].cost >= step) {
      left -= candidates[i].cost;
      std::swap(candidates[certain++], candidates[i]);
      i = certain;  // with less left, others may be due as well
    } else {
      ++i;
    }
  }
  return certain;
}

// Of candidates each due less than one, those that points one step apart fall upon.
void TakeSteps(Candidates candidates, std::size_t count, float point) {
  const float step = Total(candidates) / static_cast<float>(count);
  std::size_t taken = 0;
  float sum = 0;
  for (std::size_t i = 0; i < candidates.size() && taken < count; ++i) {
    sum += candidates[i].cost;
    const std::size_t left = candidates.size() - i;
    if (sum <= (point + static_cast<float>(taken)) * step && left > count - taken) continue;
    std::swap(candidates[taken++], candidates[i]);
  }
}

}  // namespace

std::size_t KeepWeighty(Candidates candidates) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].cost > 0) std::swap(candidates[kept++], candidates[i]);
  }
  if (kept > 0 && std::isfinite(Total(candidates.first(kept)))) return kept;
  for (Candidate& candidate : candidates) candidate.cost = 1;
  return candidates.size();
}

std::size_t DrawOne(Candidates candidates, float point) {
  // Each weight becomes the place where it ends. To count the ends passed takes no branch, which
  // no processor could foresee.
  float total = 0;
  for (Candidate& candidate : candidates) candidate.cost = total += candidate.cost;
  if (!(total > 0) || !std::isfinite(total)) {
    const auto even = static_cast<std::size_t>(point * static_cast<float>(candidates.size()));
    return std::min(even, candidates.size() - 1);
  }
  const float at = point * total;
  std::size_t passed = 0;
  for (const Candidate& candidate : candidates) passed += candidate.cost <= at ? 1U : 0U;
  if (passed < candidates.size()) return passed;
  // Rounding led past all: to the last that weighs anything.
  const auto last = std::ranges::find(candidates, total, &Candidate::cost);
  return static_cast<std::size_t>(last - candidates.begin());
}

std::size_t DrawShares(Candidates all, std::size_t count, float point, float first) {
  if (count == 0) return 0;
  if (count == 1) {
    std::swap(all[0], all[DrawOne(all, point)]);
    return 1;
  }
  const Candidates candidates = all.first(KeepWeighty(all));
  count = std::min(count, candidates.size());
  const std::size_t certain = TakeCertain(candidates, count);
  if (certain < count) TakeSteps(candidates.subspan(certain), count - certain, point);
  const Candidates drawn = candidates.first(count);
  // They were drawn by their weights; any of them is as good.
  const auto place = static_cast<std::size_t>(first * static_cast<float>(count));
  std::swap(drawn[0], drawn[std::min(place, count - 1)]);
  return count;
}

std::size_t DrawAtRandom(Candidates all, std::size_t count, Random& random) {
  if (count <= 1) return DrawShares(all, count, static_cast<float>(random.Unit()), 0);
  const Candidates candidates = all.first(KeepWeighty(all));
  count = std::min(count, candidates.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Candidates left = candidates.subspan(i);
    const float at = static_cast<float>(random.Unit()) * Total(left);
    std::swap(left[0], left[At(left, at)]);
  }
  return count;
}

}  // namespace dnsd::policy
