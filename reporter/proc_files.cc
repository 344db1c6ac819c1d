#include "reporter/proc_files.h"

#include <array>

#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

constexpr std::uint64_t kSectorOctets = 512;  // diskstats' unit, whatever the disk's own is

// The fields of a cpu line after its name: user nice system idle iowait irq softirq steal; the
// guest times that follow are in user and nice already.
std::optional<CpuTimes> ParseCpuTimes(std::string_view line) {
  std::array<std::uint64_t, 8> ticks{};
  for (std::uint64_t& field : ticks) {
    const std::string_view word = NextWord(line);
    if (word.empty()) break;  // old kernels have fewer
    const auto value = ParseUnsigned(word);
    if (!value) return std::nullopt;
    field = *value;
  }
  return CpuTimes{ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7],
                  ticks[3] + ticks[4]};
}

bool Contains(const CpuSet* set, std::uint64_t cpu) {
  return set == nullptr || (cpu < set->size() && (*set)[cpu]);
}

// Adds one cpuN line; false if it is not one.
bool AddCpu(std::string_view number, std::string_view line, const CpuSet* only, ProcStat& stat) {
  const auto cpu = ParseUnsigned(number);
  const auto times = ParseCpuTimes(line);
  if (!cpu || !times) return false;
  ++stat.machine_cpus;
  if (!Contains(only, *cpu)) return true;
  ++stat.cpus;
  stat.times.busy += times->busy;
  stat.times.idle += times->idle;
  return true;
}

// Skips `count` words and reads the next as a number.
std::optional<std::uint64_t> NumberAfter(std::string_view& line, int count) {
  for (int i = 0; i < count; ++i) NextWord(line);
  return ParseUnsigned(NextWord(line));
}

}  // namespace

std::optional<CpuSet> ParseCpuList(std::string_view text) {
  static constexpr std::uint64_t kMostCpus = 1U << 16;
  std::string_view list = NextLine(text);
  CpuSet set;
  while (!list.empty()) {
    std::string_view range = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), range.size() + 1));
    const std::size_t dash = range.find('-');
    const auto first = ParseUnsigned(range.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : ParseUnsigned(range.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= kMostCpus) return std::nullopt;
    if (set.size() <= *last) set.resize(*last + 1);
    for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) set[cpu] = true;
  }
  if (set.empty()) return std::nullopt;
  return set;
}

std::optional<ProcStat> ParseProcStat(std::string_view text, const CpuSet* only) {
  ProcStat stat;
  bool queues_known = false;
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    const std::string_view key = NextWord(line);
    if (key.starts_with("cpu") && key.size() > 3) {
      if (!AddCpu(key.substr(3), line, only, stat)) return std::nullopt;
    } else if (key == "procs_running") {
      stat.running = ParseUnsigned(NextWord(line)).value_or(0);
      queues_known = true;
    } else if (key == "procs_blocked") {
      stat.blocked = ParseUnsigned(NextWord(line)).value_or(0);
    }
  }
  if (stat.cpus == 0 || !queues_known) return std::nullopt;
  return stat;
}

std::optional<MemoryInfo> ParseMeminfo(std::string_view text) {
  const auto total = FindValue(text, "MemTotal:");
  const auto available = FindValue(text, "MemAvailable:");
  if (!total || !available || *total == 0) return std::nullopt;
  return MemoryInfo{*total * 1024, std::min(*available, *total) * 1024};
}

std::optional<double> ParseLoadavg(std::string_view text) { return ParseDouble(NextWord(text)); }

std::optional<double> ParsePressure(std::string_view text) {
  static constexpr std::string_view kKey = "avg10=";
  std::string_view line = NextLine(text);
  if (NextWord(line) != "some") return std::nullopt;
  const std::string_view word = NextWord(line);
  if (!word.starts_with(kKey)) return std::nullopt;
  const auto percent = ParseDouble(word.substr(kKey.size()));
  if (!percent) return std::nullopt;
  return *percent / 100;
}

std::map<std::string, InterfaceCounters> ParseNetDev(std::string_view text) {
  std::map<std::string, InterfaceCounters> interfaces;
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    const std::size_t colon = line.rfind(':');  // an alias has one in its name: "eth0:1:"
    if (colon == std::string_view::npos) continue;
    std::string_view name = line.substr(0, colon);
    std::string_view fields = line.substr(colon + 1);
    const auto received = NumberAfter(fields, 0);
    const auto sent = NumberAfter(fields, 7);
    if (received && sent) interfaces[std::string(NextWord(name))] = {*received, *sent};
  }
  return interfaces;
}

std::map<std::string, DiskCounters> ParseDiskstats(std::string_view text) {
  std::map<std::string, DiskCounters> disks;
  while (!text.empty()) {
    // major minor name reads merged sectors ms writes merged sectors ms under-way busy-ms ...
    std::string_view line = NextLine(text);
    NextWord(line);
    NextWord(line);
    const std::string name(NextWord(line));
    const auto read = NumberAfter(line, 2);
    const auto written = NumberAfter(line, 3);
    const auto busy = NumberAfter(line, 2);
    if (read && written && busy) disks[name] = {(*read + *written) * kSectorOctets, *busy};
  }
  return disks;
}

std::optional<std::uint64_t> ParsePassiveOpens(std::string_view text) {
  std::string_view names;
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    if (!line.starts_with("Tcp:")) continue;
    if (names.empty()) {  // the first Tcp: line names the fields of the second
      names = line;
      continue;
    }
    while (!names.empty()) {
      const std::string_view value = NextWord(line);
      if (NextWord(names) == "PassiveOpens") return ParseUnsigned(value);
    }
  }
  return std::nullopt;
}

}  // namespace dnsd::reporter
