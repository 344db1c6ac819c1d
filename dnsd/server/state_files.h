// The files in the state directory.
#pragma once

#include <string>

#include "dnsd/base/status.h"

namespace dnsd::server {

// Renames an SQLite database and its log, so that an operator can look at them.
absl::Status MoveAside(const std::string& path, const std::string& aside);

}  // namespace dnsd::server
