// The kernel's text files: read below a root folder, cut into lines and words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dnsd::reporter {

// Files below a root folder: "/" on a node, a fixture tree in tests. A value.
class FileRoot {
 public:
  explicit FileRoot(std::string root = "/");

  // The content of the file at `path` ("/proc/stat"), at most `most` octets; nothing if it cannot
  // be read. Sizes are not asked for: /proc reports none.
  std::optional<std::string> Read(const std::string& path, std::size_t most = 1U << 20) const;
  std::optional<std::uint64_t> ReadUnsigned(const std::string& path) const;
  bool Exists(const std::string& path) const;
  // The names in the folder at `path`, in no order; none if it cannot be read.
  std::vector<std::string> List(const std::string& path) const;
  // True for the node's own files, whose facts may also be asked of the kernel directly.
  bool is_system() const { return root_.empty(); }

 private:
  std::string root_;  // without a final slash
};

// What is left to read of an open file, at most `most` octets; nothing on an error.
std::optional<std::string> ReadAll(int fd, std::size_t most);

// Takes the next line, or the next word within a line, off the front of `rest`; empty at the end.
// A line comes without its newline; words are parted by spaces and tabs.
std::string_view NextLine(std::string_view& rest);
std::string_view NextWord(std::string_view& rest);

// A whole number in `base`; nothing if `word` has anything else in it or does not fit.
std::optional<std::uint64_t> ParseUnsigned(std::string_view word, int base = 10);
std::optional<double> ParseDouble(std::string_view word);

// The number after `key` on the line that starts with it: ("nr_free 7\npswpout 3", "pswpout") is 3.
std::optional<std::uint64_t> FindValue(std::string_view text, std::string_view key);

}  // namespace dnsd::reporter
