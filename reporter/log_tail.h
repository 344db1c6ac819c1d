// Follows a file that grows by lines, as `tail -F` does.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dnsd/base/clock.h"

namespace dnsd::reporter {

// Follows the file through rotation: one that another takes the place of is read on for ten
// seconds, since its writer goes on with it until it is told; one that is cut short is read from
// its start. A line is handed over once its newline is there. Never blocks but for the disk.
class LogTail {
 public:
  static constexpr std::size_t kMostLine = 16U << 10;    // octets; longer lines are left out
  static constexpr off_t kMostBehind = off_t{64} << 20;  // octets; from further behind it leaps

  using Take = std::function<void(std::string_view line)>;

  // `from_end`: what the file holds already is no news.
  LogTail(std::string path, bool from_end);
  ~LogTail();
  LogTail(LogTail&&) noexcept;

  // Reads `most` octets at most, and says how many it read: fewer when there were no more.
  std::size_t Read(std::size_t most, MonotonicTime now, const Take& take);

  const std::string& path() const { return path_; }
  // Octets that were leapt over and lines that were too long, so far.
  std::uint64_t octets_lost() const { return octets_lost_; }
  std::uint64_t lines_lost() const { return lines_lost_; }
  // Why there is no file to read; empty when there is one.
  const std::string& fault() const { return fault_; }

 private:
  struct File;
  std::unique_ptr<File> Open(bool from_end);
  void Follow(MonotonicTime now);
  std::size_t ReadFile(File& file, std::size_t most, const Take& take);
  void Cut(File& file, std::string_view octets, const Take& take);

  std::string path_;
  std::unique_ptr<File> file_;    // null: there was none yet
  std::unique_ptr<File> former_;  // that `file_` took the place of
  MonotonicTime former_until_;
  std::uint64_t octets_lost_ = 0, lines_lost_ = 0;
  std::string fault_;
};

}  // namespace dnsd::reporter
