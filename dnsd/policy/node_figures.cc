#include "dnsd/policy/node_figures.h"

#include <algorithm>
#include <cmath>

#include "dnsd/policy/least_cost.h"
#include "dnsd/policy/report_facts.h"

namespace dnsd::policy {
namespace {

using fleet::Load;

// Beyond what is ever reported; keeps every reading finite.
constexpr double kLeastSeconds = 1e-6;
constexpr double kMostReading = 1e12;
constexpr double kMostLoad = 2;

// Chen and Chi: the CPU load, as it is reported.
float CpuReading(const Load& load) {
  const auto cpu = Sane(load.cpu_utilization, 1);
  return cpu ? static_cast<float>(*cpu) + kIdleSessions : kUnknown;
}

float QuotaReading(const Load& load, double log_base) {
  if (!load.cpu_utilization && !MemoryOf(load)) return kUnknown;
  return static_cast<float>(1 / CostScore(load, log_base));
}

// Rhee: how many connections the memory still takes. None once tasks wait while pages go out.
float MemoryReading(const Load& load, double per_connection) {
  if (FactsOf(load).is_swapping) return kExhausted;
  std::optional<double> available = Sane(load.memory_available_bytes, 1e18);
  const auto used = MemoryOf(load);
  const auto total = Sane(load.memory_total_bytes, 1e18);
  if (!available && used && total) available = (1 - *used) * *total;
  if (!available) return kUnknown;
  const auto measured = Sane(load.memory_per_connection_bytes, 1e15);
  if (measured && *measured > 0) per_connection = *measured;
  return static_cast<float>(std::min(*available / std::max(per_connection, 1.0), kMostReading));
}

// Mamatas and Tsaoussidis: the faster a request is served, and the nearer the node, the more.
float SpeedReading(const Load& load) {
  const auto process = Sane(load.process_time_seconds, 3600);
  if (!process) return kUnknown;
  const auto delay = load.named_metrics.find("network_delay_seconds");
  const double network =
      delay == load.named_metrics.end() ? 1 : Sane(delay->second, 3600).value_or(1);
  const double time = std::max(*process, kLeastSeconds) * std::max(network, kLeastSeconds);
  return static_cast<float>(std::min(1 / time, kMostReading));
}

}  // namespace

Load Smoothed(const Load& last, const Load& sample, double share) {
  using Figure = std::optional<double> Load::*;
  static constexpr Figure kFigures[] = {&Load::cpu_utilization,
                                        &Load::mem_utilization,
                                        &Load::application_utilization,
                                        &Load::rps,
                                        &Load::eps,
                                        &Load::sps,
                                        &Load::run_queue,
                                        &Load::blocked_processes,
                                        &Load::swap_out_rate,
                                        &Load::disk_utilization,
                                        &Load::network_utilization,
                                        &Load::connections,
                                        &Load::memory_available_bytes,
                                        &Load::disk_bytes_per_second,
                                        &Load::network_bytes_per_second,
                                        &Load::cpu_pressure,
                                        &Load::memory_pressure,
                                        &Load::io_pressure,
                                        &Load::process_time_seconds,
                                        &Load::memory_per_connection_bytes};
  Load smoothed = sample;
  if (!(share > 0)) return smoothed;
  for (const Figure figure : kFigures) {
    const auto& before = last.*figure;
    auto& now = smoothed.*figure;
    if (!before || !now || !std::isfinite(*before) || !std::isfinite(*now)) continue;
    *now = share * *before + (1 - share) * *now;
  }
  return smoothed;
}

float ReadingOf(const Gauge& gauge, const Load& load) {
  switch (gauge.kind) {
    case GaugeKind::kCpu:
      return CpuReading(load);
    case GaugeKind::kQuota:
      return QuotaReading(load, gauge.log_base);
    case GaugeKind::kCpus:
      return static_cast<float>(FactsOf(load).cpus);
    case GaugeKind::kMemory:
      return MemoryReading(load, gauge.memory_per_connection);
    case GaugeKind::kSpeed:
      return SpeedReading(load);
    default:
      return kUnknown;
  }
}

double CostScore(const Load& load, double log_base) {
  const double cpu = std::min(FactsOf(load).load, kMostLoad);
  return std::exp2(log_base * cpu) + std::exp2(log_base * MemoryOf(load).value_or(0));
}

double MemoryPrice(const Load& load, double log_base, double memory_per_connection) {
  const auto total = Sane(load.memory_total_bytes, 1e18);
  const auto used = MemoryOf(load);
  if (!total || !used || *total <= 0) return 0;
  const double more = std::min(1.0, memory_per_connection / *total);
  return std::exp2(log_base * *used) * (std::exp2(log_base * more) - 1);
}

}  // namespace dnsd::policy
