// dnsdctl's command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"

namespace dnsd::ctl {

struct Options {
  enum class Command {
    kExit,  // help and version were printed, or a usage error was
    kStatus,
    kNodes,
    kZones,
    kTop,
    kWatch,
    kDrain,
    kUndrain,
    kDisable,
    kEnable,
    kReload,
    kLogLevel,
    kCompletion,
  };
  Command command = Command::kExit;
  int exit_status = 0;  // for kExit

  std::string socket;
  bool json = false;
  std::vector<std::string> nodes;  // names or patterns; of kNodes empty: all
  std::string reason;
  std::optional<Duration> hold;  // how long an order holds
  bool wait = false;             // until the nodes have no connections
  std::optional<Duration> timeout;
  Duration interval = std::chrono::seconds(1);  // of kTop
  unsigned past = 10;                           // of kWatch: events that are over
  std::string level;                            // of kLogLevel
};

// Reads the command line. Help and version go to stdout, a usage error to stderr.
Options ParseOptions(int argc, const char* const* argv);

}  // namespace dnsd::ctl
