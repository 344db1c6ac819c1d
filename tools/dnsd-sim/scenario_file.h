// Scenarios as YAML files have them; docs/simulator.md lists the keys.
#pragma once

#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "tools/dnsd-sim/scenario.h"

namespace dnsd::sim {

// InvalidArgument: "path:line: key: what was found, what was wanted" for each fault; NotFound.
absl::StatusOr<Scenario> LoadScenario(const std::string& path);

// The list `policies` of a file that may hold nothing else.
absl::StatusOr<std::vector<PolicySpec>> LoadPolicies(const std::string& path);

// Of dnsd's, by its name in the configuration, with all else as dnsd has it; likewise "limit" and
// "splitter".
absl::StatusOr<PolicySpec> PolicyNamed(const std::string& name);

}  // namespace dnsd::sim
