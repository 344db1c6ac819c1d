// From candidates and their prices to members, in order of preference.
#pragma once

#include <cstdint>
#include <span>

#include "dnsd/base/random.h"
#include "dnsd/policy/candidate.h"

namespace dnsd::policy {

struct Preference {
  bool locality_first = false;  // closeness before cost
  float margin = 0;             // costs up to (1 + margin) times the least are equal
};

// The least cost of any; infinite of none.
float LeastCost(std::span<const Candidate> candidates);

// The best candidate's place; of at least one. `least` is their LeastCost.
//   cost first:      of those whose cost is within the margin of the least, the closest;
//                    of these the cheapest; of these one at random
//   locality first:  the closest; of these the cheapest; of these one at random
std::size_t SelectOne(std::span<const Candidate> candidates, const Preference& preference,
                      float least, Random& random);

// Moves the best `count` candidates to the front, the best first; count at most the size.
void Select(std::span<Candidate> candidates, std::size_t count, const Preference& preference,
            Random& random);

}  // namespace dnsd::policy
