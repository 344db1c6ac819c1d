// dnsd's command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "dnsd/server/config.h"
#include "dnsd/server/first_config.h"

namespace dnsd::server {

// What the flags say, kept apart from the file so that a reload can read the file again and lay
// the same flags over it. Nothing or empty: the flag was not given.
struct Options {
  enum class Command { kServe, kCheck, kInit, kExit };
  Command command = Command::kServe;
  int exit_status = 0;  // for kExit: help and version were printed, or a usage error was

  std::string config_path;
  std::string init_folder = ".";  // of kInit, and its zone:
  std::optional<wire::Name> init_apex;
  std::vector<Endpoint> listen;
  std::vector<ZoneConfig> zones;
  std::optional<Endpoint> heartbeat_listen;
  std::optional<Endpoint> http_listen;
  std::optional<unsigned> workers;
  std::string control_socket;
  std::string state_dir;
  std::string ready_file;
  std::string log_level;
  std::vector<std::uint8_t> nsid;
  bool insecure = false;
};

// Reads the command line. Help and version go to stdout, a usage error to stderr; all three are
// kExit, with the status to exit with: 0, or 2 for a usage error.
Options ParseOptions(int argc, const char* const* argv);

// The whole configuration: the file, if one was named, with the flags laid over it, checked.
// --listen and --zone replace the file's lists.
absl::StatusOr<Config> LoadConfig(const Options& options);

// What `dnsd init` is to write: its defaults with the flags laid over them.
FirstConfig FirstConfigOf(const Options& options);

}  // namespace dnsd::server
