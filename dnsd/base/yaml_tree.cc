#include "dnsd/base/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

namespace dnsd {
namespace {

// yaml-cpp's events into a tree of YamlNode. Open collections are a stack; a map's next value is
// its key while there are as many values as keys.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::vector<YamlFault>& faults, int file) : faults_(faults), file_(file) {}

  std::shared_ptr<const YamlNode> root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Open(mark, anchor, YamlNode::Kind::kNothing);
    Close();
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    Open(mark, anchor, YamlNode::Kind::kScalar)->text = value;
    Close();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // An anchor that is still open would make a value its own part.
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end()) {
      faults_.push_back({mark.line + 1, "an alias inside the value that it names", file_});
      Add(std::make_shared<YamlNode>());
    } else {
      Add(target->second);
    }
  }

 private:
  struct OpenNode {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
  };

  YamlNode* Open(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->file = file_;
    open_.push_back({std::move(node), anchor});
    return open_.back().node.get();
  }

  void Close() {
    const OpenNode closed = std::move(open_.back());
    open_.pop_back();
    if (closed.anchor != YAML::NullAnchor) anchors_[closed.anchor] = closed.node;
    Add(closed.node);
  }

  void Add(const std::shared_ptr<const YamlNode>& value) {
    if (open_.empty()) {
      root_ = value;
      return;
    }
    YamlNode& parent = *open_.back().node;
    if (parent.kind == YamlNode::Kind::kMap && parent.keys.size() == parent.values.size()) {
      AddKey(parent, *value);
    } else {
      parent.values.push_back(value);
    }
  }

  void AddKey(YamlNode& map, const YamlNode& key) {
    if (key.kind != YamlNode::Kind::kScalar) {
      faults_.push_back({key.line, "a key is a word, not a list or a map", file_});
    }
    const auto same = std::find_if(map.keys.begin(), map.keys.end(),
                                   [&](const auto& earlier) { return earlier.text == key.text; });
    if (same != map.keys.end()) {
      faults_.push_back(
          {key.line,
           "key '" + key.text + "' is given twice; first on line " + std::to_string(same->line),
           file_});
    }
    map.keys.push_back({key.text, key.line, file_});
  }

  std::vector<YamlFault>& faults_;
  const int file_;
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, std::shared_ptr<const YamlNode>> anchors_;
  std::shared_ptr<const YamlNode> root_ = std::make_shared<YamlNode>();
};

// Where yaml-cpp found a fault; the last line for one at the very end, which it puts beyond it.
int FaultLine(const YAML::Mark& mark, const std::string& text) {
  const auto ends = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  const int lines = text.ends_with('\n') ? ends : ends + 1;
  return std::clamp(mark.line + 1, 1, std::max(lines, 1));
}

}  // namespace

YamlTree ParseYamlTree(const std::string& text, int file) {
  YamlTree tree;
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    TreeBuilder first(tree.faults, file);
    parser.HandleNextDocument(first);
    if (TreeBuilder second(tree.faults, file); parser.HandleNextDocument(second)) {
      tree.faults.push_back({second.root()->line, "a second document; wanted one", file});
    }
    tree.root = first.root();
  } catch (const YAML::Exception& e) {
    tree.faults.push_back({FaultLine(e.mark, text), "YAML syntax: " + e.msg, file});
  }
  return tree;
}

}  // namespace dnsd
