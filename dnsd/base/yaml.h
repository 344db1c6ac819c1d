// A strict reader of YAML configuration.
//
//   YamlFile file = YamlFile::Load("dnsd.yaml");
//   file.Read([&](YamlMap& root) {
//     root.Read("workers", config.workers, 0U, 256U);
//     root.Read("listen", config.listen);                     // a vector: a list, or one value
//     root.ReadMap("http", [&](YamlMap& http) { http.Read("listen", config.http); });
//     root.ReadMaps("zones", [&](YamlMap& zone) { ... });     // a list of maps
//   });
//   return file.status();
//
// A key that nobody asked for, a key given twice, a value of another type or outside its range:
// each becomes a line "path:line: key 'x': found 'y', wanted ...", and reading goes on, so that
// status() has them all. Anchors and aliases work; merge keys and several documents do not.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "dnsd/base/yaml_settings.h"
#include "dnsd/base/yaml_tree.h"

namespace dnsd {

// How a type is read from a scalar, and what the operator is told was wanted. A room with a type
// of its own adds a specialisation.
template <typename T>
struct YamlType;

template <>
struct YamlType<bool> {
  static constexpr const char* kWanted = "true or false";
  static bool Parse(const std::string& text, bool& out);
};
template <>
struct YamlType<std::string> {
  static constexpr const char* kWanted = "a text that is not empty";
  static bool Parse(const std::string& text, std::string& out);
};
template <>
struct YamlType<IpAddress> {
  static constexpr const char* kWanted = "an IP address, as 192.0.2.1 or 2001:db8::1";
  static bool Parse(const std::string& text, IpAddress& out);
};
template <>
struct YamlType<IpPrefix> {
  static constexpr const char* kWanted =
      "an address or a prefix without bits past its length, as 192.0.2.0/24 or 2001:db8::/32";
  static bool Parse(const std::string& text, IpPrefix& out);
};
template <>
struct YamlType<Endpoint> {
  static constexpr const char* kWanted = "ADDRESS:PORT, as 192.0.2.1:53 or [2001:db8::1]:53";
  static bool Parse(const std::string& text, Endpoint& out);
};
template <>
struct YamlType<Duration> {
  static constexpr const char* kWanted = "a duration with its unit, as 500ms, 1s, 2m or 1h";
  static bool Parse(const std::string& text, Duration& out);
};

class YamlMap;

// A loaded file and the errors found in it so far. One thread.
class YamlFile {
 public:
  using Visit = std::function<void(YamlMap&)>;

  // Neither fails. Load reads what the root's `include` names too (yaml_include.h). A file that
  // cannot be read or parsed has its error in status(), and Read then does nothing.
  static YamlFile Load(const std::string& path);
  static YamlFile Parse(const std::string& text, const std::string& path);

  // Calls `visit` with the root, an empty map for an empty file, then reports the keys that
  // `visit` did not ask for.
  void Read(const Visit& visit);

  // InvalidArgument with every error, one a line, in the order of the file's lines; NotFound or
  // PermissionDenied for a file that cannot be read.
  absl::Status status() const;

  // All that it and what it includes say; nothing where it could not be read.
  YamlSettings settings() const;

 private:
  friend class YamlMap;
  void ReadNode(const YamlNode& node, const std::string& name, const Visit& visit);
  void AddError(const YamlNode& node, const std::string& what);
  std::string Place(int file, int line) const;  // "path:line"

  std::vector<std::string> paths_;  // the file's own, and those that it includes
  std::shared_ptr<const YamlNode> root_;
  absl::Status unreadable_;
  std::vector<YamlFault> faults_;
};

// A map of the file, alive during the callback that gets it. Each Read leaves `out` alone when the
// key is absent or its value wrong, and returns true when `out` was set.
class YamlMap {
 public:
  // One value of a type that YamlType knows.
  template <typename T>
  requires requires { YamlType<T>::kWanted; }
  bool Read(const std::string& key, T& out) {
    const YamlNode* node = Scalar(key, YamlType<T>::kWanted);
    return node != nullptr && ReadScalar(key, *node, out);
  }

  // A list of them, or one alone. `out` is replaced; at least one value is wanted.
  template <typename T>
  bool Read(const std::string& key, std::vector<T>& out) {
    std::vector<T> values;
    bool good = true;
    for (const YamlNode* node : Scalars(key, YamlType<T>::kWanted)) {
      good = ReadScalar(key, *node, values.emplace_back()) && good;
    }
    if (values.empty() || !good) return false;
    out = std::move(values);
    return true;
  }

  // A number or a duration from `least` to `most`, both included.
  template <std::integral T>
  bool Read(const std::string& key, T& out, T least, T most) {
    std::int64_t value = 0;
    if (!ReadInteger(key, value, static_cast<std::int64_t>(least),
                     static_cast<std::int64_t>(most))) {
      return false;
    }
    out = static_cast<T>(value);
    return true;
  }
  bool Read(const std::string& key, double& out, double least, double most);
  bool Read(const std::string& key, Duration& out, Duration least, Duration most);

  // One word of `choices`, {"word", value} each.
  template <typename T>
  struct Choice {
    const char* word;
    T value;
  };
  template <typename T>
  bool ReadChoice(const std::string& key, T& out, const std::vector<Choice<T>>& choices) {
    std::string known;
    std::string word;
    for (const auto& choice : choices)
      known += (known.empty() ? "" : ", ") + std::string(choice.word);
    if (!Read(key, word)) return false;
    for (const auto& choice : choices) {
      if (word != choice.word) continue;
      out = choice.value;
      return true;
    }
    Refuse(key, "one of " + known);
    return false;
  }

  // A map, and a list of maps (or one map alone).
  bool ReadMap(const std::string& key, const YamlFile::Visit& visit);
  bool ReadMaps(const std::string& key, const YamlFile::Visit& visit);

  // The keys of a map whose keys are data, in their order.
  std::vector<std::string> Keys() const;
  bool Has(const std::string& key) { return Find(key) != nullptr; }
  // "path:line" of the map: where something configured came from.
  std::string Origin() const;
  // Likewise of the value of `key`; of the map if there is none.
  std::string Origin(const std::string& key);

  // Adds an error on the value of `key`: "found 'y', wanted `wanted`".
  void Refuse(const std::string& key, const std::string& wanted);
  // Adds an error on the map as a whole.
  void AddError(const std::string& what) { file_.AddError(node_, what); }
  // The map must have `key`.
  void Require(const std::string& key, const std::string& wanted);

 private:
  friend class YamlFile;
  YamlMap(YamlFile& file, const YamlNode& node, std::string name)
      : file_(file), node_(node), name_(std::move(name)) {}

  // The value of `key`, or null; notes that the key is known.
  const YamlNode* Find(const std::string& key);
  const YamlNode* Scalar(const std::string& key, const char* wanted);
  std::vector<const YamlNode*> Scalars(const std::string& key, const char* wanted);
  bool ReadInteger(const std::string& key, std::int64_t& out, std::int64_t least,
                   std::int64_t most);
  void RefuseNode(const std::string& key, const YamlNode& node, const std::string& wanted);
  void RefuseUnknownKeys();
  std::string Path(const std::string& key) const;  // "heartbeat.tls"

  template <typename T>
  bool ReadScalar(const std::string& key, const YamlNode& node, T& out) {
    if (YamlType<T>::Parse(node.text, out)) return true;
    RefuseNode(key, node, YamlType<T>::kWanted);
    return false;
  }

  YamlFile& file_;
  const YamlNode& node_;
  std::string name_;                // "heartbeat.tls", for messages; empty for the root
  std::vector<std::string> known_;  // keys asked for
};

}  // namespace dnsd
