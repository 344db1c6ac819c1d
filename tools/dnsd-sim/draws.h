// Random quantities.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "dnsd/base/random.h"

namespace dnsd::sim {

enum class Shape : std::uint8_t { kConstant, kExponential, kLognormal };

struct Distribution {
  Shape shape = Shape::kExponential;
  double mean = 1;
  double deviation = 1;  // of a lognormal one: standard deviation over mean
};

// Of mean 1.
inline double DrawExponential(Random& random) { return -std::log1p(-random.Unit()); }

// Of mean 0 and variance 1 (Box and Muller; the other of the pair is not kept, so that each draw
// takes two numbers of the generator, whatever came before).
inline double DrawNormal(Random& random) {
  const double radius = std::sqrt(2 * DrawExponential(random));
  return radius * std::cos(2 * std::numbers::pi * random.Unit());
}

inline double Draw(const Distribution& distribution, Random& random) {
  switch (distribution.shape) {
    case Shape::kConstant:
      return distribution.mean;
    case Shape::kExponential:
      return distribution.mean * DrawExponential(random);
    case Shape::kLognormal:
      break;
  }
  const double variance = std::log1p(distribution.deviation * distribution.deviation);
  return distribution.mean * std::exp(std::sqrt(variance) * DrawNormal(random) - variance / 2);
}

// A geometric number, 1 and upwards, of this mean.
inline std::uint32_t DrawCount(double mean, Random& random) {
  if (mean <= 1) return 1;
  const double more = DrawExponential(random) / -std::log1p(-1 / mean);
  return 1 + static_cast<std::uint32_t>(std::min(more, 1e6));
}

}  // namespace dnsd::sim
