// A configuration spread over several files: the root's key `include` names them.
//
//   include: [conf.d/*.yaml, local.yaml]
#pragma once

#include <string>
#include <vector>

#include "dnsd/base/yaml_tree.h"

namespace dnsd {

// Loads the files that the root of `tree` includes, in the order given (those of a pattern in that
// of their names), relative to the folder of paths[0], which `tree` is of. Their maps become parts
// of the root's, their lists are added to its; any other key may stand in one file alone. `paths`
// has each file's path under the number its values have in YamlNode::file. Included files include
// none. What is wrong is added to the tree's faults; without a key `include` nothing happens.
void LoadIncludes(YamlTree& tree, std::vector<std::string>& paths);

}  // namespace dnsd
