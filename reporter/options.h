// The reporter's command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "reporter/config.h"

namespace dnsd::reporter {

// What the flags say, kept apart from the file so that a reload can read the file again and lay the
// same flags over it. Nothing or empty: the flag was not given.
struct Options {
  enum class Command { kReport, kCheck, kExchange, kExit };
  Command command = Command::kReport;
  int exit_status = 0;  // for kExit: help and version were printed, or a usage error was

  std::string exchange_a, exchange_b;  // for kExchange: two names of a file system

  std::string config_path;
  std::string node;
  std::vector<IpAddress> addresses;
  Place place;
  std::vector<std::string> dnsd;
  std::optional<Duration> interval;
  std::optional<LoadSourceConfig> load_source;
  bool no_kernel_load = false;
  std::string cgroup;
  std::vector<std::uint16_t> ports;
  bool no_rtt = false;
  bool all_sites = false;
  SiteContents sites;
  std::string sites_dir;
  std::optional<HealthCheckConfig> health, site_health;
  std::string token_file;
  TlsConfig tls;
  bool insecure = false;
  std::string log_level, ready_file;
};

// Reads the command line. Help and version go to stdout, a usage error to stderr; all three are
// kExit, with the status to exit with: 0, or 2 for a usage error.
Options ParseOptions(int argc, const char* const* argv);

// The whole configuration: the file, if one was named, with the flags laid over it, checked. A flag
// that is a list replaces the file's list; --sites and --sites-dir replace all the file says of
// sites. The error has every fault, one a line: "path:line: what".
absl::StatusOr<Config> LoadConfig(const Options& options);

}  // namespace dnsd::reporter
