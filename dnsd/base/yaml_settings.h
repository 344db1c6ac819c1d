// A YAML document as flat settings, to tell two of them apart line by line.
//
//   sites:                            sites[www.example].answers   2
//     - {name: www.example, answers: 2}
//   heartbeat: {listen: 192.0.2.1:7053}   heartbeat.listen         192.0.2.1:7053
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dnsd/base/yaml_tree.h"

namespace dnsd {

// Paths and values. An element of a list of maps is named by the first key it has of `name`,
// `apex`, `clients`, `addresses`, `certificate`, `token_file`, else by its number from 1. Of a list
// of more than 1,000 elements there is one setting: how many there are, and a digest.
using YamlSettings = std::map<std::string, std::string>;

YamlSettings SettingsOf(const YamlNode& root);

// What differs, a line each, in the order of the paths: "a: 1 -> 2", "a: 2, new", "a: 1, gone".
std::vector<std::string> ChangesBetween(const YamlSettings& before, const YamlSettings& after);

}  // namespace dnsd
