// dnsd-sim: compares policies on a virtual clock, with dnsd's own code deciding.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tools/dnsd-sim/experiment.h"
#include "tools/dnsd-sim/placement_file.h"
#include "tools/dnsd-sim/placement_table.h"
#include "tools/dnsd-sim/scenario_file.h"
#include "tools/dnsd-sim/table.h"

namespace {

using namespace dnsd;
using namespace dnsd::sim;

struct Arguments {
  std::vector<std::string> scenarios;
  std::string policies;
  std::vector<std::string> names;
  std::optional<std::uint64_t> seed;
  std::optional<std::size_t> repetitions;
  std::size_t jobs = 1;
  bool cells = false;
  bool check = false;
  bool times = false;
  std::string csv;
  std::string picture;
};

constexpr const char* kFooter =
    "Without policies in the scenario or here: round_robin and least_cost. Figures are relative to "
    "an\nomniscient limit, which is always run. The same seed gives the same output.\n\n"
    "Examples:\n"
    "  dnsd-sim tools/dnsd-sim/scenarios/unequal.yaml\n"
    "  dnsd-sim --policy least_cost --policy splitter --cells --csv out.csv unequal.yaml\n"
    "  dnsd-sim --policies policies.yaml --picture out.svg unequal.yaml\n"
    "  dnsd-sim --times tools/dnsd-sim/scenarios/placement-crowd.yaml\n\n"
    "Exit status: 0 done, 1 a file is wrong or cannot be written, 2 usage.";

void Declare(CLI::App& app, Arguments& a) {
  app.add_option("scenario", a.scenarios, "scenario files")->required();
  app.add_option("--policies", a.policies,
                 "file with a list 'policies' in place of the scenario's");
  app.add_option("--policy", a.names,
                 "one policy by name in place of the scenario's, as in the configuration of dnsd, "
                 "or limit, counts or splitter; may be given again")
      ->allow_extra_args(false);
  app.add_option("--seed", a.seed, "of the first repetition, in place of the scenario's");
  app.add_option("--repetitions", a.repetitions, "in place of the scenario's")
      ->check(CLI::Range(1, 1000));
  app.add_option("--jobs", a.jobs, "runs at a time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_flag("--cells", a.cells, "a table for each cell as well");
  app.add_flag("--times", a.times, "of placement: how long its decisions take as well");
  app.add_flag("--check", a.check, "read the scenarios, and stop");
  app.add_option("--csv", a.csv, "write every run to this file");
  app.add_option("--picture,--svg,--png", a.picture,
                 "draw the first scenario by gnuplot: FILE.svg or FILE.png");
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "dnsd-sim: %s\n", Message(status).c_str());
  return 1;
}

absl::StatusOr<std::vector<PolicySpec>> PoliciesOf(const Arguments& a, const Scenario& scenario) {
  if (!a.policies.empty()) return LoadPolicies(a.policies);
  std::vector<std::string> names = a.names;
  if (names.empty() && !scenario.policies.empty()) return scenario.policies;
  if (names.empty()) names = {"round_robin", "least_cost"};
  std::vector<PolicySpec> policies;
  for (const std::string& name : names) {
    auto policy = PolicyNamed(name);
    if (!policy.ok()) return policy.status();
    policies.push_back(*std::move(policy));
  }
  return policies;
}

absl::StatusOr<std::vector<Scenario>> LoadAll(const Arguments& a) {
  std::vector<Scenario> scenarios;
  for (const std::string& path : a.scenarios) {
    auto scenario = LoadScenario(path);
    if (!scenario.ok()) return scenario.status();
    auto policies = PoliciesOf(a, *scenario);
    if (!policies.ok()) return policies.status();
    scenario->policies = *std::move(policies);
    scenario->seed = a.seed.value_or(scenario->seed);
    scenario->repetitions = a.repetitions.value_or(scenario->repetitions);
    scenarios.push_back(*std::move(scenario));
  }
  return scenarios;
}

absl::Status Write(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  return out.good() ? absl::OkStatus() : absl::InternalError(path + ": cannot be written");
}

// Those of the files that are of placement are taken from the others and run.
absl::Status RunPlacements(Arguments& a) {
  std::vector<PlacementScenario> scenarios;
  std::vector<std::string> others;
  for (const std::string& path : a.scenarios) {
    if (!IsPlacementScenario(path)) {
      others.push_back(path);
      continue;
    }
    auto scenario = LoadPlacement(path);
    if (!scenario.ok()) return scenario.status();
    scenario->seed = a.seed.value_or(scenario->seed);
    scenarios.push_back(*std::move(scenario));
  }
  a.scenarios = std::move(others);
  for (const PlacementScenario& scenario : scenarios) {
    if (a.check) continue;
    const auto runs = RunPlacement(scenario, a.jobs);
    std::fputs(PlacementTable(scenario, runs, a.times).c_str(), stdout);
    std::fflush(stdout);
  }
  return absl::OkStatus();
}

// Whether they can be summed up in one table.
bool AreAlike(const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    if (outcome.policies.size() != outcomes.front().policies.size() ||
        outcome.results[0][0].size() != outcomes.front().results[0][0].size()) {
      return false;
    }
    for (std::size_t i = 0; i < outcome.policies.size(); ++i) {
      if (outcome.policies[i].name != outcomes.front().policies[i].name) return false;
    }
  }
  return true;
}

absl::Status Run(const Arguments& a, const std::vector<Scenario>& scenarios) {
  std::vector<Scenario> ran;
  std::vector<Outcome> outcomes;
  for (const Scenario& scenario : scenarios) {
    if (scenario.find) {
      auto found = FindAll(scenario, a.jobs);
      if (!found.ok()) return found.status();
      std::fputs(FoundTable(scenario, *found).c_str(), stdout);
      continue;
    }
    auto outcome = RunAll(scenario, a.jobs);
    if (!outcome.ok()) return outcome.status();
    std::fputs(Table(scenario.name, {&*outcome}).c_str(), stdout);
    if (a.cells) std::fputs(CellTable(*outcome).c_str(), stdout);
    std::fflush(stdout);
    outcomes.push_back(*std::move(outcome));
    ran.push_back(scenario);
  }
  if (outcomes.size() > 1 && AreAlike(outcomes)) {
    std::vector<const Outcome*> all;
    for (const Outcome& outcome : outcomes) all.push_back(&outcome);
    std::fputs(Table("all scenarios", all).c_str(), stdout);
  }
  if (!a.csv.empty()) DNSD_RETURN_IF_ERROR(Write(a.csv, Csv(ran, outcomes)));
  if (!a.picture.empty() && !outcomes.empty()) {
    DNSD_RETURN_IF_ERROR(Draw(a.picture, ran.front(), outcomes.front()));
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Compares policies on a virtual clock, with dnsd's own code deciding.");
  app.footer(kFooter);
  app.set_version_flag("--version", DNSD_VERSION);
  Arguments a;
  Declare(app, a);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  spdlog::set_level(spdlog::level::off);  // what the simulated dnsd would log
  if (const absl::Status status = RunPlacements(a); !status.ok()) return Fail(status);
  const auto scenarios = LoadAll(a);
  if (!scenarios.ok()) return Fail(scenarios.status());
  if (a.check) return 0;
  const absl::Status status = Run(a, *scenarios);
  return status.ok() ? 0 : Fail(status);
}
