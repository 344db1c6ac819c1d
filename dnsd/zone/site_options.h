// How the sites are to be answered, as configured.
#pragma once

#include <cstdint>
#include <optional>

namespace dnsd::zone {

// Each is explained in docs/policies.md.
enum class Policy : std::uint8_t {
  kLeastCost,
  kRoundRobin,
  kRandom,
  kWeighted,
  kLeastLoad,
  kQuota,
  kWlc,
  kMemoryWeight,
  kDynamicWeight,
  kHash,
  kFailover,
};
// What `least_cost` and `failover` call cost.
enum class CostRule : std::uint8_t { kDelay, kLoad, kExponential };
// What `wlc` divides connections by.
enum class WeightRule : std::uint8_t { kStatic, kCpus, kMemory, kProcessTime };
// What comes first among the members that may answer.
enum class Order : std::uint8_t { kCost, kLocality };
// What `least_cost` and the other policies that pick the least look at first.
enum class Prefer : std::uint8_t { kCost, kLocality };
// What to answer when no member is left.
enum class AllDown : std::uint8_t { kAll, kLastGood, kNoData, kServFail };

struct SiteOptions {
  Policy policy = Policy::kLeastCost;
  Order order = Order::kCost;
  Prefer prefer = Prefer::kCost;
  AllDown all_down = AllDown::kAll;
  CostRule cost = CostRule::kDelay;
  WeightRule weights_by = WeightRule::kStatic;
  // The columns of the fleet's view that hold what the policy asks of a node; 0 is `least_cost` as
  // it is by default. Given by policy::AssignGauges once all options are known.
  std::uint8_t gauge = 0;
  std::uint8_t weight_gauge = 0;  // `wlc`, unless its weights are static
  // Lists by member: 1 and upwards, numbered by MemberLists; 0: none.
  std::uint16_t weights = 0;
  std::uint16_t groups = 0;
  // How many addresses an answer has. Nothing: one; but all of a pool no member of which has ever
  // reported, which is served as plain DNS would.
  std::optional<std::uint16_t> answers;
  // Likewise, at least, for a resolver that keeps answers in spite of a TTL of 0. Nothing: no more.
  std::optional<std::uint16_t> answers_cached;
  // Of the answers, in seconds. Nothing: 0; but the RRset's own for a pool never reported.
  std::optional<std::uint32_t> ttl;
  // Members whose cost is within this share of the least are equals: the closest comes first.
  // Nothing: 0.1 where cost is that of `least_cost`, 0 elsewhere.
  std::optional<float> margin;
  // Under Prefer::kLocality: by how much more the nearest may be loaded than the others.
  float spill = 0.1F;
  std::uint16_t quota_every = 1;            // reports of a node between two looks at its score
  std::optional<float> cost_base;           // nothing: 100, and 1000 for `quota`
  float smoothing = 0;                      // share of the last value in a smoothed load
  float bound = 0.25F;                      // `hash`: load allowed above the mean
  float memory_per_connection = 3'500'000;  // octets, where the reporter does not tell
  float memory_plus = 1;                    // 1: Rhee's first alternative; k: his second
  // Share of a pool's capacity below which suspects count as usable; 0: never.
  float panic = 0.3F;

  friend bool operator==(const SiteOptions&, const SiteOptions&) = default;
};

}  // namespace dnsd::zone
