// One change of where a site is hosted, from the decision to its outcome.
//
//   expand, update:               working ──> done, failed
//   contract:         leaving ──> working ──> done, failed
//                        └──> undone: the others cannot do without it any more
//
// leaving: out of the answers; of those of every dnsd once the node tells it as not ready, and from
// then on for the grace time of answers that are still cached.
// working: its task is with the node's reporter, or will be once the node speaks again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"

namespace dnsd::placement {

struct Action {
  enum class Kind : std::uint8_t {
    kExpand,    // make a replica
    kContract,  // drop one
    kUpdate,    // bring one to the home's version
    kVerify,    // have one looked over
  };
  enum class Phase : std::uint8_t { kLeaving, kWorking, kDone, kFailed, kUndone };

  std::uint64_t id = 0;  // of its task as well; rises, and is never used again
  Kind kind = Kind::kExpand;
  Phase phase = Phase::kWorking;
  std::string site{};  // owner name with its final dot
  std::string node{};
  std::vector<std::string> sources{};  // nodes to copy from, the best first
  std::uint64_t content_version = 0;   // wanted at least; 0: any
  std::uint64_t bytes = 0;             // expected; 0: not known
  bool by_hand = false;                // an operator's; else a decision's
  std::string why{};                   // in words
  WallTime begun{};
  WallTime changed{};    // when it came to this phase
  std::string detail{};  // how far it is, and what went wrong

  bool is_over() const { return phase > Phase::kWorking; }
  friend bool operator==(const Action&, const Action&) = default;
};

constexpr const char* NameOf(Action::Kind kind) {
  constexpr const char* kNames[] = {"expand", "contract", "update", "verify"};
  return kNames[static_cast<std::size_t>(kind)];
}
constexpr const char* NameOf(Action::Phase phase) {
  constexpr const char* kNames[] = {"leaving", "working", "done", "failed", "undone"};
  return kNames[static_cast<std::size_t>(phase)];
}

}  // namespace dnsd::placement
