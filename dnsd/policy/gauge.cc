#include "dnsd/policy/gauge.h"

#include <algorithm>
#include <cmath>

namespace dnsd::policy {
namespace {

using zone::CostRule;
using zone::Policy;
using zone::SiteOptions;
using zone::WeightRule;

constexpr float kCostBase = 100;
constexpr float kQuotaBase = 1000;

Gauge Exponential(const SiteOptions& options) {
  return {.kind = GaugeKind::kExponentialCost,
          .log_base = std::log2(options.cost_base.value_or(kCostBase)),
          .smoothing = options.smoothing,
          .memory_per_connection = options.memory_per_connection};
}

Gauge CostGauge(const SiteOptions& options) {
  if (options.cost == CostRule::kExponential) return Exponential(options);
  return {.kind = options.cost == CostRule::kLoad ? GaugeKind::kLoadCost : GaugeKind::kDelayCost,
          .smoothing = options.smoothing};
}

Gauge MemoryGauge(const SiteOptions& options) {
  return {.kind = GaugeKind::kMemory,
          .smoothing = options.smoothing,
          .memory_per_connection = options.memory_per_connection};
}

// The gauge's number; 0 if there is no room for it.
std::uint8_t Number(std::vector<Gauge>& gauges, const Gauge& gauge) {
  const auto at = std::ranges::find(gauges, gauge);
  if (at != gauges.end()) return static_cast<std::uint8_t>(at - gauges.begin());
  if (gauges.size() == kMostGauges) return 0;
  gauges.push_back(gauge);
  return static_cast<std::uint8_t>(gauges.size() - 1);
}

}  // namespace

std::optional<Gauge> GaugeOf(const SiteOptions& options) {
  switch (options.policy) {
    case Policy::kLeastCost:
    case Policy::kFailover:
      return CostGauge(options);
    case Policy::kHash:
      return Gauge{.kind = GaugeKind::kLoadCost, .smoothing = options.smoothing};
    case Policy::kLeastLoad:
      return Gauge{.kind = GaugeKind::kCpu, .smoothing = options.smoothing};
    case Policy::kQuota:
      return Gauge{.kind = GaugeKind::kQuota,
                   .log_base = std::log2(options.cost_base.value_or(kQuotaBase)),
                   .smoothing = options.smoothing,
                   .every = options.quota_every};
    case Policy::kWlc:
      return Gauge{.kind = GaugeKind::kConnections, .smoothing = options.smoothing};
    case Policy::kMemoryWeight:
      return MemoryGauge(options);
    case Policy::kDynamicWeight:
      return Gauge{.kind = GaugeKind::kSpeed, .smoothing = options.smoothing};
    case Policy::kRoundRobin:
    case Policy::kRandom:
    case Policy::kWeighted:
      break;
  }
  return std::nullopt;
}

std::optional<Gauge> WeightGaugeOf(const SiteOptions& options) {
  if (options.policy != Policy::kWlc) return std::nullopt;
  switch (options.weights_by) {
    case WeightRule::kCpus:
      return Gauge{.kind = GaugeKind::kCpus};
    case WeightRule::kMemory:
      return MemoryGauge(options);
    case WeightRule::kProcessTime:
      return Gauge{.kind = GaugeKind::kSpeed, .smoothing = options.smoothing};
    case WeightRule::kStatic:
      break;
  }
  return std::nullopt;
}

std::vector<Gauge> AssignGauges(std::vector<SiteOptions>& all) {
  std::vector<Gauge> gauges{Gauge{}};
  for (SiteOptions& options : all) {
    const auto gauge = GaugeOf(options);
    const auto weight = WeightGaugeOf(options);
    options.gauge = gauge ? Number(gauges, *gauge) : std::uint8_t{0};
    options.weight_gauge = weight ? Number(gauges, *weight) : std::uint8_t{0};
  }
  return gauges;
}

}  // namespace dnsd::policy
