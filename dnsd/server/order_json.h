// An operator's order as the documents show it.
#pragma once

#include <nlohmann/json.hpp>

#include "dnsd/fleet/order.h"

namespace dnsd::server {

// {"kind": "drain", "reason": "new disk", "until": null}; null for none.
nlohmann::ordered_json OrderJson(const fleet::Order& order);

}  // namespace dnsd::server
