// A YAML document as a tree of values with their lines, independent of the library that parsed it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dnsd {

// One value of a document. Immutable once loaded; aliases share it.
struct YamlNode {
  enum class Kind : std::uint8_t { kNothing, kScalar, kList, kMap };
  struct Key {
    std::string text;
    int line = 0;
    int file = 0;
  };

  Kind kind = Kind::kNothing;
  int line = 0;                                         // from 1
  int file = 0;                                         // of several, its number
  std::string text;                                     // of a scalar
  std::vector<Key> keys;                                // of a map: keys[i] has values[i]
  std::vector<std::shared_ptr<const YamlNode>> values;  // of a map or a list
};

struct YamlFault {
  int line = 0;
  std::string text;
  int file = 0;
};

struct YamlTree {
  std::shared_ptr<const YamlNode> root;  // null when the text is no YAML at all
  std::vector<YamlFault> faults;
};

// Parses one document. A key given twice, a key that is no word, a second document and an alias
// within what it names are faults; so is text that does not parse.
// `file` is the number that all of it gets.
YamlTree ParseYamlTree(const std::string& text, int file = 0);

}  // namespace dnsd
