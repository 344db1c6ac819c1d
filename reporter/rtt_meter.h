// Looks at the round-trip times of the connections to this node now and then.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "dnsd/base/clock.h"
#include "reporter/connections.h"
#include "reporter/rtt.h"
#include "reporter/sock_diag.h"

namespace dnsd::reporter {

struct RttConfig {
  bool enabled = true;
  Duration interval = std::chrono::seconds(5);  // between two looks
  bool any_address = false;  // connections to addresses that are not the node's count too

  friend bool operator==(const RttConfig&, const RttConfig&) = default;
};

// Not thread-safe.
class RttMeter {
 public:
  static constexpr std::size_t kMostConnections = 131'072;  // of one look: the rest is left out

  RttMeter(const RttConfig& config, ConnectionFilter filter)
      : config_(config), filter_(std::move(filter)) {}

  const RttConfig& config() const { return config_; }
  const ConnectionFilter& filter() const { return filter_; }

  // What is seen, if it is time to look; empty where the kernel does not tell.
  std::optional<std::vector<PrefixRtt>> Read(MonotonicTime now);

 private:
  std::vector<PrefixRtt> Look();

  const RttConfig config_;
  const ConnectionFilter filter_;
  SockDiag diag_;
  MonotonicTime next_;
  bool failing_ = false;
};

}  // namespace dnsd::reporter
