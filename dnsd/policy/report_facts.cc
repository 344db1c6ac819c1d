#include "dnsd/policy/report_facts.h"

#include <algorithm>
#include <cmath>

namespace dnsd::policy {
namespace {

// Beyond what any machine reports; keeps every sum far from infinity.
constexpr double kMostRate = 1e7;  // events a second, tasks, connections
constexpr double kLeastCpus = 0.01;
constexpr double kMostCpus = 4096;

std::optional<double> LoadOf(const fleet::Load& load, double cpus) {
  std::optional<double> used = Sane(load.application_utilization, kMostRate);
  if (!used) used = Sane(load.cpu_utilization, 1);
  const std::optional<double> tasks = Sane(load.run_queue, kMostRate);
  if (!used && !tasks) return std::nullopt;
  const double queue = tasks ? *tasks / cpus : 0;
  const double u = std::min(1.0, used.value_or(queue));
  const double beyond = std::max(used.value_or(0), queue) - u;
  return u + u / 2 * std::log1p(std::max(0.0, beyond));
}

}  // namespace

std::optional<double> Sane(const std::optional<double>& value, double most) {
  if (!value || std::isnan(*value)) return std::nullopt;
  return std::clamp(*value, 0.0, most);
}

std::optional<double> MemoryOf(const fleet::Load& load) {
  if (const auto used = Sane(load.mem_utilization, 1)) return used;
  const auto total = Sane(load.memory_total_bytes, 1e18);
  const auto available = Sane(load.memory_available_bytes, 1e18);
  if (!total || !available || *total <= 0) return std::nullopt;
  return std::clamp(1 - *available / *total, 0.0, 1.0);
}

ReportFacts FactsOf(const fleet::Load& load) {
  ReportFacts facts;
  facts.cpus = std::max(kLeastCpus, Sane(load.cpus, kMostCpus).value_or(1));
  const std::optional<double> measured = LoadOf(load, facts.cpus);
  facts.has_load = measured.has_value();
  facts.load = measured.value_or(0);
  facts.sessions = Sane(load.sps, kMostRate);
  facts.requests = Sane(load.rps, kMostRate);
  facts.connections = Sane(load.connections, kMostRate);
  facts.errors =
      std::min(Sane(load.eps, kMostRate).value_or(0), facts.requests.value_or(kMostRate));
  facts.memory = MemoryOf(load).value_or(0);
  facts.is_swapping = Sane(load.swap_out_rate, kMostRate).value_or(0) > 0 &&
                      Sane(load.blocked_processes, kMostRate).value_or(0) > 0;
  return facts;
}

}  // namespace dnsd::policy
