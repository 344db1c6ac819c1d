// The `rate_limit` map of dnsd's YAML file.
#pragma once

#include "dnsd/answer/rate_limit.h"
#include "dnsd/base/yaml.h"

namespace dnsd::server {

// What `map` says, and the defaults for the rest. Faults are added to the file's.
answer::RateLimitSettings ReadRateLimit(YamlMap& map);

}  // namespace dnsd::server
