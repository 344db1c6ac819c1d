// Names that stand for many.
#pragma once

#include <string>

namespace dnsd {

// True if `text` matches `pattern`, which is plain or has `*` and `?` as a shell has them (`*`
// takes dots too).
bool MatchesPattern(const std::string& text, const std::string& pattern);

}  // namespace dnsd
