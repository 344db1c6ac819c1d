// A tree of files for code that reads the kernel's.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace dnsd::reporter {

// A temporary folder, removed with the object. `Write` makes the folders a path needs.
class FixtureTree {
 public:
  FixtureTree() {
    std::string pattern = std::filesystem::temp_directory_path() / "reporter-test-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~FixtureTree() { std::filesystem::remove_all(root_); }
  FixtureTree(const FixtureTree&) = delete;
  FixtureTree& operator=(const FixtureTree&) = delete;

  void Write(const std::string& path, const std::string& content) const {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << content;
  }
  void MakeFolder(const std::string& path) const {
    std::filesystem::create_directories(root_ + path);
  }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

}  // namespace dnsd::reporter
