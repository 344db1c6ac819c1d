#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "dnsd/base/yaml.h"

namespace dnsd {
namespace {

class YamlIncludes : public testing::Test {
 protected:
  YamlIncludes() {
    char name[] = "/tmp/yaml_include_test.XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~YamlIncludes() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  // What is found wrong with main.yaml, without the folder's name; its values go to the members.
  std::string Read() {
    names_.clear();
    YamlFile file = YamlFile::Load((folder_ / "main.yaml").string());
    file.Read([&](YamlMap& root) {
      root.Read("count", count_, 0U, 9U);
      root.ReadMaps("list", [&](YamlMap& entry) {
        std::string name;
        entry.Read("name", name);
        names_.push_back(name);
      });
      root.ReadMap("map", [&](YamlMap& map) {
        map.Read("one", one_);
        map.Read("two", two_);
        origin_ = map.Origin("two");
      });
    });
    std::string told = Message(file.status());
    const std::string folder = folder_.string() + "/";
    for (std::size_t at = 0; (at = told.find(folder)) != std::string::npos;) {
      told.erase(at, folder.size());
    }
    return told;
  }

  std::filesystem::path folder_;
  unsigned count_ = 0;
  std::vector<std::string> names_;
  std::string one_, two_, origin_;
};

TEST_F(YamlIncludes, AddListsJoinMapsAndBringKeys) {
  Write("main.yaml", "include: [conf.d/*.yaml, last.yaml]\nlist: [{name: a}]\nmap: {one: x}\n");
  Write("conf.d/2.yaml", "list: [{name: c}]\n");
  Write("conf.d/1.yaml", "list: [{name: b}]\nmap:\n  two: y\n");
  Write("last.yaml", "count: 7\nlist: [{name: d}]\n");
  EXPECT_EQ(Read(), "");
  EXPECT_EQ(names_, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(one_ + two_, "xy");
  EXPECT_EQ(count_, 7U);
  EXPECT_EQ(origin_, (folder_ / "conf.d/1.yaml:3").string());
}

TEST_F(YamlIncludes, MayBeEmptyOrNone) {
  Write("main.yaml", "include: conf.d/*.yaml\ncount: 3\n");
  EXPECT_EQ(Read(), "");
  Write("conf.d/1.yaml", "# nothing yet\n");
  EXPECT_EQ(Read(), "");
  EXPECT_EQ(count_, 3U);
}

TEST_F(YamlIncludes, FaultsNameTheFileTheyAreIn) {
  const struct {
    const char* main;
    const char* part;
    const char* want;
  } cases[] = {
      {"include: part.yaml\n", "count: 10\n",
       "part.yaml:1: key 'count': found '10', wanted a whole number from 0 to 9"},
      {"include: part.yaml\n", "\ncounts: 1\n",
       "part.yaml:2: unknown key 'counts'; did you mean 'count'?"},
      {"include: part.yaml\n", "map:\n  three: 1\n",
       "part.yaml:2: unknown key 'three' in 'map'; known keys: one, two"},
      {"include: part.yaml\n", "count: [\n",
       "part.yaml:1: YAML syntax: end of sequence flow not "
       "found"},
      {"include: part.yaml\n", "- a\n", "part.yaml:1: wanted a map of keys and values"},
      {"include: part.yaml\ncount: 1\n", "\ncount: 2\n",
       "part.yaml:2: key 'count' is given twice; first in main.yaml:2"},
      {"include: part.yaml\n", "include: more.yaml\n",
       "part.yaml:1: key 'include': found in an included file, wanted in main.yaml alone"},
      {"\ninclude: none.yaml\n", "",
       "main.yaml:2: key 'include': found 'none.yaml', wanted a file that is there"},
      {"include: [part.yaml, '*rt.yaml']\n", "",
       "main.yaml:1: key 'include': part.yaml is included already"},
      {"include: {a: b}\n", "",
       "main.yaml:1: key 'include': wanted paths or patterns, as conf.d/*.yaml"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.want);
    Write("main.yaml", c.main);
    Write("part.yaml", c.part);
    EXPECT_EQ(Read(), c.want);
  }
}

TEST_F(YamlIncludes, FaultsOfSeveralFilesComeFileByFile) {
  Write("main.yaml", "include: part.yaml\n\nx: 1\n");
  Write("part.yaml", "y: 1\ncount: z\n");
  EXPECT_EQ(Read(),
            "main.yaml:3: unknown key 'x'; known keys: count, list, map\n"
            "part.yaml:1: unknown key 'y'; known keys: count, list, map\n"
            "part.yaml:2: key 'count': found 'z', wanted a whole number from 0 to 9");
}

}  // namespace
}  // namespace dnsd
