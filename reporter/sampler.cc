#include "reporter/sampler.h"

#include <algorithm>

namespace dnsd::reporter {
namespace {

// Counting connections walks the kernel's whole table of them; on a busy node that takes
// milliseconds. It is not repeated before this many times what it took: 0.2 % of a core at most.
constexpr int kCountingRest = 500;

}  // namespace

Sampler::Sampler(const Options& options)
    : options_(options),
      files_(options.root),
      cgroup_(files_, options.cgroup),
      network_(files_),
      disks_(files_),
      connections_(options.connections, files_) {
  cgroup_.Refresh();
}

void Sampler::Tick(MonotonicTime now) {
  const auto text = files_.Read("/proc/stat");
  const CpuSet* const only = cgroup_.cpus() ? &*cgroup_.cpus() : nullptr;
  const auto stat = text ? ParseProcStat(*text, only) : std::nullopt;
  if (!stat) return;
  if (stat->cpus != stat_.cpus) base_.reset();  // a CPU came or went, and its times with it
  stat_ = *stat;
  last_ = CpuReading{stat->times, cgroup_.CpuUsage(), now};
  if (!base_) base_ = last_;
  if (const auto cpu = UtilizationSince(*base_)) cpu_ = cpu;
  // The task that reads is runnable as well.
  const double running =
      static_cast<double>(stat->running - std::min<std::uint64_t>(stat->running, 1));
  run_queue_sum_ += running;
  blocked_sum_ += static_cast<double>(stat->blocked);
  ++ticks_;
}

// A group's quota may be used up while the machine idles, and the machine may be full while the
// quota is not: the node has no more to give in either case.
std::optional<double> Sampler::UtilizationSince(const CpuReading& then) const {
  const CpuTimes& now = last_->times;
  if (now.busy < then.times.busy || now.idle < then.times.idle) return std::nullopt;
  const double busy = static_cast<double>(now.busy - then.times.busy);
  const double total = busy + static_cast<double>(now.idle - then.times.idle);
  if (total <= 0) return std::nullopt;
  double utilization = busy / total;
  if (then.group_usage && last_->group_usage && *last_->group_usage >= *then.group_usage) {
    const double used = static_cast<double>(*last_->group_usage - *then.group_usage) / 1e6;
    const double could = Cpus() * Seconds(last_->time - then.time);
    if (could > 0) utilization = std::max(utilization, used / could);
  }
  return std::min(utilization, 1.0);
}

double Sampler::Cpus() const {
  return std::min(static_cast<double>(stat_.cpus), cgroup_.cpu_quota().value_or(stat_.cpus));
}

Load Sampler::Read(MonotonicTime now, std::uint64_t own_sessions) {
  Load load;
  Tick(now);
  if (ticks_ > 0) ReadCpu(load);
  ReadMemory(load);
  ReadPressure(load);
  ReadDevices(now, load);
  ReadSessions(now, own_sessions, load);
  return load;
}

void Sampler::ReadCpu(Load& load) {
  load.set_cpus(Cpus());
  if (cpu_) load.set_cpu_utilization(*cpu_);
  // The queue is the machine's; a group that may use a part of the CPUs sees that part of it.
  const double share = Cpus() / stat_.machine_cpus;
  load.set_run_queue(run_queue_sum_ / ticks_ * share);
  load.set_blocked_processes(blocked_sum_ / ticks_);
  if (const auto text = files_.Read("/proc/loadavg")) {
    const auto average = ParseLoadavg(*text);
    if (average) (*load.mutable_named_metrics())["loadavg_1m"] = *average;
  }
  base_ = last_;
  run_queue_sum_ = blocked_sum_ = ticks_ = 0;
  cgroup_.Refresh();
}

void Sampler::ReadMemory(Load& load) const {
  auto memory = ParseMeminfo(files_.Read("/proc/meminfo").value_or(""));
  const auto limited = cgroup_.Memory();
  if (limited &&
      (!memory || (limited->total < memory->total && limited->available < memory->available))) {
    memory = limited;
  }
  if (!memory) return;
  const auto total = static_cast<double>(memory->total);
  const auto available = static_cast<double>(memory->available);
  load.set_memory_total_bytes(total);
  load.set_memory_available_bytes(available);
  load.set_mem_utilization(1 - available / total);
}

void Sampler::ReadPressure(Load& load) const {
  const auto pressure = [this](const std::string& resource) {
    const auto group = cgroup_.Pressure(resource);
    return group ? group : ParsePressure(files_.Read("/proc/pressure/" + resource).value_or(""));
  };
  if (const auto cpu = pressure("cpu")) load.set_cpu_pressure(*cpu);
  if (const auto memory = pressure("memory")) load.set_memory_pressure(*memory);
  if (const auto io = pressure("io")) load.set_io_pressure(*io);
}

void Sampler::ReadDevices(MonotonicTime now, Load& load) {
  const DeviceLoad network = network_.Read(now);
  if (network.bytes_per_second) load.set_network_bytes_per_second(*network.bytes_per_second);
  if (network.utilization) load.set_network_utilization(*network.utilization);
  const DeviceLoad disk = disks_.Read(now);
  if (disk.bytes_per_second) load.set_disk_bytes_per_second(*disk.bytes_per_second);
  if (disk.utilization) load.set_disk_utilization(*disk.utilization);
  const auto swapped = FindValue(files_.Read("/proc/vmstat").value_or(""), "pswpout");
  const auto swap_out = swapped ? swap_out_.Update(*swapped, now) : std::nullopt;
  if (swap_out) load.set_swap_out_rate(*swap_out);
}

void Sampler::ReadSessions(MonotonicTime now, std::uint64_t own_sessions, Load& load) {
  const auto opened = ParsePassiveOpens(files_.Read("/proc/net/snmp").value_or(""));
  const auto all = opened ? passive_opens_.Update(*opened, now) : std::nullopt;
  const auto own = own_opens_.Update(own_sessions, now);
  if (all && own) load.set_sps(std::max(0.0, *all - *own));
  if (now >= next_count_) {
    const MonotonicTime begin = MonotonicClock::now();
    connection_count_ = connections_.Count(now);
    next_count_ = now + (MonotonicClock::now() - begin) * kCountingRest;
  }
  if (!connection_count_) return;
  load.set_connections(static_cast<double>(connection_count_->established));
  if (load.has_run_queue()) {
    load.set_run_queue(load.run_queue() + static_cast<double>(connection_count_->waiting));
  }
}

}  // namespace dnsd::reporter
