#include "tools/dnsd-sim/zipf.h"

#include <cmath>

namespace dnsd::sim {

Zipf::Zipf(std::size_t count, double exponent) : shares_(count), columns_(count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    shares_[i] = std::pow(static_cast<double>(i + 1), -exponent);
    sum += shares_[i];
  }
  for (double& share : shares_) share /= sum;
  // Columns below the mean are filled up from one above it.
  std::vector<double> left(count);
  std::vector<std::size_t> low, high;
  for (std::size_t i = 0; i < count; ++i) {
    left[i] = shares_[i] * static_cast<double>(count);
    (left[i] < 1 ? low : high).push_back(i);
    columns_[i] = {1, i};
  }
  while (!low.empty() && !high.empty()) {
    const std::size_t small = low.back();
    const std::size_t large = high.back();
    low.pop_back();
    columns_[small] = {left[small], large};
    left[large] -= 1 - left[small];
    if (left[large] >= 1) continue;
    high.pop_back();
    low.push_back(large);
  }
}

std::size_t Zipf::Draw(Random& random) const {
  const std::size_t column = random.Below(static_cast<std::uint32_t>(columns_.size()));
  return random.Unit() < columns_[column].own ? column : columns_[column].other;
}

}  // namespace dnsd::sim
