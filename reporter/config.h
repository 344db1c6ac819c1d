// The configuration of the reporter: what its YAML file and its flags say, checked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/log_target.h"
#include "dnsd/base/status.h"
#include "reporter/access_logs.h"
#include "reporter/health_check.h"
#include "reporter/hosting.h"
#include "reporter/load_source.h"
#include "reporter/place.h"
#include "reporter/replica_config.h"
#include "reporter/rtt_meter.h"
#include "reporter/server_memory.h"
#include "reporter/statistics.h"

namespace dnsd::reporter {

inline constexpr Duration kLeastInterval = std::chrono::milliseconds(100);
inline constexpr Duration kMostInterval = std::chrono::seconds(60);
inline constexpr std::size_t kMostPorts = 256;  // the kernel's filter has a block for each

struct TlsConfig {
  std::string ca;                // PEM files; empty ca: the system's
  std::string certificate, key;  // of this node; both or neither
  std::string server_name;       // in dnsd's certificate, where it is not the host we connect to
  std::string ca_pem, certificate_pem, key_pem;  // what the files held when they were read
  bool any() const {
    return !(ca.empty() && certificate.empty() && key.empty() && server_name.empty());
  }
  friend bool operator==(const TlsConfig&, const TlsConfig&) = default;
};

// Which sites the node hosts: all whose pool has its address, those listed, or a folder's entries.
struct HostingConfig {
  bool all = true;
  SiteContents listed;
  std::string folder;  // not empty: a folder's
};

struct Config {
  std::string path;  // of the file; empty: flags alone
  std::string node;
  std::vector<IpAddress> addresses;
  Place place;
  std::vector<std::string> dnsd;  // HOST:PORT
  Duration interval = std::chrono::seconds(1);
  std::vector<std::uint16_t> ports = {80, 443};
  RttConfig rtt;
  LoadSourceConfig load_source;
  std::optional<StatisticsConfig> statistics;
  std::vector<AccessLogConfig> access_logs;
  ServerProcesses server;       // whose memory is measured
  bool kernel_load = true;      // false: the load source alone, as for an appliance
  std::string cgroup = "self";  // or "none", or the path of a group
  HostingConfig hosting;
  ReplicaConfig replicas;
  std::optional<HealthCheckConfig> health;
  std::optional<HealthCheckConfig> site_health;
  std::string token_file;
  std::string token;  // what the file holds
  TlsConfig tls;
  bool insecure = false;  // plain text beyond loopback
  std::string log_level = "info";
  LogTarget log;
  std::string ready_file;  // from the flag alone
  // Where keys' values came from, for messages: "tls.ca" to "path:line"; none for a flag's.
  std::map<std::string, std::string> origins;
};

// Reads the file; relative paths in it start at its folder. The error has every fault, one a line,
// as "path:line: what".
absl::StatusOr<Config> LoadConfigFile(const std::string& path);

// Checks what no single value tells, and reads the token and the PEM files. The error has every
// fault, one a line.
absl::Status FinishConfig(Config& config);

// "HOST:PORT" with a port other than 0; HOST a name, an IPv4 address, or IPv6 in brackets.
bool IsDnsdAddress(const std::string& text);

}  // namespace dnsd::reporter
