// Text of strangers for logs and terminals.
#pragma once

#include <string>

namespace dnsd {

// The text on one line: what could command a terminal, the control characters U+0000 to U+001F and
// U+007F to U+009F (in UTF-8), is "?" each.
std::string Printable(const std::string& text);

}  // namespace dnsd
