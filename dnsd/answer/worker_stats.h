// What one worker counts. The worker alone writes; the control loop and the metrics read.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "dnsd/answer/latency.h"
#include "dnsd/answer/site_tally.h"
#include "dnsd/base/counter.h"
#include "dnsd/fleet/node_state.h"
#include "dnsd/wire/types.h"

namespace dnsd::answer {

// The most nodes a dnsd keeps, so that counters are a fixed array that every thread may read.
inline constexpr std::size_t kMaxNodes = 16384;

enum class Transport : std::uint8_t { kUdp, kTcp };

// Why a TCP connection was closed. The values index counters.
enum class TcpEnd : std::uint8_t {
  kClient,   // by the client, or it is gone
  kIdle,     // no query within tcp.idle
  kSlow,     // half a query, or responses not taken, for tcp.transfer
  kNoQuery,  // it sent what is no query
  kRoom,     // idle longest when another was to be let in
  kStop,     // dnsd stops
};

// Why a TCP connection was not let in. The values index counters.
enum class TcpRefusal : std::uint8_t {
  kPrefix,    // its client prefix has tcp.clients_per_prefix
  kShortage,  // out of descriptors or memory; counts pauses, in which clients wait
};

struct alignas(64) WorkerStats {
  static constexpr std::size_t kRcodes = 17;  // 0 to 15, and BADVERS
  static constexpr std::size_t kTypes = 260;  // 0 to 258, and all others
  static constexpr std::size_t kTcpEnds = 6;
  static constexpr std::size_t kTcpRefusals = 2;

  std::array<Counter, 2> queries;            // by Transport: messages received
  std::array<Counter, kRcodes> responses;    // by RCODE
  std::array<Counter, kTypes> types;         // by SlotOf the QTYPE: queries that could be read
  Counter dropped;                           // no response owed: too short, or itself a response
  Counter malformed;                         // answered FORMERR
  Counter truncated;                         // responses with TC
  Counter send_errors;                       // responses the kernel did not take
  Counter site_answers;                      // answers chosen from a pool
  Counter fail_open;                         // of those: no member was left, `all_down` answered
  Counter panic;                             // of those: suspects counted as usable
  Counter explored;                          // of those: to measure a member, not to choose it
  Counter spilled;                           // of those: some nearer members were too busy
  Counter tcp_connections;                   // let in
  std::array<Counter, kTcpEnds> tcp_closed;  // of those, by TcpEnd; the others are open
  std::array<Counter, kTcpRefusals> tcp_refused;  // by TcpRefusal
  Counter rate_dropped;                           // responses over a rate limit: not sent
  Counter rate_slipped;  // and those sent as TC alone, or as the error they were
  Latency latency;       // over UDP, from the query read to the response sent
  // Addresses of each node given out, by NodeIndex.
  std::unique_ptr<Counter[]> answers = std::make_unique<Counter[]>(kMaxNodes);
  SiteTally sites;

  static constexpr std::size_t SlotOf(wire::RrType type) {
    return std::min(static_cast<std::size_t>(type), kTypes - 1);
  }
};

}  // namespace dnsd::answer
