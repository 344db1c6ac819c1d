// What a report says of a node under the policies that take it as it is: pure formulas. Their
// sources and examples: docs/policies.md.
#pragma once

#include "dnsd/fleet/heartbeat.h"
#include "dnsd/policy/gauge.h"

namespace dnsd::policy {

// L = alpha L + (1 - alpha) S for every figure that both have; of others S. `share`: alpha.
fleet::Load Smoothed(const fleet::Load& last, const fleet::Load& sample, double share);

// What a gauge of the last report reads, guards left out: 0 and upwards, finite; kUnknown where
// the report lacks what it takes; kExhausted as kMemory says. Not for gauges that follow answers.
float ReadingOf(const Gauge& gauge, const fleet::Load& load);

// Amir, Awerbuch, Barak, Borgstrom and Keren: what a node's loads cost, the sum of base^load over
// CPU and memory; what is not reported counts as idle.
double CostScore(const fleet::Load& load, double log_base);

// What the memory of one more connection adds to that score.
double MemoryPrice(const fleet::Load& load, double log_base, double memory_per_connection);

}  // namespace dnsd::policy
