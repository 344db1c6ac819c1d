// What one worker counts. The worker alone writes; the control loop and the metrics read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "dnsd/base/counter.h"
#include "dnsd/fleet/node_state.h"

namespace dnsd::answer {

// The most nodes a dnsd keeps, so that counters are a fixed array that every thread may read.
inline constexpr std::size_t kMaxNodes = 16384;

enum class Transport : std::uint8_t { kUdp, kTcp };

struct alignas(64) WorkerStats {
  static constexpr std::size_t kRcodes = 17;  // 0 to 15, and BADVERS

  std::array<Counter, 2> queries;          // by Transport: messages received
  std::array<Counter, kRcodes> responses;  // by RCODE
  Counter dropped;                         // no response owed: too short, or itself a response
  Counter malformed;                       // answered FORMERR
  Counter truncated;                       // responses with TC
  Counter send_errors;                     // responses the kernel did not take
  Counter site_answers;                    // answers chosen from a pool
  Counter fail_open;                       // of those: no member was left, `all_down` answered
  Counter tcp_connections;                 // accepted
  Counter tcp_refused;                     // closed early: too many, or out of descriptors
  Counter rate_dropped;  // responses over a rate limit: not sent
  Counter rate_slipped;  // and those sent as TC alone, or as the error they were
  // Addresses of each node given out, by NodeIndex.
  std::unique_ptr<Counter[]> answers = std::make_unique<Counter[]>(kMaxNodes);
};

}  // namespace dnsd::answer
