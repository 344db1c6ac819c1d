// Where gRPC threads leave what reporters say, for the control loop to fetch.
//
//   gRPC threads --Put(event)--> [ event event ... ] --Drain()--> control loop
//                                  |
//                                  empty -> not empty: wake()
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/fleet/heartbeat.h"
#include "dnsd/fleet/place.h"

namespace dnsd::fleet {

// The first message of a stream, its sender's identity and grants checked already.
struct Hello {
  std::string node{};  // 1 to 255 octets
  std::vector<IpAddress> addresses{};
  std::string software_version{};
  Duration interval{};
  std::uint64_t boot_id = 0;
  Place place{};
  Heartbeat state{};  // the first heartbeat; kUnchanged hosting here means that it declares no list
};

struct Leaving {
  std::string reason{};
};

struct StreamClosed {
  std::string reason{};
};

// What one stream brought, stamped with its arrival by the gRPC thread.
struct Event {
  StreamId stream = kNoStream;
  MonotonicTime arrival{};
  std::variant<Hello, Heartbeat, Leaving, StreamClosed> what;
};

// Put and dropped() are for any thread, Drain for the control loop.
// Bounded: a stream may have `beats_per_stream` heartbeats waiting. One more takes the place of
// that stream's newest, which is counted as dropped: its figures are old news, and if it held a
// change of hosting the gap in the sequence makes the fleet ask for the full list. Every other
// event is kept; a stream has at most three of them.
class Inbox {
 public:
  static constexpr std::size_t kBeatsPerStream = 8;

  // `wake` is called, on the thread that puts and with no lock held, when an event comes into the
  // empty inbox; it must be safe from any thread.
  explicit Inbox(std::function<void()> wake, std::size_t beats_per_stream = kBeatsPerStream)
      : wake_(std::move(wake)), beats_per_stream_(beats_per_stream) {}

  void Put(Event event) {
    bool was_empty = false;
    {
      std::lock_guard lock(mutex_);
      was_empty = events_.empty();
      if (std::holds_alternative<Heartbeat>(event.what)) {
        Waiting& waiting = waiting_[event.stream];
        if (waiting.beats == beats_per_stream_) {
          events_[waiting.newest] = std::move(event);
          dropped_.fetch_add(1, std::memory_order_relaxed);
          return;
        }
        ++waiting.beats;
        waiting.newest = events_.size();
      }
      events_.push_back(std::move(event));
    }
    if (was_empty) wake_();
  }

  // Everything that waits, oldest first.
  std::vector<Event> Drain() {
    std::lock_guard lock(mutex_);
    waiting_.clear();
    return std::exchange(events_, {});
  }

  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Waiting {
    std::size_t beats = 0;
    std::size_t newest = 0;  // where in events_
  };

  const std::function<void()> wake_;
  const std::size_t beats_per_stream_;
  std::mutex mutex_;  // guards the two below
  std::vector<Event> events_;
  std::unordered_map<StreamId, Waiting> waiting_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace dnsd::fleet
