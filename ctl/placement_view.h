// What dnsd says of placement (docs/monitoring.md: placement.json) as people read it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace dnsd::ctl {

// "expand www.example. on web3: working, 2 others at it"; one line.
std::string ActionText(const nlohmann::json& action);
std::string PlacementText(const nlohmann::json& placement);
std::string PlanText(const nlohmann::json& reply);

}  // namespace dnsd::ctl
