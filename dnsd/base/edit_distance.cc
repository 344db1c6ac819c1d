#include "dnsd/base/edit_distance.h"

#include <algorithm>
#include <numeric>

namespace dnsd {

std::size_t EditDistance(const std::string& a, const std::string& b) {
  // row[j]: distance from the first i characters of `a` to the first j of `b`.
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string ClosestWord(const std::string& text, const std::vector<std::string>& words) {
  std::string closest;
  std::size_t least = 0;
  for (const auto& word : words) {
    const std::size_t distance = EditDistance(text, word);
    const bool meant = distance <= std::max<std::size_t>(2, word.size() / 3);
    // A word all of whose characters would be replaced was not meant.
    if (!meant || distance >= word.size()) continue;
    if (closest.empty() || distance < least) {
      closest = word;
      least = distance;
    }
  }
  return closest;
}

}  // namespace dnsd
