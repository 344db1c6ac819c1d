// Which resolvers keep answers in spite of a TTL of 0: told by the pauses between their queries.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace dnsd::answer {

// A resolver that asks for each of its clients asks at any time; one that keeps answers asks no
// sooner than they are old. So one whose last kPauses queries for a site came kPause or more after
// the query before is taken to keep them. One that has few clients looks the same, and what follows
// from it does it no harm.
//
// A worker's own: it sees all queries of a resolver's port, or some of them, in which case the
// pauses are longer. Pairs of resolver and site that share a slot take it from each other.
class CacheWatch {
 public:
  static constexpr std::chrono::milliseconds kPause{1000};
  static constexpr std::uint8_t kPauses = 3;

  // Notes a query of `resolver_and_site`, a hash of both, at `now`, a monotonic time. Whether the
  // resolver keeps answers, as it seems.
  bool Note(std::uint64_t resolver_and_site, std::chrono::milliseconds now) {
    Slot& slot = slots_[resolver_and_site % kSlots];
    const auto tag = static_cast<std::uint32_t>(resolver_and_site >> 32);
    const auto time = static_cast<std::uint32_t>(now.count());  // wraps after 49 days
    if (slot.tag != tag || slot.pauses == kFree) {
      slot = {tag, time, 0};
      return false;
    }
    const bool paused = time - slot.time >= kPause.count();
    slot.time = time;
    slot.pauses = paused ? std::min<std::uint8_t>(slot.pauses + 1, kPauses) : std::uint8_t{0};
    return slot.pauses == kPauses;
  }

 private:
  static constexpr std::size_t kSlots = 16'384;
  static constexpr std::uint8_t kFree = 0xFF;
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t time = 0;  // of its last query, milliseconds
    std::uint8_t pauses = kFree;
  };
  std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
};

}  // namespace dnsd::answer
