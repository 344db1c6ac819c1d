#include "dnsd/base/yaml_settings.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace dnsd {
namespace {

constexpr std::size_t kMostElements = 1000;

// A value on one line, as flow style has it.
std::string TextOf(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) return node.text;
  std::string text;
  for (std::size_t i = 0; i < node.values.size(); ++i) {
    if (i > 0) text += ", ";
    if (node.kind == YamlNode::Kind::kMap) text += node.keys[i].text + ": ";
    text += TextOf(*node.values[i]);
  }
  if (node.kind == YamlNode::Kind::kMap) return "{" + text + "}";
  if (node.kind == YamlNode::Kind::kList) return "[" + text + "]";
  return "nothing";
}

std::string NameOf(const YamlNode& element, std::size_t number) {
  for (const char* naming : {"name", "apex", "clients", "addresses", "certificate", "token_file"}) {
    for (std::size_t i = 0; i < element.keys.size(); ++i) {
      if (element.keys[i].text == naming) return TextOf(*element.values[i]);
    }
  }
  return std::to_string(number);
}

bool IsListOfMaps(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kList && !node.values.empty() &&
         std::ranges::all_of(node.values,
                             [](const auto& value) { return value->kind == YamlNode::Kind::kMap; });
}

void Flatten(const YamlNode& node, const std::string& path, YamlSettings& out) {
  if (node.kind == YamlNode::Kind::kMap) {
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      Flatten(*node.values[i], path.empty() ? node.keys[i].text : path + "." + node.keys[i].text,
              out);
    }
  } else if (node.values.size() > kMostElements) {
    out[path] = std::to_string(node.values.size()) + " entries (digest " +
                std::to_string(std::hash<std::string>()(TextOf(node))) + ")";
  } else if (IsListOfMaps(node)) {
    std::map<std::string, int> met;
    for (std::size_t i = 0; i < node.values.size(); ++i) {
      std::string name = NameOf(*node.values[i], i + 1);
      const int times = ++met[name];
      if (times > 1) name += " #" + std::to_string(times);
      Flatten(*node.values[i], path + "[" + name + "]", out);
    }
  } else if (node.kind != YamlNode::Kind::kNothing) {
    out[path] = TextOf(node);
  }
}

}  // namespace

YamlSettings SettingsOf(const YamlNode& root) {
  YamlSettings settings;
  Flatten(root, "", settings);
  return settings;
}

std::vector<std::string> ChangesBetween(const YamlSettings& before, const YamlSettings& after) {
  std::map<std::string, std::string> lines;
  for (const auto& [path, value] : before) {
    const auto now = after.find(path);
    if (now == after.end()) {
      lines[path] = value + ", gone";
    } else if (now->second != value) {
      lines[path] = value + " -> " + now->second;
    }
  }
  for (const auto& [path, value] : after) {
    if (!before.contains(path)) lines[path] = value + ", new";
  }
  std::vector<std::string> changes;
  changes.reserve(lines.size());
  for (const auto& [path, what] : lines) changes.push_back(path + ": " + what);
  return changes;
}

}  // namespace dnsd
