#include "reporter/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <utility>

namespace dnsd::reporter {

FileRoot::FileRoot(std::string root) : root_(std::move(root)) {
  while (!root_.empty() && root_.back() == '/') root_.pop_back();
}

std::optional<std::string> FileRoot::Read(const std::string& path, std::size_t most) const {
  const int fd = open((root_ + path).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  auto content = ReadAll(fd, most);
  close(fd);
  return content;
}

std::optional<std::uint64_t> FileRoot::ReadUnsigned(const std::string& path) const {
  const auto content = Read(path, 64);
  if (!content) return std::nullopt;
  std::string_view rest = *content;
  std::string_view line = NextLine(rest);
  return ParseUnsigned(NextWord(line));
}

bool FileRoot::Exists(const std::string& path) const {
  return access((root_ + path).c_str(), F_OK) == 0;
}

std::vector<std::string> FileRoot::List(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator at(root_ + path, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  return names;
}

std::optional<std::string> ReadAll(int fd, std::size_t most) {
  std::string content;
  std::array<char, 16384> buffer;
  ssize_t count = 0;
  while (content.size() < most && (count = read(fd, buffer.data(), buffer.size())) > 0) {
    content.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (count < 0) return std::nullopt;
  if (content.size() > most) content.resize(most);
  return content;
}

std::string_view NextLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

std::string_view NextWord(std::string_view& rest) {
  const std::size_t begin = rest.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    rest = {};
    return {};
  }
  rest.remove_prefix(begin);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> ParseUnsigned(std::string_view word, int base) {
  std::uint64_t value = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view word) {
  double value = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> FindValue(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    if (NextWord(line) == key) return ParseUnsigned(NextWord(line));
  }
  return std::nullopt;
}

}  // namespace dnsd::reporter
