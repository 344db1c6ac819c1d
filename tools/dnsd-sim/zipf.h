// Picks by rank: the first most often.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/base/random.h"

namespace dnsd::sim {

// Ranks 0 to count - 1, rank i with a chance in proportion to (i + 1)^-exponent. One draw is one
// look into a table (the alias method of Walker and Vose).
class Zipf {
 public:
  Zipf(std::size_t count, double exponent);

  std::size_t Draw(Random& random) const;
  double share(std::size_t rank) const { return shares_[rank]; }
  std::size_t count() const { return shares_.size(); }

 private:
  struct Column {
    double own;         // chance that the column stands for itself
    std::size_t other;  // else for this rank
  };
  std::vector<double> shares_;
  std::vector<Column> columns_;
};

}  // namespace dnsd::sim
