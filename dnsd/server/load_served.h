// From configuration to what the workers serve: zones, site options, client subnets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/answer/served.h"
#include "dnsd/base/address_table.h"
#include "dnsd/base/status.h"
#include "dnsd/server/config.h"

namespace dnsd::server {

struct LoadedServed {
  std::shared_ptr<const answer::Served> served;
  std::vector<std::string> warnings;  // "path:line: what", of the zone files
};

// Loads every zone of `config`; interns the pools' members in `addresses`. Start-up, reload and
// `dnsd check` share it. InvalidArgument, with the faults of every zone, one a line.
// The zones that `held` gives by their apex are taken as they are, their files not read.
using HeldZones = std::function<std::shared_ptr<const zone::Zone>(const wire::Name& apex)>;
absl::StatusOr<LoadedServed> LoadServed(const Config& config, AddressTable& addresses,
                                        const HeldZones& held = {});

}  // namespace dnsd::server
