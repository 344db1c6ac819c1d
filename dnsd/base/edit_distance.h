// What somebody probably meant to write.
#pragma once

#include <string>
#include <vector>

namespace dnsd {

// The fewest insertions, deletions and replacements of one character that make `a` into `b`
// (Levenshtein).
std::size_t EditDistance(const std::string& a, const std::string& b);

// The word of `words` closest to `text`; empty when none is close enough to be meant: within a
// third of its length, two characters at least.
std::string ClosestWord(const std::string& text, const std::vector<std::string>& words);

}  // namespace dnsd
