// Since when each replica has been as it is.
#pragma once

#include <map>

#include "dnsd/base/clock.h"
#include "dnsd/placement/marks.h"
#include "dnsd/policy/placement.h"

namespace dnsd::placement {

// Keeps those alone that have changed of late: all others have been ready since the start. Of one
// thread.
class ReplicaTimes {
 public:
  explicit ReplicaTimes(MonotonicTime start) : start_(start) {}

  // The replica is in this phase now; since when.
  MonotonicTime Note(const SiteAtNode& where, policy::ReplicaPhase phase, MonotonicTime now) {
    const auto known = seen_.find(where);
    if (known == seen_.end()) {
      if (phase == policy::ReplicaPhase::kReady) return start_;
      seen_[where] = {phase, now, now};
      return now;
    }
    Seen& seen = known->second;
    if (seen.phase != phase) seen = {phase, now, now};
    seen.noted = now;
    return seen.since;
  }
  // The replica has just come to be ready.
  void Made(const SiteAtNode& where, MonotonicTime now) {
    seen_[where] = {policy::ReplicaPhase::kReady, now, now};
  }
  // Forgets those that have been ready for `hold`, and those that nobody has noted for as long.
  void Sweep(Duration hold, MonotonicTime now) {
    std::erase_if(seen_, [&](const auto& entry) {
      const Seen& seen = entry.second;
      const bool is_old = seen.phase == policy::ReplicaPhase::kReady && now >= seen.since + hold;
      return is_old || now >= seen.noted + hold;
    });
  }

 private:
  struct Seen {
    policy::ReplicaPhase phase;
    MonotonicTime since;
    MonotonicTime noted;
  };
  const MonotonicTime start_;
  std::map<SiteAtNode, Seen> seen_;
};

}  // namespace dnsd::placement
