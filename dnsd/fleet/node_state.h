// The states of a node, and what each means for the answers.
#pragma once

#include <cstdint>

namespace dnsd::fleet {

// A node's place in the fleet's arrays: dense, given at its first report, kept for the life of
// the process.
using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNoNode = 0xFFFFFFFFU;

enum class NodeState : std::uint8_t {
  kUnknown,    // named, but has never reported: not dead, usable
  kAlive,      // reports in time
  kSuspect,    // missed a beat and a half, or is unwell: answers only if nobody else can
  kDead,       // missed `dead_after` beats
  kWarming,    // new or back: its cost is raised until its ramp is done
  kLeaving,    // its reporter said goodbye
  kUnhealthy,  // reports in time that its own health check fails
  kDraining,   // an operator said: no new answers
  kDisabled,   // an operator said: not there
};

// What a state means to a query.
enum class Tier : std::uint8_t {
  kUsable,      // unknown, alive, warming
  kLastResort,  // suspect: only if nobody is usable
  kExcluded,    // all others
};

constexpr Tier TierOf(NodeState state) {
  switch (state) {
    case NodeState::kUnknown:
    case NodeState::kAlive:
    case NodeState::kWarming:
      return Tier::kUsable;
    case NodeState::kSuspect:
      return Tier::kLastResort;
    default:
      return Tier::kExcluded;
  }
}

constexpr const char* NameOf(NodeState state) {
  constexpr const char* kNames[] = {"unknown", "alive",     "suspect",  "dead",    "warming",
                                    "leaving", "unhealthy", "draining", "disabled"};
  return kNames[static_cast<std::uint8_t>(state)];
}

}  // namespace dnsd::fleet
