// `placement` of the configuration.
#pragma once

#include "dnsd/base/yaml.h"
#include "dnsd/placement/settings.h"

namespace dnsd::server {

void ReadPlacement(YamlMap& root, placement::Settings& out);

}  // namespace dnsd::server
