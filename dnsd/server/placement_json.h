// /placement.json, and what `dnsdctl plan` and its like answer. docs/monitoring.md documents the
// fields; they are added to, never renamed.
#pragma once

#include <string>

#include "dnsd/placement/placer.h"
#include "dnsd/server/placement_control.h"

namespace dnsd::server {

std::string PlacementJson(const placement::PlacementReport& report);
std::string PlacementJson(const PlacementAnswer& answer);

}  // namespace dnsd::server
