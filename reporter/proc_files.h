// What the files of /proc say, as values. Pure: text in, facts out; nothing for a text that is not
// what it should be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dnsd::reporter {

// CPUs by number: set[3] tells of CPU 3; those past its end are not in it.
using CpuSet = std::vector<bool>;

// "0-3,8": the kernel's list format. Nothing for an empty list.
std::optional<CpuSet> ParseCpuList(std::string_view text);

// Times in clock ticks since boot.
struct CpuTimes {
  std::uint64_t busy = 0;  // user, nice, system, interrupts, stolen by the hypervisor
  std::uint64_t idle = 0;  // idle, and waiting for I/O
};

struct ProcStat {
  CpuTimes times;             // of the CPUs asked for
  unsigned cpus = 0;          // how many those are
  unsigned machine_cpus = 0;  // all that are on line
  std::uint64_t running = 0;  // runnable tasks of the machine, the reader included
  std::uint64_t blocked = 0;  // tasks in uninterruptible sleep
};
// /proc/stat. `only`: the CPUs that count, or null for all.
std::optional<ProcStat> ParseProcStat(std::string_view text, const CpuSet* only);

struct MemoryInfo {
  std::uint64_t total = 0;      // octets
  std::uint64_t available = 0;  // octets: MemAvailable, what can be had without swapping
};
// /proc/meminfo.
std::optional<MemoryInfo> ParseMeminfo(std::string_view text);

// The first figure of /proc/loadavg: runnable and blocked tasks, averaged over a minute.
std::optional<double> ParseLoadavg(std::string_view text);

// The share (0 to 1) of the last ten seconds in which some task waited: "some avg10=" of a
// pressure file.
std::optional<double> ParsePressure(std::string_view text);

struct InterfaceCounters {
  std::uint64_t received = 0;  // octets
  std::uint64_t sent = 0;      // octets
};
// /proc/net/dev, by interface.
std::map<std::string, InterfaceCounters> ParseNetDev(std::string_view text);

struct DiskCounters {
  std::uint64_t octets = 0;   // read and written
  std::uint64_t busy_ms = 0;  // time with a request under way; a 32-bit counter
};
// /proc/diskstats, by device, partitions included.
std::map<std::string, DiskCounters> ParseDiskstats(std::string_view text);

// /proc/net/snmp: TCP sessions that others opened to this machine.
std::optional<std::uint64_t> ParsePassiveOpens(std::string_view text);

}  // namespace dnsd::reporter
