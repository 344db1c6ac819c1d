// From candidates and their weights to members, each in proportion to its weight.
//
//   weights   |----a----|--b--|-c-|------d------|      a point for one answer; `count` points,
//   points          ^                 ^                one step apart, for more: no member twice
#pragma once

#include <cstdint>
#include <span>

#include "dnsd/base/random.h"
#include "dnsd/policy/candidate.h"

namespace dnsd::policy {

// A number in [0, 1) for each turn, the next as far as can be from those before it: the multiples
// of the golden ratio. Any stretch of turns spreads so evenly that a share of the numbers' range
// gets its share of the turns, to within one on average and never far from it; also every second,
// or third, turn.
constexpr float SpreadPoint(std::uint32_t turn) {
  return static_cast<float>((turn * 0x9E3779B9U) >> 8) * 0x1.0p-24F;
}

// Another one, independent of it: the multiples of the square root of 2.
constexpr float FirstPoint(std::uint32_t turn) {
  return static_cast<float>((turn * 0x6A09E667U) >> 8) * 0x1.0p-24F;
}

// Moves those that weigh anything to the front and returns their number; all of them, weighing
// alike from then on, if none does or their weights have no finite sum.
std::size_t KeepWeighty(std::span<Candidate> candidates);

// Where `point` falls, in [0, 1) of the candidates' weights laid end to end; on any of them, each
// counting alike, if none weighs anything or the weights have no finite sum. Of at least one; takes
// their weights for its own use.
std::size_t DrawOne(std::span<Candidate> candidates, float point);

// Moves members to the front, `count` of them or as many as weigh anything, which it returns; all
// count alike if none does. Over many points spread evenly each is drawn as often as its weight
// says, and always if that is more than once an answer. `first`, in [0, 1), draws which of those
// comes first, by their shares again.
std::size_t DrawShares(std::span<Candidate> candidates, std::size_t count, float point,
                       float first);

// The same by chance, one after the other: what is drawn is not drawn again.
std::size_t DrawAtRandom(std::span<Candidate> candidates, std::size_t count, Random& random);

}  // namespace dnsd::policy
