// Scenarios of placement as YAML files have them; docs/simulator.md lists the keys.
#pragma once

#include <string>

#include "dnsd/base/status.h"
#include "tools/dnsd-sim/placement_spec.h"

namespace dnsd::sim {

// Whether the file is one: it has the key `sites`. False too for one that cannot be read.
bool IsPlacementScenario(const std::string& path);

// InvalidArgument: "path:line: key: what was found, what was wanted" for each fault; NotFound.
absl::StatusOr<PlacementScenario> LoadPlacement(const std::string& path);

}  // namespace dnsd::sim
