// Where the metrics and the status page look. Everything in it may be read by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/answer/served.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/snapshot.h"
#include "dnsd/server/heartbeat_faults.h"
#include "dnsd/server/history.h"
#include "dnsd/server/reload.h"
#include "dnsd/server/status_report.h"
#include "dnsd/server/tap_reader.h"

namespace dnsd::server {

// Borrows what it points at, which must outlive it.
struct Observed {
  std::vector<const answer::WorkerStats*> workers;
  std::function<std::shared_ptr<const StatusReport>()> fleet;  // never null
  std::function<ReloadStatus()> reload;
  std::function<HistoryHealth()> history;  // empty where none is kept
  std::function<std::size_t()> streams;    // open heartbeat streams
  std::function<std::uint64_t()> receive_drops = [] { return std::uint64_t{0}; };  // of UDP
  std::function<std::vector<TapStatus>()> taps = [] { return std::vector<TapStatus>(); };
  const Published<answer::Served>* served = nullptr;
  const HeartbeatFaults* faults = nullptr;  // null where no heartbeats are taken

  std::vector<Endpoint> dns;
  std::optional<Endpoint> heartbeat;
  std::optional<Endpoint> http;
  WallTime started;
};

// Faults of heartbeats by their reason, those that the control service found and those that the
// fleet found together.
std::map<std::string, std::uint64_t> FaultCounts(const Observed& observed,
                                                 const StatusReport& fleet);

// The sum of one counter over the workers.
template <typename Pick>
std::uint64_t Total(const Observed& observed, Pick pick) {
  std::uint64_t total = 0;
  for (const answer::WorkerStats* stats : observed.workers) total += pick(*stats).value();
  return total;
}

// The TCP connections of all workers, reasons by their names.
struct TcpCounts {
  std::uint64_t open = 0;
  std::uint64_t connections = 0;  // let in since the start
  std::map<std::string, std::uint64_t> closed;
  std::map<std::string, std::uint64_t> refused;
};
TcpCounts CountTcp(const Observed& observed);

// The RCODE's name as `dig` writes it; its number where it has none.
std::string RcodeName(std::size_t rcode);

// Of a slot of WorkerStats::types: the QTYPE's name, TYPE and its number where it has none here,
// "other" for the last.
std::string TypeName(std::size_t slot);
// Whether a QTYPE is counted out loud before anybody has asked for it.
bool IsCommon(std::size_t slot);

}  // namespace dnsd::server
