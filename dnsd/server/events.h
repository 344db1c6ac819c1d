// What happened in this dnsd lately, for people: a bounded ring with a line in the log for each.
//
//   control loop, main ──Add──> [ event event … event ] ──Since, Await──> HTTP, gRPC threads
//                               the oldest drops out
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"

namespace dnsd::server {

struct Event {
  enum class Kind : std::uint8_t {
    kStart,      // dnsd began to serve
    kState,      // a node or a site went from one state to another
    kOrder,      // an operator gave an order or took one back
    kReload,     // configuration and zones were read anew
    kPlacement,  // where a site is hosted is being changed
  };
  enum class Gravity : std::uint8_t { kInfo, kWarning, kError };

  std::uint64_t sequence = 0;  // rises by 1; Add gives it
  WallTime time{};             // likewise
  Kind kind = Kind::kStart;
  Gravity gravity = Gravity::kInfo;
  std::string node{};  // whom it is about; both empty: dnsd itself
  std::string site{};
  std::string state{};  // the new one, of kState
  std::string text{};   // "alive -> suspect: no heartbeat for 1.6 s"; of kReload perhaps many lines
};
const char* NameOf(Event::Kind kind);        // "state"
const char* NameOf(Event::Gravity gravity);  // "warning"

// For any thread; never used on the query path.
class Events {
 public:
  static constexpr std::size_t kMost = 2048;

  using Clock = std::function<WallTime()>;

  // The first sequence number is the time of the start in milliseconds, so that numbers go on
  // rising when dnsd is restarted: who asks for what came after one misses nothing.
  explicit Events(Clock clock);

  // Gives the event its number and time, logs it, keeps it.
  void Add(Event event);

  // Events in their order, without a gap among them.
  struct Some {
    std::uint64_t first = 0;  // the oldest that is kept; what came before is lost
    std::uint64_t last = 0;   // the newest
    std::vector<Event> events;
  };
  // All that are kept and came after `sequence`, at most the newest `most`.
  Some Since(std::uint64_t sequence, std::size_t most = kMost) const;
  // Likewise; where there is none, waits for one, at most so long.
  Some Await(std::uint64_t sequence, Duration patience) const;

 private:
  Some Copy(std::uint64_t sequence, std::size_t most) const;

  const Clock clock_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable added_;
  std::uint64_t next_;
  std::deque<Event> ring_;  // oldest first
};

}  // namespace dnsd::server
