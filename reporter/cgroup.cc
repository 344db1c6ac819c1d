#include "reporter/cgroup.h"

#include <algorithm>
#include <map>
#include <utility>

namespace dnsd::reporter {
namespace {

// Version 1 says "no limit" with the largest number of pages; nobody has 2^60 octets.
constexpr std::uint64_t kNoMemoryLimit = std::uint64_t{1} << 60;

// One mounted hierarchy.
struct Mount {
  std::string root;         // the group that stands at `folder`: a container sees a part only
  std::string folder;       // where it is mounted
  bool unified = false;     // version 2
  std::string controllers;  // version 1: "rw,cpu,cpuacct"
};

bool HasController(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    if (item == wanted) return true;
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
  return false;
}

// Lines of "id parent device root folder options [tags...] - type source super-options".
std::vector<Mount> ParseMounts(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  while (!mountinfo.empty()) {
    std::string_view line = NextLine(mountinfo);
    for (int i = 0; i < 3; ++i) NextWord(line);
    Mount mount;
    mount.root = NextWord(line);
    mount.folder = NextWord(line);
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    line.remove_prefix(dash + 3);
    const std::string_view type = NextWord(line);
    NextWord(line);
    mount.controllers = NextWord(line);
    mount.unified = type == "cgroup2";
    if (mount.unified || type == "cgroup") mounts.push_back(std::move(mount));
  }
  return mounts;
}

// Lines of "number:controllers:path"; no controllers for version 2.
std::string OwnGroup(std::string_view self_cgroup, std::string_view controller) {
  while (!self_cgroup.empty()) {
    std::string_view line = NextLine(self_cgroup);
    line.remove_prefix(std::min(line.size(), line.find(':') + 1));
    const std::string_view controllers = line.substr(0, line.find(':'));
    if (controller.empty() ? controllers.empty() : HasController(controllers, controller)) {
      return std::string(line.substr(std::min(line.size(), controllers.size() + 1)));
    }
  }
  return "/";
}

// The folders from `group` up to the mount's. A group outside what is mounted (in a container
// without its own namespace) is the mount's own root.
GroupPath Folders(const Mount& mount, std::string group, bool absolute) {
  if (absolute && mount.root != "/") {
    const bool inside = group.starts_with(mount.root) &&
                        (group.size() == mount.root.size() || group[mount.root.size()] == '/');
    group = inside ? group.substr(mount.root.size()) : "";
  }
  GroupPath folders;
  while (group.size() > 1) {
    folders.push_back(mount.folder + group);
    group.resize(group.rfind('/'));
  }
  folders.push_back(mount.folder);
  return folders;
}

GroupPath FindPath(const std::vector<Mount>& mounts, std::string_view self_cgroup,
                   const std::string& group, const char* controller) {
  const std::string_view wanted(controller);
  for (const Mount& mount : mounts) {
    if (wanted.empty() ? !mount.unified
                       : mount.unified || !HasController(mount.controllers, wanted)) {
      continue;
    }
    if (!group.empty()) return Folders(mount, group, false);
    return Folders(mount, OwnGroup(self_cgroup, wanted), true);
  }
  return {};
}

}  // namespace

CgroupPaths FindCgroups(std::string_view mountinfo, std::string_view self_cgroup,
                        const std::string& group) {
  const std::vector<Mount> mounts = ParseMounts(mountinfo);
  const auto find = [&](const char* controller) {
    return FindPath(mounts, self_cgroup, group, controller);
  };
  return {find(""), find("cpu"), find("cpuacct"), find("memory"), find("cpuset")};
}

Cgroup::Cgroup(const FileRoot& files, const std::string& group) : files_(files) {
  if (group == "none") return;
  const auto mounts = files_.Read("/proc/self/mountinfo");
  const auto own = files_.Read("/proc/self/cgroup");
  if (mounts && own) paths_ = FindCgroups(*mounts, *own, group == "self" ? "" : group);
}

std::optional<double> Cgroup::QuotaV2(const std::string& folder) const {
  const auto text = files_.Read(folder + "/cpu.max");
  if (!text) return std::nullopt;
  std::string_view line = *text;
  line = NextLine(line);
  const auto quota = ParseDouble(NextWord(line));  // "max" is no number: no limit
  const auto period = ParseDouble(NextWord(line));
  if (!quota || !period || *period <= 0) return std::nullopt;
  return *quota / *period;
}

std::optional<double> Cgroup::QuotaV1(const std::string& folder) const {
  const auto quota = files_.ReadUnsigned(folder + "/cpu.cfs_quota_us");  // -1: no limit
  const auto period = files_.ReadUnsigned(folder + "/cpu.cfs_period_us");
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

void Cgroup::ConsiderQuota(std::optional<double> quota,
                           std::function<std::optional<std::uint64_t>()> usage) {
  if (!quota || (quota_ && *quota_ <= *quota)) return;
  quota_ = quota;
  usage_ = std::move(usage);
}

void Cgroup::Refresh() {
  quota_.reset();
  cpus_.reset();
  for (const std::string& folder : paths_.unified) {
    ConsiderQuota(QuotaV2(folder), [this, folder]() -> std::optional<std::uint64_t> {
      const auto text = files_.Read(folder + "/cpu.stat");
      return text ? FindValue(*text, "usage_usec") : std::nullopt;
    });
  }
  for (std::size_t i = 0; i < paths_.cpu.size(); ++i) {
    // The accounting hierarchy has the same groups, mounted together with cpu's or beside it.
    if (i >= paths_.cpu_accounting.size()) break;
    const std::string accounting = paths_.cpu_accounting[i];
    ConsiderQuota(QuotaV1(paths_.cpu[i]), [this, accounting]() -> std::optional<std::uint64_t> {
      const auto nanoseconds = files_.ReadUnsigned(accounting + "/cpuacct.usage");
      if (!nanoseconds) return std::nullopt;
      return *nanoseconds / 1000;
    });
  }
  for (const auto& [path, file] : {std::pair{&paths_.unified, "/cpuset.cpus.effective"},
                                   std::pair{&paths_.cpuset, "/cpuset.effective_cpus"}}) {
    if (path->empty()) continue;
    if (const auto list = files_.Read(path->front() + file)) cpus_ = ParseCpuList(*list);
    if (cpus_) break;
  }
}

std::optional<std::uint64_t> Cgroup::CpuUsage() const { return quota_ ? usage_() : std::nullopt; }

std::optional<MemoryInfo> Cgroup::MemoryIn(const std::string& folder, const char* limit,
                                           const char* usage, const char* inactive) const {
  const auto total = files_.ReadUnsigned(folder + limit);
  const auto used = files_.ReadUnsigned(folder + usage);
  const auto stat = files_.Read(folder + "/memory.stat");
  if (!total || *total == 0 || *total >= kNoMemoryLimit || !used || !stat) return std::nullopt;
  const std::uint64_t droppable = std::min(FindValue(*stat, inactive).value_or(0), *used);
  return MemoryInfo{*total, *total - std::min(*total, *used - droppable)};
}

std::optional<MemoryInfo> Cgroup::Memory() const {
  std::optional<MemoryInfo> tightest;
  const auto consider = [&](const std::optional<MemoryInfo>& memory) {
    if (memory && (!tightest || memory->available < tightest->available)) tightest = memory;
  };
  for (const std::string& folder : paths_.unified) {
    consider(MemoryIn(folder, "/memory.max", "/memory.current", "inactive_file"));
  }
  for (const std::string& folder : paths_.memory) {
    consider(MemoryIn(folder, "/memory.limit_in_bytes", "/memory.usage_in_bytes",
                      "total_inactive_file"));
  }
  return tightest;
}

std::optional<double> Cgroup::Pressure(const std::string& resource) const {
  if (paths_.unified.empty()) return std::nullopt;
  const auto text = files_.Read(paths_.unified.front() + "/" + resource + ".pressure");
  return text ? ParsePressure(*text) : std::nullopt;
}

}  // namespace dnsd::reporter
