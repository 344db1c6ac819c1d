// How the sites are to be answered, as configured.
#pragma once

#include <cstdint>
#include <optional>

namespace dnsd::zone {

enum class Policy : std::uint8_t { kLeastCost, kRoundRobin };
// What comes first among the members that may answer.
enum class Order : std::uint8_t { kCost, kLocality };
// What to answer when no member is left.
enum class AllDown : std::uint8_t { kAll, kLastGood, kNoData, kServFail };

struct SiteOptions {
  Policy policy = Policy::kLeastCost;
  Order order = Order::kCost;
  AllDown all_down = AllDown::kAll;
  // How many addresses an answer has. Nothing: one; but all of a pool no member of which has ever
  // reported, which is served as plain DNS would.
  std::optional<std::uint16_t> answers;
  // Of the answers, in seconds. Nothing: 0; but the RRset's own for a pool never reported.
  std::optional<std::uint32_t> ttl;
  // Members whose cost is within this share of the least are equals: the closest comes first.
  float margin = 0.1F;

  friend bool operator==(const SiteOptions&, const SiteOptions&) = default;
};

}  // namespace dnsd::zone
