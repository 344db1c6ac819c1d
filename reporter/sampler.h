// This node's load, from the files of the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dnsd/base/clock.h"
#include "proto/heartbeat.pb.h"
#include "reporter/cgroup.h"
#include "reporter/connections.h"
#include "reporter/devices.h"
#include "reporter/proc_files.h"
#include "reporter/rate.h"
#include "reporter/text.h"

namespace dnsd::reporter {

using heartbeat::v1::Load;

// Tick is cheap and called several times an interval; Read is called once a heartbeat and covers
// the time since the last Read. What a kernel does not tell is absent from the load. Inside a
// control group with limits, shares are shares of what the group may use. Not thread-safe.
class Sampler {
 public:
  struct Options {
    std::string root = "/";
    std::string cgroup = "self";  // as Cgroup takes it
    ConnectionFilter connections;

    friend bool operator==(const Options&, const Options&) = default;
  };
  explicit Sampler(const Options& options);

  const Options& options() const { return options_; }

  // Reads the CPU times and the run queue.
  void Tick(MonotonicTime now);

  // CPU utilisation, 0 to 1, from the last Read to the last Tick; nothing if it is not known.
  std::optional<double> cpu_utilization() const { return cpu_; }

  // `own_sessions`: how many sessions to this node's services the reporter's own health checks have
  // opened since its start; they are no clients'.
  Load Read(MonotonicTime now, std::uint64_t own_sessions);

 private:
  // One reading of everything that tells of CPU time.
  struct CpuReading {
    CpuTimes times;
    std::optional<std::uint64_t> group_usage;  // microseconds
    MonotonicTime time;
  };
  std::optional<double> UtilizationSince(const CpuReading& then) const;
  double Cpus() const;
  void ReadCpu(Load& load);
  void ReadMemory(Load& load) const;
  void ReadPressure(Load& load) const;
  void ReadDevices(MonotonicTime now, Load& load);
  void ReadSessions(MonotonicTime now, std::uint64_t own_sessions, Load& load);

  const Options options_;
  FileRoot files_;
  Cgroup cgroup_;
  ProcStat stat_;                   // of the last Tick
  std::optional<CpuReading> base_;  // at the last Read
  std::optional<CpuReading> last_;  // at the last Tick
  std::optional<double> cpu_;
  double run_queue_sum_ = 0;  // over the ticks since the last Read
  double blocked_sum_ = 0;
  unsigned ticks_ = 0;
  Rate swap_out_, passive_opens_, own_opens_;
  NetworkMeter network_;
  DiskMeter disks_;
  ConnectionCounter connections_;
  std::optional<ConnectionCount> connection_count_;
  MonotonicTime next_count_;
};

}  // namespace dnsd::reporter
