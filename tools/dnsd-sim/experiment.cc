#include "tools/dnsd-sim/experiment.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "tools/dnsd-sim/simulation.h"

namespace dnsd::sim {
namespace {

constexpr double kFindStep = 0.005;  // of utilisation

std::vector<PolicySpec> WithLimit(std::vector<PolicySpec> policies) {
  const auto limit = std::find_if(policies.begin(), policies.end(), [](const PolicySpec& policy) {
    return policy.kind == PolicySpec::Kind::kLimit;
  });
  if (limit == policies.end()) {
    policies.insert(policies.begin(), {"limit", PolicySpec::Kind::kLimit, nullptr});
  } else {
    std::rotate(policies.begin(), limit, limit + 1);
  }
  return policies;
}

// Calls work(0) to work(count - 1) on so many threads. The first error, if there is one.
absl::Status InParallel(std::size_t count, std::size_t threads,
                        const std::function<absl::Status(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  absl::Status status;
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      const absl::Status one = work(i);
      if (one.ok()) continue;
      std::lock_guard lock(mutex);
      status.Update(one);
      next = count;
    }
  };
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < std::min(threads, count); ++i) others.emplace_back(run);
  run();
  for (std::thread& thread : others) thread.join();
  return status;
}

// Runs work(policy, cell, repetition) for all of them, and keeps what it says in their order.
template <typename T, typename Work>
absl::StatusOr<std::vector<std::vector<std::vector<T>>>> Grid(std::size_t policies,
                                                              std::size_t cells,
                                                              std::size_t repetitions,
                                                              std::size_t jobs, Work work) {
  std::vector<std::vector<std::vector<T>>> all(
      policies, std::vector<std::vector<T>>(cells, std::vector<T>(repetitions)));
  DNSD_RETURN_IF_ERROR(InParallel(policies * cells * repetitions, jobs, [&](std::size_t i) {
    const std::size_t repetition = i % repetitions;
    const std::size_t cell = i / repetitions % cells;
    const std::size_t policy = i / repetitions / cells;
    absl::StatusOr<T> one = work(policy, cell, repetition);
    if (!one.ok()) return one.status();
    all[policy][cell][repetition] = *std::move(one);
    return absl::OkStatus();
  }));
  return all;
}

server::Config ConfigOf(const PolicySpec& policy, const Scenario& scenario) {
  server::Config config = *policy.config;
  if (!policy.true_weights) return config;
  zone::MemberWeights weights;
  for (NodeId i = 0; i < scenario.nodes.size(); ++i) {
    weights.emplace_back(IpPrefix{SimZone::AddressOf(i), 32},
                         static_cast<float>(scenario.nodes[i].capacity()));
  }
  config.member_lists.weights.push_back(std::move(weights));
  config.site_defaults.weights = static_cast<std::uint16_t>(config.member_lists.weights.size());
  return config;
}

double Ratio(double a, double b) { return b > 0 ? std::max(a, 1e-12) / b : 1; }

}  // namespace

absl::StatusOr<Result> RunOne(const Scenario& scenario, const Cell& cell, const PolicySpec& policy,
                              std::uint64_t seed) {
  std::vector<SimZone> zones;
  for (std::size_t i = 0; policy.config != nullptr && i < cell.dnsd; ++i) {
    auto zone = SimZone::Load(ConfigOf(policy, scenario), scenario.nodes.size());
    if (!zone.ok()) return zone.status();
    zones.push_back(*std::move(zone));
  }
  return Simulation(scenario, cell, policy.kind, zones, seed).Run();
}

absl::StatusOr<Outcome> RunAll(const Scenario& scenario, std::size_t jobs) {
  Outcome outcome{WithLimit(scenario.policies), scenario.cells(), {}};
  auto results = Grid<Result>(outcome.policies.size(), outcome.cells.size(), scenario.repetitions,
                              jobs, [&](std::size_t policy, std::size_t cell, std::size_t i) {
                                return RunOne(scenario, outcome.cells[cell],
                                              outcome.policies[policy], scenario.seed + i);
                              });
  if (!results.ok()) return results.status();
  outcome.results = *std::move(results);
  return outcome;
}

Spread SpreadOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return {sum / static_cast<double>(values.size()), *least, *most};
}

Summary Summarise(const std::vector<const Outcome*>& outcomes, std::size_t policy) {
  Summary summary;
  const std::size_t repetitions = outcomes.front()->results[policy].front().size();
  std::vector<double> means, p99s;
  double runs = 0;
  for (std::size_t i = 0; i < repetitions; ++i) {
    double mean = 0, p99 = 0, cells = 0;  // logarithms
    for (const Outcome* outcome : outcomes) {
      for (std::size_t cell = 0; cell < outcome->cells.size(); ++cell) {
        const Result& limit = outcome->results[0][cell][i];
        const Result& result = outcome->results[policy][cell][i];
        mean += std::log(Ratio(result.mean, limit.mean));
        p99 += std::log(Ratio(result.p99, limit.p99));
        summary.mean_seconds += std::log(std::max(result.mean, 1e-12));
        summary.p99_seconds += std::log(std::max(result.p99, 1e-12));
        summary.imbalance += result.imbalance;
        summary.lost_seconds += result.lost_seconds;
        summary.broken_seconds += result.broken_seconds;
        summary.served += result.served;
        summary.unfinished = std::max(summary.unfinished, result.unfinished);
        ++cells;
      }
    }
    means.push_back(std::exp(mean / cells));
    p99s.push_back(std::exp(p99 / cells));
    runs += cells;
  }
  summary.mean = SpreadOf(means);
  summary.p99 = SpreadOf(p99s);
  summary.mean_seconds = std::exp(summary.mean_seconds / runs);
  summary.p99_seconds = std::exp(summary.p99_seconds / runs);
  summary.imbalance /= runs;
  summary.lost_seconds /= runs;
  summary.broken_seconds /= runs;
  summary.served /= runs;
  return summary;
}

absl::StatusOr<double> FindHighest(const Scenario& scenario, const Cell& cell,
                                   const PolicySpec& policy, std::uint64_t seed) {
  const FindSpec find = scenario.find.value_or(FindSpec{});
  double good = 0;
  double low = find.from, high = find.to;
  Cell trial = cell;
  trial.utilisation = low;
  while (true) {
    const auto result = RunOne(scenario, trial, policy, seed);
    if (!result.ok()) return result.status();
    if (result->slowdown99 <= find.slowdown99 && result->unfinished <= find.unfinished) {
      good = low = trial.utilisation;
    } else if (trial.utilisation == find.from) {
      return 0;
    } else {
      high = trial.utilisation;
    }
    if (high - low <= kFindStep) return good;
    trial.utilisation = (low + high) / 2;
  }
}

absl::StatusOr<Found> FindAll(const Scenario& scenario, std::size_t jobs) {
  Scenario one = scenario;
  one.utilisations = {scenario.find.value_or(FindSpec{}).from};
  Found found{WithLimit(scenario.policies), one.cells(), {}};
  auto all = Grid<double>(found.policies.size(), found.cells.size(), scenario.repetitions, jobs,
                          [&](std::size_t policy, std::size_t cell, std::size_t i) {
                            return FindHighest(scenario, found.cells[cell], found.policies[policy],
                                               scenario.seed + i);
                          });
  if (!all.ok()) return all.status();
  found.utilisations = *std::move(all);
  return found;
}

}  // namespace dnsd::sim
