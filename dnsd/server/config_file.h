// dnsd's YAML file. docs/configuration.md describes every key.
#pragma once

#include <string>

#include "dnsd/base/status.h"
#include "dnsd/server/config.h"

namespace dnsd::server {

// Reads the file at `path`. A relative file or folder in it is below the folder of `path`; tokens
// are read from their files. Only what is wrong by itself is an error here: what contradicts
// something else is left to CheckConfig, since a flag may yet change it.
//   NotFound, PermissionDenied  `path` cannot be read
//   InvalidArgument             "path:line: what", every error, one a line
absl::StatusOr<Config> LoadConfigFile(const std::string& path);

}  // namespace dnsd::server
