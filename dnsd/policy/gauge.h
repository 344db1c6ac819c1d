// What a policy asks of a node: a gauge reads one number a node, a price (the least answers) or a
// weight (answers in proportion), and all sites that ask the same share it.
//
//   SiteOptions ──AssignGauges──> gauges ──FleetModel──> one column each ──FleetView──> workers
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dnsd/zone/site_options.h"

namespace dnsd::policy {

enum class GaugeKind : std::uint8_t {
  // Prices that follow own answers as they are given (CostFigures).
  kDelayCost,        // marginal delay: `least_cost` as it is by default
  kLoadCost,         // predicted load
  kExponentialCost,  // marginal exponential cost over CPU and memory
  kConnections,      // connections; the weight is the member's
  // A price of the last report.
  kCpu,  // CPU load
  // Weights of the last report.
  kQuota,   // 1 / cost score
  kCpus,    // CPUs
  kMemory,  // how many connections the memory available takes; kExhausted: none
  kSpeed,   // 1 / (process time * network delay)
};

// A column's number where the node did not report what it takes: the mean of the others.
inline constexpr float kUnknown = -1;
// Of kMemory, from a node that swaps: no answers while another can.
inline constexpr float kExhausted = -2;

struct Gauge {
  GaugeKind kind = GaugeKind::kDelayCost;
  float log_base = 0;               // binary logarithm of the base; 0 where there is none
  float smoothing = 0;              // share of the last value in a smoothed load, 0 to below 1
  std::uint16_t every = 1;          // reports between two readings
  float memory_per_connection = 0;  // octets, where the reporter does not tell; 0: not needed

  bool follows_answers() const { return kind <= GaugeKind::kConnections; }
  bool is_price() const { return kind <= GaugeKind::kCpu; }
  friend bool operator==(const Gauge&, const Gauge&) = default;
};

// The most gauges that a configuration may need.
inline constexpr std::size_t kMostGauges = 64;

// What the policy of `options` needs; nothing where a guard's share is all it asks (`round_robin`,
// `random`, `weighted`).
std::optional<Gauge> GaugeOf(const zone::SiteOptions& options);
// What its weights need that are not static.
std::optional<Gauge> WeightGaugeOf(const zone::SiteOptions& options);

// Sets the gauges' numbers in all options. The first gauge is always `least_cost`'s own. Options
// beyond kMostGauges different ones fall back to it (CheckConfig refuses them).
std::vector<Gauge> AssignGauges(std::vector<zone::SiteOptions>& options);

}  // namespace dnsd::policy
