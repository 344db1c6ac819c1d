// A heartbeat as the fleet judges it: checked, in our own types. The empty initialisers let a
// designated one leave the rest out without a warning.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/wire/name.h"

namespace dnsd::fleet {

// Loads of one report; what is absent is not known. Utilisations: 0 idle, 1 full. All finite and
// not negative once they have passed the control service.
struct Load {
  std::optional<double> cpu_utilization{};
  std::optional<double> mem_utilization{};
  std::optional<double> application_utilization{};
  std::optional<double> rps{};        // requests a second
  std::optional<double> eps{};        // errors a second
  std::optional<double> sps{};        // new sessions a second
  std::optional<double> cpus{};       // CPUs it may use
  std::optional<double> run_queue{};  // runnable tasks
  std::optional<double> blocked_processes{};
  std::optional<double> swap_out_rate{};  // pages a second
  std::optional<double> disk_utilization{};
  std::optional<double> network_utilization{};
  std::optional<double> connections{};  // established on the service ports
  std::optional<double> memory_available_bytes{};
  std::optional<double> memory_total_bytes{};
  std::optional<double> disk_bytes_per_second{};
  std::optional<double> network_bytes_per_second{};
  std::optional<double> cpu_pressure{};  // 0 to 1: share of the time that some task waited for it
  std::optional<double> memory_pressure{};
  std::optional<double> io_pressure{};
  std::optional<double> process_time_seconds{};         // mean, that the server takes for a request
  std::optional<double> busy_workers{};                 // requests being worked on
  std::optional<double> workers{};                      // most that there may be
  std::optional<double> memory_per_connection_bytes{};  // mean
  std::map<std::string, double> named_metrics{};

  friend bool operator==(const Load&, const Load&) = default;
};

struct SiteReport {
  wire::Name name;
  std::uint64_t content_version = 0;
  std::uint64_t bytes = 0;
  bool ready = false;
  bool healthy = true;
  bool home = false;  // its content is made there
};

// The kinds of the proto's Hosting.
enum class HostingKind : std::uint8_t { kUnchanged, kAll, kFull, kDifference };

struct HostingReport {
  HostingKind kind = HostingKind::kUnchanged;
  std::vector<SiteReport> sites{};
  std::vector<wire::Name> removed{};
};

// What is asked of a site at the node, a second.
struct SiteDemand {
  wire::Name name;
  double rps = 0;               // requests; 0: none any more
  double eps = 0;               // of those, failed
  double bytes_per_second = 0;  // of responses
};

// The sites whose demand has changed; of the others, what was told before goes on.
struct DemandReport {
  bool full = false;  // nothing does
  std::vector<SiteDemand> sites{};
};

// Round-trip times from the node to the clients of one prefix: /24 of IPv4, /48 of IPv6.
struct RttSample {
  static constexpr unsigned kBits4 = 24;
  static constexpr unsigned kBits6 = 48;

  IpAddress prefix{};             // its first address
  std::uint32_t count = 0;        // connections, 1 and more
  float median_milliseconds = 0;  // above 0
  float minimum_milliseconds = 0;

  friend bool operator==(const RttSample&, const RttSample&) = default;
};

// The room for replicas. Nothing told: the node takes none.
struct Storage {
  bool takes_replicas = false;
  std::uint64_t quota_bytes = 0;  // 0: no bound but the disk's
  std::uint64_t used_bytes = 0;
  std::uint64_t free_bytes = 0;  // of the disk; 0: not known
  std::uint64_t evictions = 0;   // since the reporter was started
  bool evicts = false;           // it does, of what Tasks::may_drop names

  friend bool operator==(const Storage&, const Storage&) = default;
};

// How far a node is with a task (directive.h).
struct TaskReport {
  enum class Phase : std::uint8_t { kWaiting, kRunning, kDone, kFailed };

  std::uint64_t id = 0;
  Phase phase = Phase::kWaiting;
  std::uint32_t attempts = 0;
  std::string detail{};

  friend bool operator==(const TaskReport&, const TaskReport&) = default;
};

struct Heartbeat {
  std::uint64_t sequence = 0;
  Duration age{0};  // of the sample when it was sent
  Load load{};
  bool healthy = true;
  std::string health_detail{};
  HostingReport hosting{};
  DemandReport demand{};
  std::vector<RttSample> rtts{};
  std::vector<TaskReport> tasks{};   // all that the node has
  std::optional<Storage> storage{};  // nothing: unchanged
  bool names_decider = false;        // this dnsd, for its sites
};

}  // namespace dnsd::fleet
