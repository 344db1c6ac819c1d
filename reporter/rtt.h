// How far the clients are, by prefix: what is told of the connections' round-trip times.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "proto/heartbeat.pb.h"

namespace dnsd::reporter {

struct ClientRtt {
  IpAddress client;
  std::uint32_t rtt_us = 0;
};

// The connections to the clients of one prefix.
struct PrefixRtt {
  static constexpr unsigned kBits4 = 24;
  static constexpr unsigned kBits6 = 48;

  IpAddress prefix;
  std::uint32_t count = 0;
  std::uint32_t median_us = 0;  // of an even number the upper one
  std::uint32_t minimum_us = 0;

  friend bool operator==(const PrefixRtt&, const PrefixRtt&) = default;
};

// By rising prefix. Times of 0, which are not known, and of a minute or more are left out.
std::vector<PrefixRtt> GroupByPrefix(std::vector<ClientRtt> rtts);

// What one look at the connections brought.
struct RttRound {
  std::uint64_t number = 0;  // grows by one a look; 0: none yet
  std::vector<PrefixRtt> prefixes;
};

// What one dnsd is told: of each round each prefix once, kMostTold at a time and no sooner than
// kTellPeriod after the last time, so that dnsd takes it all. Where a round has more than can be
// told before the next, those go first that were never told, then those with the most connections
// times the square of the rounds that they have waited: of a thousand prefixes with 1 to 1,000
// connections and 200 told a round, the busiest is told every fourth and the idlest every
// hundredth.
class RttNews {
 public:
  static constexpr int kMostTold = 200;
  static constexpr Duration kTellPeriod = std::chrono::milliseconds(900);

  void Tell(const RttRound& round, MonotonicTime now, heartbeat::v1::Heartbeat& out);

 private:
  void Begin(const RttRound& round);

  std::uint64_t round_ = 0;
  std::vector<std::uint32_t> queue_;  // of the round, the first to be told at its end
  // By prefix of the round, the round that it was told in last; 0: never.
  std::unordered_map<IpAddress, std::uint64_t, IpAddressHash> told_;
  MonotonicTime told_at_;
};

}  // namespace dnsd::reporter
