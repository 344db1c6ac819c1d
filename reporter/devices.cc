#include "reporter/devices.h"

#include <algorithm>

#include "reporter/proc_files.h"

namespace dnsd::reporter {
namespace {

// Some drivers take a lock for long to tell their speed, and it hardly ever changes.
constexpr Duration kSpeedLife = std::chrono::minutes(1);

template <typename Device>
bool AnyPhysical(const std::map<std::string, Device>& devices) {
  return std::any_of(devices.begin(), devices.end(),
                     [](const auto& d) { return d.second.physical; });
}

void Add(std::optional<double> rate, std::optional<double>& sum) {
  if (rate) sum = sum.value_or(0) + *rate;
}

void Raise(double utilization, std::optional<double>& most) {
  most = std::max(most.value_or(0), std::min(utilization, 1.0));
}

// Forgets devices that are gone.
template <typename Device, typename Seen>
void Prune(std::map<std::string, Device>& devices, const Seen& seen) {
  std::erase_if(devices, [&](const auto& device) { return !seen.contains(device.first); });
}

}  // namespace

void NetworkMeter::ReadSpeed(const std::string& name, Interface& interface, MonotonicTime now) {
  if (interface.speed_read != MonotonicTime() && now - interface.speed_read < kSpeedLife) return;
  interface.speed_read = now;
  const auto megabits = files_.ReadUnsigned("/sys/class/net/" + name + "/speed");  // -1: not known
  interface.octets_per_second.reset();
  if (megabits && *megabits > 0) {
    interface.octets_per_second = static_cast<double>(*megabits) * 1e6 / 8;
  }
}

DeviceLoad NetworkMeter::Read(MonotonicTime now) {
  const auto counters = ParseNetDev(files_.Read("/proc/net/dev").value_or(""));
  Prune(interfaces_, counters);
  for (const auto& [name, unused] : counters) {
    if (name == "lo" || interfaces_.contains(name)) continue;
    interfaces_[name].physical = files_.Exists("/sys/class/net/" + name + "/device");
  }
  const bool physical_only = AnyPhysical(interfaces_);
  DeviceLoad load;
  for (auto& [name, interface] : interfaces_) {
    if (physical_only && !interface.physical) continue;
    const auto received = interface.received.Update(counters.at(name).received, now);
    const auto sent = interface.sent.Update(counters.at(name).sent, now);
    Add(received, load.bytes_per_second);
    Add(sent, load.bytes_per_second);
    ReadSpeed(name, interface, now);
    if (!interface.octets_per_second || !received || !sent) continue;
    Raise(std::max(*received, *sent) / *interface.octets_per_second, load.utilization);
  }
  return load;
}

DeviceLoad DiskMeter::Read(MonotonicTime now) {
  const auto counters = ParseDiskstats(files_.Read("/proc/diskstats").value_or(""));
  Prune(disks_, counters);
  for (const auto& [name, unused] : counters) {
    if (disks_.contains(name)) continue;
    const bool memory = name.starts_with("loop") || name.starts_with("ram");
    disks_[name].whole = !memory && files_.Exists("/sys/block/" + name);
    disks_[name].physical = !memory && files_.Exists("/sys/block/" + name + "/device");
  }
  const bool physical_only = AnyPhysical(disks_);
  DeviceLoad load;
  for (auto& [name, disk] : disks_) {
    if (!disk.whole || (physical_only && !disk.physical)) continue;
    Add(disk.octets.Update(counters.at(name).octets, now), load.bytes_per_second);
    const auto busy = disk.busy_ms.Update(counters.at(name).busy_ms, now);
    if (busy) Raise(*busy / 1000, load.utilization);
  }
  return load;
}

}  // namespace dnsd::reporter
