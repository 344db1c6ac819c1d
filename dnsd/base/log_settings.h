// `log` in the configuration of each program: level, place and form of the messages.
#pragma once

#include <functional>
#include <string>

#include "dnsd/base/log_target.h"
#include "dnsd/base/yaml.h"

namespace dnsd {

// Reads `level`, `to` and `format`. `path_of` makes a path of the configuration one to open.
void ReadLogSettings(YamlMap& log, const std::function<std::string(const std::string&)>& path_of,
                     std::string& level, LogTarget& target);

}  // namespace dnsd
