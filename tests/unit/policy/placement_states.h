// States of few nodes and sites for the tests of placement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnsd/policy/placement.h"

namespace dnsd::policy {

using namespace std::chrono_literals;

constexpr MonotonicTime kNow{std::chrono::hours(10)};
constexpr MonotonicTime kLongAgo{std::chrono::hours(1)};

inline std::vector<PlacementNode> Nodes(std::size_t count, PlacementNode node = {}) {
  return std::vector<PlacementNode>(count, node);
}

inline PlacementReplica Ready(std::uint32_t node, double demand = 0) {
  return {.node = node, .demand = demand, .since = kLongAgo};
}
inline PlacementReplica In(std::uint32_t node, ReplicaPhase phase, MonotonicTime since = kLongAgo) {
  return {.node = node, .phase = phase, .since = since};
}

// "+site@node demand" or "-site@node room", in the order of the actions.
inline std::vector<std::string> Words(const std::vector<PlacementAction>& actions) {
  std::vector<std::string> words;
  for (const PlacementAction& action : actions) {
    words.push_back((action.kind == PlacementAction::Kind::kExpand ? "+" : "-") +
                    std::to_string(action.site) + "@" + std::to_string(action.node) + " " +
                    NameOf(action.reason));
  }
  return words;
}

}  // namespace dnsd::policy
