// A load report as JSON, in the ORCA names that the protocol uses.
#pragma once

#include <nlohmann/json.hpp>

#include "dnsd/fleet/heartbeat.h"

namespace dnsd::server {

// An object with what is known; named metrics under "named_metrics".
nlohmann::ordered_json LoadToJson(const fleet::Load& load);
// The reverse. What is no number, or has a name that is not known, is left out.
fleet::Load LoadFromJson(const nlohmann::json& json);

}  // namespace dnsd::server
