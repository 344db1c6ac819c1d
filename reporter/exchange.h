// Two names of a file system exchanged at once: what was at each is then at the other, and nobody
// ever finds one of them missing. For hooks, as a shell has no command for it.
#pragma once

#include <string>

#include "dnsd/base/status.h"

namespace dnsd::reporter {

//   Unavailable   the file system cannot, they are on two of them, or one is not there
absl::Status ExchangeNames(const std::string& a, const std::string& b);

}  // namespace dnsd::reporter
