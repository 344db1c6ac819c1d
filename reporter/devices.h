// Network interfaces and disks: their traffic and how busy they are.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "dnsd/base/clock.h"
#include "reporter/rate.h"
#include "reporter/text.h"

namespace dnsd::reporter {

// Traffic of all devices of a kind in one interval. Nothing where it is not known.
struct DeviceLoad {
  std::optional<double> bytes_per_second;
  std::optional<double> utilization;  // of the busiest device, 0 to 1
};

// Bridges, bonds, VLANs and device-mapper volumes pass on what physical devices carry; counting
// both would count it twice. So the physical ones count, and the others only where there are none,
// as in a container. Not thread-safe.
class NetworkMeter {
 public:
  explicit NetworkMeter(const FileRoot& files) : files_(files) {}
  // The load since the last call; loopback is left out.
  DeviceLoad Read(MonotonicTime now);

 private:
  struct Interface {
    bool physical = false;
    Rate received, sent;
    std::optional<double> octets_per_second;  // its speed, each way
    MonotonicTime speed_read;
  };
  void ReadSpeed(const std::string& name, Interface& interface, MonotonicTime now);

  FileRoot files_;
  std::map<std::string, Interface> interfaces_;
};

class DiskMeter {
 public:
  explicit DiskMeter(const FileRoot& files) : files_(files) {}
  DeviceLoad Read(MonotonicTime now);

 private:
  struct Disk {
    bool whole = false;  // not a partition of another
    bool physical = false;
    Rate octets, busy_ms;
  };
  FileRoot files_;
  std::map<std::string, Disk> disks_;
};

}  // namespace dnsd::reporter
