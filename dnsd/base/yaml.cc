#include "dnsd/base/yaml.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "dnsd/base/duration.h"
#include "dnsd/base/edit_distance.h"
#include "dnsd/base/yaml_include.h"

namespace dnsd {
namespace {

// A value as messages show it.
std::string Found(const YamlNode& node) {
  static constexpr std::size_t kMostShown = 60;
  switch (node.kind) {
    case YamlNode::Kind::kNothing:
      return "nothing";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kScalar:
      break;
  }
  return node.text.size() <= kMostShown ? "'" + node.text + "'"
                                        : "'" + node.text.substr(0, kMostShown) + "...'";
}

template <typename Number>
bool ParseNumber(const std::string& text, Number& out) {
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, out);
  return error == std::errc() && end == last;
}

// A number for a message, without needless digits.
std::string NumberText(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

template <typename T>
bool Take(const std::optional<T>& parsed, T& out) {
  if (parsed) out = *parsed;
  return parsed.has_value();
}

}  // namespace

bool YamlType<bool>::Parse(const std::string& text, bool& out) {
  out = text == "true";
  return out || text == "false";
}
bool YamlType<std::string>::Parse(const std::string& text, std::string& out) {
  out = text;
  return !text.empty();
}
bool YamlType<IpAddress>::Parse(const std::string& text, IpAddress& out) {
  return Take(IpAddress::Parse(text), out);
}
bool YamlType<IpPrefix>::Parse(const std::string& text, IpPrefix& out) {
  return Take(IpPrefix::Parse(text), out);
}
bool YamlType<Endpoint>::Parse(const std::string& text, Endpoint& out) {
  return Take(Endpoint::Parse(text), out);
}
bool YamlType<Duration>::Parse(const std::string& text, Duration& out) {
  return Take(ParseDuration(text), out);
}

YamlFile YamlFile::Load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  // Reading a directory opens and then fails, so the read tells, not the open.
  if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (in.bad() || (!in.is_open())) {
    const int error = errno;
    YamlFile file;
    file.paths_ = {path};
    file.unreadable_ = absl::ErrnoToStatus(error, path);
    return file;
  }
  YamlTree tree = ParseYamlTree(text.str());
  YamlFile file;
  file.paths_ = {path};
  LoadIncludes(tree, file.paths_);
  file.root_ = std::move(tree.root);
  file.faults_ = std::move(tree.faults);
  return file;
}

YamlFile YamlFile::Parse(const std::string& text, const std::string& path) {
  YamlFile file;
  file.paths_ = {path};
  YamlTree tree = ParseYamlTree(text);
  file.root_ = std::move(tree.root);
  file.faults_ = std::move(tree.faults);
  return file;
}

void YamlFile::Read(const Visit& visit) {
  if (root_ == nullptr) return;
  static const YamlNode kEmpty{YamlNode::Kind::kMap, 1, 0, {}, {}, {}};
  ReadNode(root_->kind == YamlNode::Kind::kNothing ? kEmpty : *root_, "", visit);
}

void YamlFile::ReadNode(const YamlNode& node, const std::string& name, const Visit& visit) {
  if (node.kind != YamlNode::Kind::kMap) {
    AddError(node, (name.empty() ? "" : "key '" + name + "': ") + "found " + Found(node) +
                       ", wanted a map of keys and values");
    return;
  }
  YamlMap map(*this, node, name);
  visit(map);
  map.RefuseUnknownKeys();
}

YamlSettings YamlFile::settings() const {
  return root_ == nullptr ? YamlSettings() : SettingsOf(*root_);
}

absl::Status YamlFile::status() const {
  if (!unreadable_.ok()) return unreadable_;
  if (faults_.empty()) return absl::OkStatus();
  std::vector<YamlFault> sorted = faults_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::pair(a.file, a.line) < std::pair(b.file, b.line);
  });
  std::string all;
  for (const YamlFault& fault : sorted) {
    all += (all.empty() ? "" : "\n") + Place(fault.file, fault.line) + ": " + fault.text;
  }
  return absl::InvalidArgumentError(all);
}

void YamlFile::AddError(const YamlNode& node, const std::string& what) {
  faults_.push_back({node.line, what, node.file});
}

std::string YamlFile::Place(int file, int line) const {
  return paths_[static_cast<std::size_t>(file)] + ":" + std::to_string(line);
}

const YamlNode* YamlMap::Find(const std::string& key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  for (std::size_t i = 0; i < node_.values.size(); ++i) {
    if (node_.keys[i].text == key) return node_.values[i].get();
  }
  return nullptr;
}

const YamlNode* YamlMap::Scalar(const std::string& key, const char* wanted) {
  const YamlNode* node = Find(key);
  if (node == nullptr || node->kind == YamlNode::Kind::kScalar) return node;
  RefuseNode(key, *node, wanted);
  return nullptr;
}

std::vector<const YamlNode*> YamlMap::Scalars(const std::string& key, const char* wanted) {
  const YamlNode* node = Find(key);
  if (node == nullptr) return {};
  if (node->kind == YamlNode::Kind::kScalar) return {node};
  const std::string list = std::string("a list of: ") + wanted;
  if (node->kind != YamlNode::Kind::kList || node->values.empty()) {
    RefuseNode(key, *node, list);
    return {};
  }
  std::vector<const YamlNode*> scalars;
  for (const auto& value : node->values) {
    if (value->kind == YamlNode::Kind::kScalar) {
      scalars.push_back(value.get());
    } else {
      RefuseNode(key, *value, list);
    }
  }
  return scalars;
}

bool YamlMap::ReadInteger(const std::string& key, std::int64_t& out, std::int64_t least,
                          std::int64_t most) {
  const std::string wanted =
      "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const YamlNode* node = Scalar(key, wanted.c_str());
  if (node == nullptr) return false;
  std::int64_t value = 0;
  if (!ParseNumber(node->text, value) || value < least || value > most) {
    RefuseNode(key, *node, wanted);
    return false;
  }
  out = value;
  return true;
}

bool YamlMap::Read(const std::string& key, double& out, double least, double most) {
  const std::string wanted = "a number from " + NumberText(least) + " to " + NumberText(most);
  const YamlNode* node = Scalar(key, wanted.c_str());
  if (node == nullptr) return false;
  double value = 0;
  // Written so that NaN fails it.
  if (!ParseNumber(node->text, value) || !(value >= least && value <= most)) {
    RefuseNode(key, *node, wanted);
    return false;
  }
  out = value;
  return true;
}

bool YamlMap::Read(const std::string& key, Duration& out, Duration least, Duration most) {
  Duration value{};
  if (!Read(key, value)) return false;
  if (value < least || value > most) {
    Refuse(key, "a duration from " + DurationText(least) + " to " + DurationText(most));
    return false;
  }
  out = value;
  return true;
}

bool YamlMap::ReadMap(const std::string& key, const YamlFile::Visit& visit) {
  const YamlNode* node = Find(key);
  if (node == nullptr) return false;
  file_.ReadNode(*node, Path(key), visit);
  return node->kind == YamlNode::Kind::kMap;
}

std::vector<std::string> YamlMap::Keys() const {
  std::vector<std::string> keys;
  for (const auto& key : node_.keys) keys.push_back(key.text);
  return keys;
}

bool YamlMap::ReadMaps(const std::string& key, const YamlFile::Visit& visit) {
  const YamlNode* node = Find(key);
  if (node == nullptr) return false;
  if (node->kind != YamlNode::Kind::kList) return ReadMap(key, visit);
  for (const auto& value : node->values) file_.ReadNode(*value, Path(key), visit);
  return true;
}

std::string YamlMap::Path(const std::string& key) const {
  return name_.empty() ? key : name_ + "." + key;
}

std::string YamlMap::Origin() const { return file_.Place(node_.file, node_.line); }

std::string YamlMap::Origin(const std::string& key) {
  const YamlNode* node = Find(key);
  const YamlNode& at = node == nullptr ? node_ : *node;
  return file_.Place(at.file, at.line);
}

void YamlMap::Refuse(const std::string& key, const std::string& wanted) {
  if (const YamlNode* node = Find(key)) RefuseNode(key, *node, wanted);
}

void YamlMap::RefuseNode(const std::string& key, const YamlNode& node, const std::string& wanted) {
  file_.AddError(node, "key '" + key + "': found " + Found(node) + ", wanted " + wanted);
}

void YamlMap::Require(const std::string& key, const std::string& wanted) {
  if (Find(key) == nullptr) AddError("key '" + key + "' is missing, wanted " + wanted);
}

void YamlMap::RefuseUnknownKeys() {
  for (const auto& key : node_.keys) {
    if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
    std::string what = "unknown key '" + key.text + "'";
    if (!name_.empty()) what += " in '" + name_ + "'";
    if (const std::string closest = ClosestWord(key.text, known_); !closest.empty()) {
      what += "; did you mean '" + closest + "'?";
    } else {
      std::string all;
      for (const auto& word : known_) all += (all.empty() ? "" : ", ") + word;
      what += "; known keys: " + all;
    }
    file_.faults_.push_back({key.line, what, key.file});
  }
}

}  // namespace dnsd
