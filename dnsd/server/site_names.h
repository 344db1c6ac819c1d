// Sites by their names: what an operator means by a pattern.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dnsd/answer/served.h"
#include "dnsd/fleet/hosting.h"
#include "dnsd/wire/name.h"

namespace dnsd::server {

struct SiteNames {
  std::vector<wire::Name> names;  // each once: zone by zone, then those that are only hosted
  bool more = false;              // than were wanted
};

// The sites whose names match one of `patterns` (`*` and `?` as a shell has them, with or without a
// final dot; none: all), at most `most`: owner names with a pool, names below a wildcard's pool
// that `hosting` has, and any name below such a wildcard that a pattern gives in full.
SiteNames FindSites(const std::vector<std::string>& patterns, const answer::Served& served,
                    const fleet::HostingTable& hosting, std::size_t most);

}  // namespace dnsd::server
