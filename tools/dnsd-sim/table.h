// What people read: tables, CSV, and a picture drawn by gnuplot.
#pragma once

#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "tools/dnsd-sim/experiment.h"

namespace dnsd::sim {

// One line a policy. `outcomes`: of the same policies; more than one are taken together.
std::string Table(const std::string& title, const std::vector<const Outcome*>& outcomes);
// One line a policy and cell.
std::string CellTable(const Outcome& outcome);
std::string FoundTable(const Scenario& scenario, const Found& found);

// One line a run, the header in front. `scenarios` and `outcomes` go together.
std::string Csv(const std::vector<Scenario>& scenarios, const std::vector<Outcome>& outcomes);

// Mean response time, of the limit's, over utilisation: a curve a policy, with logarithmic axis.
// The file's format is that of its name: .svg or .png.
//   FailedPrecondition   there is no gnuplot
//   Internal             gnuplot failed
absl::Status Draw(const std::string& file, const Scenario& scenario, const Outcome& outcome);

}  // namespace dnsd::sim
