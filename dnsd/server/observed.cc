#include "dnsd/server/observed.h"

#include <algorithm>

namespace dnsd::server {

std::map<std::string, std::uint64_t> FaultCounts(const Observed& observed,
                                                 const StatusReport& fleet) {
  std::map<std::string, std::uint64_t> counts;
  for (std::size_t i = 0; i < fleet::kFaults; ++i) {
    counts[fleet::NameOf(static_cast<fleet::Fault>(i))] += fleet.faults[i];
  }
  if (observed.faults == nullptr) return counts;
  for (std::size_t i = 0; i < kHeartbeatFaults; ++i) {
    const auto fault = static_cast<HeartbeatFault>(i);
    counts[NameOf(fault)] += observed.faults->count(fault);
  }
  return counts;
}

TcpCounts CountTcp(const Observed& observed) {
  using Stats = answer::WorkerStats;
  static constexpr const char* kEnds[Stats::kTcpEnds] = {"client",   "idle", "slow",
                                                         "no_query", "room", "stop"};
  static constexpr const char* kRefusals[Stats::kTcpRefusals] = {"prefix", "shortage"};
  TcpCounts counts;
  std::uint64_t closed = 0;
  for (std::size_t i = 0; i < Stats::kTcpEnds; ++i) {
    const auto count = Total(
        observed, [=](const Stats& s) -> auto& { return s.tcp_closed[i]; });
    counts.closed[kEnds[i]] = count;
    closed += count;
  }
  for (std::size_t i = 0; i < Stats::kTcpRefusals; ++i) {
    counts.refused[kRefusals[i]] = Total(
        observed, [=](const Stats& s) -> auto& { return s.tcp_refused[i]; });
  }
  counts.connections = Total(
      observed, [](const Stats& s) -> auto& { return s.tcp_connections; });
  // Counted while the workers go on counting.
  counts.open = counts.connections - std::min(closed, counts.connections);
  return counts;
}

std::string RcodeName(std::size_t rcode) {
  static constexpr const char* kNames[answer::WorkerStats::kRcodes] = {
      "NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
      "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", nullptr,
      nullptr,    nullptr,   nullptr,    nullptr,    "BADVERS"};
  const char* name = rcode < answer::WorkerStats::kRcodes ? kNames[rcode] : nullptr;
  return name != nullptr ? name : "RCODE" + std::to_string(rcode);
}

}  // namespace dnsd::server
