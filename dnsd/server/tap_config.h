// What the configuration says of the query log and of dnstap.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dnsd/base/yaml.h"
#include "dnsd/server/dnstap_settings.h"
#include "dnsd/server/query_tap.h"

namespace dnsd::server {

struct TapConfig {
  std::string query_log;  // path of the file; empty: none
  std::optional<DnstapSettings> dnstap;
  TapSamples samples;  // of both; 0 of what there is none

  bool any() const { return !query_log.empty() || dnstap.has_value(); }
  friend bool operator==(const TapConfig&, const TapConfig&) = default;
};

// Reads `query_log` and `dnstap` of the file's root. `path_of` makes of a path in the file one to
// open.
void ReadTaps(YamlMap& root, const std::function<std::string(const std::string&)>& path_of,
              TapConfig& out);

}  // namespace dnsd::server
