// dnsdctl's command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"

namespace dnsd::ctl {

// How to reach a dnsd that is elsewhere.
struct Remote {
  std::string server{};                    // HOST:PORT; empty: the socket
  std::string ca{}, certificate{}, key{};  // PEM files
  std::string token_file{};
};

struct Options {
  enum class Command {
    kExit,  // help and version were printed, or a usage error was
    kStatus,
    kNodes,
    kSites,
    kZones,
    kExplain,
    kHistory,
    kTop,
    kWatch,
    kDrain,
    kUndrain,
    kDisable,
    kEnable,
    kReload,
    kLogLevel,
    kPlacement,
    kPlan,
    kApply,
    kExpand,
    kContract,
    kPin,
    kUnpin,
    kFreeze,
    kUnfreeze,
    kCompletion,
  };
  Command command = Command::kExit;
  int exit_status = 0;  // for kExit

  std::string socket;
  Remote remote;
  bool json = false;
  // Names or patterns; of kNodes empty: all. Of an order also sites, and nodes at sites.
  std::vector<std::string> nodes;
  std::vector<std::string> sites;  // of kSites likewise
  std::string name, type, client;  // of kExplain; empty: dnsd's default
  std::string site, node;          // of what changes where a site is hosted
  std::string reason;
  std::optional<Duration> hold;  // how long an order holds
  bool wait = false;             // until the nodes have no connections, or actions are over
  std::optional<Duration> timeout;
  Duration interval = std::chrono::seconds(1);  // of kTop
  unsigned past = 10;                           // of kWatch: events that are over
  std::string level;                            // of kLogLevel
  std::string zone;                             // of kReload; empty: all
  Duration back = std::chrono::hours(1);        // of kHistory, of `name`
};

// Reads the command line. Help and version go to stdout, a usage error to stderr.
Options ParseOptions(int argc, const char* const* argv);

}  // namespace dnsd::ctl
