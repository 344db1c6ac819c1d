// The limits of control groups, version 1 and 2, that hold for this process or for a group the
// operator names.
//
//   /sys/fs/cgroup              the mount: the root of what can be seen
//     machine.slice             cpu.max 400000 100000: 4 CPUs for all below
//       web                     cpu.max max; memory.max 1 GiB
//
// A limit on any group of the path holds for all below it, so the tightest of the path counts, and
// with it the usage of the group that has it, since its children share it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reporter/proc_files.h"
#include "reporter/text.h"

namespace dnsd::reporter {

// The folders of one hierarchy that limits may stand in: the own group first, the mount last.
using GroupPath = std::vector<std::string>;

struct CgroupPaths {
  GroupPath unified;                              // version 2
  GroupPath cpu, cpu_accounting, memory, cpuset;  // version 1, a hierarchy a controller
};

// Finds them from /proc/self/mountinfo and /proc/self/cgroup. `group`: the path of another group
// below the mounts ("/system.slice/nginx.service"), or empty for the process's own.
CgroupPaths FindCgroups(std::string_view mountinfo, std::string_view self_cgroup,
                        const std::string& group);

// Not thread-safe. Owns nothing but paths; each call reads the files anew.
class Cgroup {
 public:
  // `group`: "self", "none" for no limits at all, or the path of a group.
  Cgroup(const FileRoot& files, const std::string& group);
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  // Reads the limits, which an operator may change at any time.
  void Refresh();

  // The tightest CPU quota, in CPUs; nothing without one. As of the last Refresh.
  std::optional<double> cpu_quota() const { return quota_; }
  // CPU time used since its creation by the group that has that quota, microseconds.
  std::optional<std::uint64_t> CpuUsage() const;
  // The CPUs it may run on; nothing when that is not limited. As of the last Refresh.
  const std::optional<CpuSet>& cpus() const { return cpus_; }
  // Limit and what is left of it (usage less inactive file pages, which can be dropped), where
  // least is left; nothing without a limit.
  std::optional<MemoryInfo> Memory() const;
  // "cpu", "memory" or "io": pressure in the own group; nothing before version 2.
  std::optional<double> Pressure(const std::string& resource) const;

 private:
  void ConsiderQuota(std::optional<double> quota,
                     std::function<std::optional<std::uint64_t>()> usage);
  std::optional<double> QuotaV2(const std::string& folder) const;
  std::optional<double> QuotaV1(const std::string& folder) const;
  std::optional<MemoryInfo> MemoryIn(const std::string& folder, const char* limit,
                                     const char* usage, const char* inactive) const;

  FileRoot files_;
  CgroupPaths paths_;
  std::optional<double> quota_;
  std::function<std::optional<std::uint64_t>()> usage_;  // of the group that has quota_
  std::optional<CpuSet> cpus_;
};

}  // namespace dnsd::reporter
