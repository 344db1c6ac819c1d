// What a configuration may not say about itself: start-up, reload and `dnsd check` ask it alike.
#pragma once

#include "dnsd/base/status.h"
#include "dnsd/server/config.h"

namespace dnsd::server {

// Looks for contradictions once file and flags are joined. Opens no socket; looks whether the TLS
// files can be read.
//   InvalidArgument  "origin: what, and what to do", every contradiction, one a line
absl::Status CheckConfig(const Config& config);

}  // namespace dnsd::server
