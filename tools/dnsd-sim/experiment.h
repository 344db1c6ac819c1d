// A scenario's runs: every policy, cell and seed, and what they come to.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "tools/dnsd-sim/scenario.h"
#include "tools/dnsd-sim/tally.h"

namespace dnsd::sim {

// Of one scenario: results[policy][cell][repetition]. The first policy is the limit.
struct Outcome {
  std::vector<PolicySpec> policies;
  std::vector<Cell> cells;
  std::vector<std::vector<std::vector<Result>>> results;
};

// A figure of several repetitions.
struct Spread {
  double mean = 0;
  double least = 0;
  double most = 0;
};

// What a row of the table says of a policy.
struct Summary {
  Spread mean;  // of the limit's: the geometric mean over the cells, of each repetition
  Spread p99;
  double mean_seconds = 0;  // the geometric mean over all runs
  double p99_seconds = 0;
  double imbalance = 0;     // the mean over all runs
  double lost_seconds = 0;  // likewise
  double broken_seconds = 0;
  double served = 0;      // requests a second, likewise
  double unfinished = 0;  // the largest of any run
};

// Runs `jobs` at a time; the outcome does not depend on how many. The limit is put first unless
// the scenario has it.
//   InvalidArgument   a policy's configuration that dnsd refuses
absl::StatusOr<Outcome> RunAll(const Scenario& scenario, std::size_t jobs);

// One run.
absl::StatusOr<Result> RunOne(const Scenario& scenario, const Cell& cell, const PolicySpec& policy,
                              std::uint64_t seed);

// Over all cells of all `outcomes`, which have the same policies and repetitions.
Summary Summarise(const std::vector<const Outcome*>& outcomes, std::size_t policy);

// The highest utilisation that `policy` sustains, of one repetition: by halving, to 0.005.
absl::StatusOr<double> FindHighest(const Scenario& scenario, const Cell& cell,
                                   const PolicySpec& policy, std::uint64_t seed);
// Of all policies, cells[i] and repetitions: [policy][cell][repetition].
struct Found {
  std::vector<PolicySpec> policies;
  std::vector<Cell> cells;
  std::vector<std::vector<std::vector<double>>> utilisations;
};
absl::StatusOr<Found> FindAll(const Scenario& scenario, std::size_t jobs);

Spread SpreadOf(const std::vector<double>& values);

}  // namespace dnsd::sim
