// What can be wrong with a heartbeat by itself, counted by reason. (fleet::Fault has what only the
// fleet can see.)
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace dnsd::server {

// The reasons. They index counters and label a metric: append only.
enum class HeartbeatFault : std::uint8_t {
  kNoHello,       // the first message is no Hello, or a later one is
  kSilent,        // opened a stream and said nothing
  kNodeName,      // empty, too long, white space or control characters
  kAddress,       // neither 4 nor 16 octets
  kInterval,      // outside 0.1 to 60 s
  kNotFinite,     // a load that is NaN or infinite
  kNegative,      // a load below 0
  kExcessive,     // a load above anything real
  kSiteName,      // no domain name
  kIdentity,      // unknown token or certificate
  kNotGranted,    // a node, address or site beyond what the identity may speak for
  kTooMany,       // streams, of one peer or in all
  kEmptyMessage,  // none of the kinds of message that we know
  kUnread,        // a reporter that does not read what it is told
  kPlace,         // a region or coordinates that cannot be
  kRtt,           // a round-trip time, or its prefix, that cannot be
  kTask,          // a task in no phase that there is
};
inline constexpr std::size_t kHeartbeatFaults = 17;

constexpr const char* NameOf(HeartbeatFault fault) {
  constexpr const char* kNames[kHeartbeatFaults] = {
      "no_hello",      "silent",    "node_name", "address",  "odd_interval", "not_finite",
      "negative",      "excessive", "site_name", "identity", "not_granted",  "too_many",
      "empty_message", "unread",    "place",     "rtt",      "task"};
  return kNames[static_cast<std::size_t>(fault)];
}

// Counts that every gRPC thread adds to and any thread reads.
class HeartbeatFaults {
 public:
  void Add(HeartbeatFault fault, std::uint64_t n = 1) {
    counts_[static_cast<std::size_t>(fault)].fetch_add(n, std::memory_order_relaxed);
  }
  std::uint64_t count(HeartbeatFault fault) const {
    return counts_[static_cast<std::size_t>(fault)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kHeartbeatFaults> counts_{};
};

}  // namespace dnsd::server
