#include "dnsd/base/pattern.h"

#include <fnmatch.h>

namespace dnsd {

bool MatchesPattern(const std::string& text, const std::string& pattern) {
  // Backslashes are the presentation format's, not the pattern's.
  return fnmatch(pattern.c_str(), text.c_str(), FNM_NOESCAPE) == 0;
}

}  // namespace dnsd
