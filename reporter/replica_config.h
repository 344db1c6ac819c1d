// What the operator lets dnsd do with replicas of sites on this node, and how.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"

namespace dnsd::reporter {

struct ReplicaConfig {
  std::string instantiate, withdraw;  // commands for sh; both or neither
  std::string verify;                 // likewise; empty: what is in the folder is taken as whole
  Duration timeout = std::chrono::minutes(10);  // of each run, and of the health check after it
  unsigned retries = 2;                         // after a first attempt that failed
  unsigned at_once = 2;                         // hooks
  std::uint64_t quota = 0;                      // octets; 0: no bound but the disk's
  bool evict = false;                           // drops what was used least of late to make room
  std::vector<std::string> home;                // patterns of sites whose content is made here
  std::string state_dir;                        // empty: .dnsd in the folder of sites
  bool lazy = false;                            // made when the first request comes
  std::optional<Endpoint> fallback;             // where that is told
  std::string redirect;                         // where requests are sent meanwhile; may be empty

  bool takes() const { return !instantiate.empty(); }
  friend bool operator==(const ReplicaConfig&, const ReplicaConfig&) = default;
};

}  // namespace dnsd::reporter
