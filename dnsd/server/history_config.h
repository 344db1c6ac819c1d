// What the configuration says of the history.
#pragma once

#include <cstddef>

#include "dnsd/base/clock.h"
#include "dnsd/base/yaml.h"

namespace dnsd::server {

// How much is kept.
struct HistoryLimits {
  std::size_t samples = 1'000'000;  // some 100 octets each
  std::size_t events = 100'000;
  Duration age = std::chrono::hours(24 * 7);

  friend bool operator==(const HistoryLimits&, const HistoryLimits&) = default;
};

struct HistoryConfig {
  Duration interval = std::chrono::seconds(10);  // between two samples of a node, at the least
  HistoryLimits limits;

  friend bool operator==(const HistoryConfig&, const HistoryConfig&) = default;
};

void ReadHistory(YamlMap& root, HistoryConfig& out);

}  // namespace dnsd::server
