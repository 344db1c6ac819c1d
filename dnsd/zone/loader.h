// Zone files: RFC 1035 §5 master format, read by ldns.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dnsd/base/address_table.h"
#include "dnsd/base/status.h"
#include "dnsd/wire/name.h"
#include "dnsd/zone/site_rules.h"
#include "dnsd/zone/zone.h"

namespace dnsd::zone {

struct LoadedZone {
  std::shared_ptr<const Zone> zone;
  std::vector<std::string> warnings;  // "path:line: what"
};

// Loads the zone file at `path` for `apex`; $ORIGIN, $TTL and $INCLUDE are understood. Interns the
// members of its pools in `addresses`; `rules` say which names are sites. Nothing half-loaded
// escapes.
//   NotFound         the file cannot be opened
//   InvalidArgument  one line "path:line: what was found; what was wanted" for each fault
absl::StatusOr<LoadedZone> LoadZone(const std::string& path, const wire::Name& apex,
                                    AddressTable& addresses, const SiteRules& rules);

}  // namespace dnsd::zone
