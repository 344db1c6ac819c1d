// What the configuration says of where clients and nodes are, and of whom to believe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dnsd/answer/client_subnet.h"
#include "dnsd/answer/measured_use.h"
#include "dnsd/base/status.h"
#include "dnsd/base/yaml.h"
#include "dnsd/locality/locality.h"
#include "dnsd/server/measured_config.h"

namespace dnsd::server {

// A MaxMind database, as opened.
struct DatabaseFile {
  std::string path;
  std::string origin;
};

struct LocalityConfig {
  locality::Settings settings;
  // "path:line" of each, in the order of the settings.
  std::vector<std::string> region_origins, subnet_origins, node_origins, rule_origins;
  std::vector<DatabaseFile> databases;
  answer::ClientSubnets client_subnets;
  answer::MeasuredUse measured_use;
};

// Reads `regions`, `subnets`, `nodes`, `locality` and `client_subnet` of the file's root. Whether
// the regions named are there is left to CheckLocality. `path_of` makes of a path in the file one
// to open.
void ReadLocality(YamlMap& root, const std::function<std::string(const std::string&)>& path_of,
                  LocalityConfig& out, MeasuredConfig& measured);

// Calls `add` with the origin and the text of each contradiction.
void CheckLocality(const LocalityConfig& config,
                   const std::function<void(const std::string&, const std::string&)>& add);

// What all databases say; of what several do, the first counts. InvalidArgument, every fault as
// "origin: what", one a line.
absl::StatusOr<locality::GeoDatabase> LoadDatabases(const std::vector<DatabaseFile>& files);

}  // namespace dnsd::server
