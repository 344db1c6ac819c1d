#include "dnsd/base/yaml_include.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

namespace dnsd {
namespace {

constexpr const char* kKey = "include";

using NodePtr = std::shared_ptr<const YamlNode>;

// The index of `key` in a map; nothing if it has none.
std::optional<std::size_t> IndexOf(const YamlNode& map, const std::string& key) {
  const auto at = std::find_if(map.keys.begin(), map.keys.end(),
                               [&](const YamlNode::Key& k) { return k.text == key; });
  if (at == map.keys.end()) return std::nullopt;
  return static_cast<std::size_t>(at - map.keys.begin());
}

// Loads included files into a copy of the tree's root.
class Includer {
 public:
  Includer(YamlTree& tree, std::vector<std::string>& paths)
      : tree_(tree), paths_(paths), folder_(std::filesystem::path(paths.front()).parent_path()) {}

  void Run() {
    YamlNode root = *tree_.root;
    const std::size_t at = *IndexOf(root, kKey);
    const NodePtr include = root.values[at];
    root.keys.erase(root.keys.begin() + static_cast<std::ptrdiff_t>(at));
    root.values.erase(root.values.begin() + static_cast<std::ptrdiff_t>(at));
    if (include->kind == YamlNode::Kind::kList) {
      for (const NodePtr& value : include->values) IncludePattern(*value, root);
    } else {
      IncludePattern(*include, root);
    }
    tree_.root = std::make_shared<const YamlNode>(std::move(root));
  }

 private:
  void AddFault(int file, int line, const std::string& text) {
    tree_.faults.push_back({line, text, file});
  }

  // A pattern may find nothing; a path must be there.
  void IncludePattern(const YamlNode& node, YamlNode& root) {
    if (node.kind != YamlNode::Kind::kScalar) {
      return AddFault(node.file, node.line,
                      "key 'include': wanted paths or patterns, as conf.d/*.yaml");
    }
    const std::string pattern = (folder_ / node.text).string();
    glob_t found{};
    const int result = glob(pattern.c_str(), 0, nullptr, &found);
    const bool any = node.text.find_first_of("*?[") != std::string::npos;
    if (result == GLOB_NOMATCH && !any) {
      AddFault(node.file, node.line,
               "key 'include': found '" + node.text + "', wanted a file that is there");
    } else if (result != 0 && result != GLOB_NOMATCH) {
      AddFault(node.file, node.line, "key 'include': cannot look for '" + node.text + "'");
    }
    for (std::size_t i = 0; result == 0 && i < found.gl_pathc; ++i) {
      Include(found.gl_pathv[i], node, root);
    }
    globfree(&found);
  }

  void Include(const std::string& path, const YamlNode& from, YamlNode& root) {
    if (std::find(paths_.begin(), paths_.end(), path) != paths_.end()) {
      return AddFault(from.file, from.line, "key 'include': " + path + " is included already");
    }
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    // Reading a directory opens and then fails, so the read tells, not the open.
    if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
    if (in.bad() || !in.is_open()) {
      return AddFault(from.file, from.line,
                      "key 'include': cannot read " + path + ": " + std::strerror(errno));
    }
    paths_.push_back(path);
    const int file = static_cast<int>(paths_.size()) - 1;
    const YamlTree part = ParseYamlTree(text.str(), file);
    tree_.faults.insert(tree_.faults.end(), part.faults.begin(), part.faults.end());
    if (part.root == nullptr || part.root->kind == YamlNode::Kind::kNothing) return;
    if (part.root->kind != YamlNode::Kind::kMap) {
      return AddFault(file, part.root->line, "wanted a map of keys and values");
    }
    if (const auto nested = IndexOf(*part.root, kKey)) {
      AddFault(file, part.root->keys[*nested].line,
               "key 'include': found in an included file, wanted in " + paths_.front() + " alone");
      return;
    }
    Merge(*part.root, root);
  }

  // Adds what `part` has to `map`.
  void Merge(const YamlNode& part, YamlNode& map) {
    for (std::size_t i = 0; i < part.keys.size() && i < part.values.size(); ++i) {
      const auto at = IndexOf(map, part.keys[i].text);
      if (!at) {
        map.keys.push_back(part.keys[i]);
        map.values.push_back(part.values[i]);
        continue;
      }
      const NodePtr& old = map.values[*at];
      const auto both = [&](YamlNode::Kind kind) {
        return old->kind == kind && part.values[i]->kind == kind;
      };
      YamlNode merged = *old;
      if (both(YamlNode::Kind::kList)) {
        merged.values.insert(merged.values.end(), part.values[i]->values.begin(),
                             part.values[i]->values.end());
      } else if (both(YamlNode::Kind::kMap)) {
        Merge(*part.values[i], merged);
      } else {
        const YamlNode::Key& first = map.keys[*at];
        AddFault(part.keys[i].file, part.keys[i].line,
                 "key '" + first.text + "' is given twice; first in " +
                     paths_[static_cast<std::size_t>(first.file)] + ":" +
                     std::to_string(first.line));
      }
      map.values[*at] = std::make_shared<const YamlNode>(std::move(merged));
    }
  }

  YamlTree& tree_;
  std::vector<std::string>& paths_;
  const std::filesystem::path folder_;
};

}  // namespace

void LoadIncludes(YamlTree& tree, std::vector<std::string>& paths) {
  if (tree.root == nullptr || tree.root->kind != YamlNode::Kind::kMap) return;
  if (IndexOf(*tree.root, kKey)) Includer(tree, paths).Run();
}

}  // namespace dnsd
