// Patterns of owner names, as the configuration has them.
#pragma once

#include <string>
#include <vector>

#include "dnsd/base/yaml.h"

namespace dnsd::server {

// A pattern or a list of them, brought to the form that names are matched in: lower case, without
// the final dot.
std::vector<std::string> ReadSitePatterns(YamlMap& map, const std::string& key);

// The octets' lower case, of ASCII alone.
std::string LowerCase(std::string text);

}  // namespace dnsd::server
