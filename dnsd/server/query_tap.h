// What one worker tells of its queries, for the query log and dnstap.
//
//   worker ──Tell──> [ ring ] ──thread of its own (TapReader)──> QueryLog, Dnstap
//                    full: dropped, and counted
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/base/counter.h"
#include "dnsd/base/ip.h"
#include "dnsd/server/tap_ring.h"

namespace dnsd::server {

// Who wants a query; a set of them is their sum.
enum TapUse : std::uint8_t { kTapLog = 1, kTapStream = 2 };

// Of so many queries of a worker one is told; 0: none.
struct TapSamples {
  std::uint32_t log = 0;
  std::uint32_t stream = 0;

  friend bool operator==(const TapSamples&, const TapSamples&) = default;
};

// What stands before a query's and its response's octets in a record.
struct TapHeader {
  std::int64_t time = 0;  // of the response: nanoseconds since 1970
  Endpoint client;        // port 0: not known
  answer::Transport transport{};
  std::uint8_t uses = 0;  // TapUse
  std::uint16_t query_size = 0;
};
static_assert(std::is_trivially_copyable_v<TapHeader>);

// A record as taken from the ring, which it borrows.
struct TappedQuery {
  TapHeader header;
  std::span<const std::uint8_t> query;
  std::span<const std::uint8_t> response;  // empty: none was sent
};

// Tell and Wants are for the worker's thread alone, Take for the reader's.
class QueryTap {
 public:
  static constexpr std::size_t kRingOctets = 1 << 20;

  explicit QueryTap(TapSamples samples, std::size_t ring_octets = kRingOctets)
      : samples_(samples), left_(samples), ring_(ring_octets) {}

  // Counts a query, and tells of it if it is one of those wanted.
  void Tell(std::span<const std::uint8_t> query, std::span<const std::uint8_t> response,
            const Endpoint& client, answer::Transport transport) {
    const std::uint8_t uses = Due();
    if (uses != 0) Put(query, response, client, transport, uses);
  }

  // The oldest that waits; nothing if none does. Valid until the next Take.
  std::optional<TappedQuery> Take() {
    if (!ring_.Take(record_)) return std::nullopt;
    TappedQuery tapped;
    std::memcpy(&tapped.header, record_.data(), sizeof tapped.header);
    const auto messages = std::span<const std::uint8_t>(record_).subspan(sizeof tapped.header);
    tapped.query = messages.first(tapped.header.query_size);
    tapped.response = messages.subspan(tapped.header.query_size);
    return tapped;
  }

  // Any thread: those that found no room.
  std::uint64_t dropped() const { return dropped_.value(); }

 private:
  std::uint8_t Due() {
    std::uint8_t uses = 0;
    if (samples_.log != 0 && --left_.log == 0) {
      left_.log = samples_.log;
      uses |= kTapLog;
    }
    if (samples_.stream != 0 && --left_.stream == 0) {
      left_.stream = samples_.stream;
      uses |= kTapStream;
    }
    return uses;
  }

  void Put(std::span<const std::uint8_t> query, std::span<const std::uint8_t> response,
           const Endpoint& client, answer::Transport transport, std::uint8_t uses) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);  // the vDSO's: no system call
    TapHeader header;
    header.time = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    header.client = client;
    header.transport = transport;
    header.uses = uses;
    header.query_size = static_cast<std::uint16_t>(query.size());
    const bool put =
        ring_.Put({std::span(reinterpret_cast<const std::uint8_t*>(&header), sizeof header), query,
                   response});
    if (!put) dropped_.Add();
  }

  const TapSamples samples_;
  TapSamples left_;
  TapRing ring_;
  Counter dropped_;
  std::vector<std::uint8_t> record_;  // the reader's
};

}  // namespace dnsd::server
