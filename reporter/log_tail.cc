#include "reporter/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace dnsd::reporter {
namespace {

// A rotation tells the writer within seconds; until then it writes to the file it has.
constexpr Duration kFormerFor = std::chrono::seconds(10);

}  // namespace

// An open file and how far it is read.
struct LogTail::File {
  explicit File(int descriptor) : fd(descriptor) {}
  ~File() { close(fd); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const int fd;
  dev_t device = 0;
  ino_t inode = 0;
  off_t offset = 0;
  std::string partial{};  // the start of a line whose end is not there yet
  bool skipping = false;  // until the next newline
};

LogTail::LogTail(std::string path, bool from_end) : path_(std::move(path)) {
  file_ = Open(from_end);
}

LogTail::~LogTail() = default;
LogTail::LogTail(LogTail&&) noexcept = default;

// Does not block: a FIFO would, until it has a writer.
std::unique_ptr<LogTail::File> LogTail::Open(bool from_end) {
  const int fd = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    fault_ = std::strerror(errno);
    return nullptr;
  }
  auto file = std::make_unique<File>(fd);
  struct stat facts {};
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    fault_ = "it is no regular file";
    return nullptr;
  }
  fault_.clear();
  file->device = facts.st_dev;
  file->inode = facts.st_ino;
  file->offset = from_end ? facts.st_size : 0;
  file->skipping = from_end && file->offset > 0;  // a line may have been begun
  if (file->skipping) {
    char last = 0;
    if (pread(fd, &last, 1, file->offset - 1) == 1 && last == '\n') file->skipping = false;
  }
  return file;
}

// Takes up the file that the path leads to now, if it is another one.
void LogTail::Follow(MonotonicTime now) {
  struct stat facts {};
  if (stat(path_.c_str(), &facts) != 0) return;  // away, or not there yet: the old one is read on
  if (file_ && file_->device == facts.st_dev && file_->inode == facts.st_ino) return;
  auto next = Open(false);
  if (!next) return;
  former_ = std::exchange(file_, std::move(next));
  former_until_ = now + kFormerFor;
}

std::size_t LogTail::Read(std::size_t most, MonotonicTime now, const Take& take) {
  Follow(now);
  std::size_t count = 0;
  if (former_) {
    count = ReadFile(*former_, most, take);
    if (count < most && now >= former_until_) former_.reset();
  }
  if (file_) count += ReadFile(*file_, most - count, take);
  return count;
}

std::size_t LogTail::ReadFile(File& file, std::size_t most, const Take& take) {
  struct stat facts {};
  if (fstat(file.fd, &facts) != 0) return 0;
  if (facts.st_size < file.offset) {  // cut short, and written anew
    file.offset = 0;
    file.partial.clear();
    file.skipping = false;
  }
  if (facts.st_size - file.offset > kMostBehind) {
    octets_lost_ += static_cast<std::uint64_t>(facts.st_size - file.offset);
    file.offset = facts.st_size;
    file.partial.clear();
    file.skipping = true;
  }
  std::array<char, 65536> buffer;
  std::size_t total = 0;
  while (total < most) {
    const std::size_t wanted = std::min(buffer.size(), most - total);
    const ssize_t count = pread(file.fd, buffer.data(), wanted, file.offset);
    if (count <= 0) break;
    file.offset += count;
    total += static_cast<std::size_t>(count);
    Cut(file, {buffer.data(), static_cast<std::size_t>(count)}, take);
    if (static_cast<std::size_t>(count) < wanted) break;
  }
  return total;
}

void LogTail::Cut(File& file, std::string_view octets, const Take& take) {
  while (!octets.empty()) {
    const std::size_t end = octets.find('\n');
    std::string_view part = octets.substr(0, end);
    octets.remove_prefix(std::min(octets.size(), part.size() + 1));
    const bool whole = end != std::string_view::npos;
    if (!file.skipping && file.partial.size() + part.size() > kMostLine) {
      ++lines_lost_;
      file.skipping = true;
      file.partial.clear();
    }
    if (file.skipping) {
      file.skipping = !whole;
    } else if (!whole) {
      file.partial += part;
    } else if (file.partial.empty()) {
      take(part);
    } else {
      file.partial += part;
      take(file.partial);
      file.partial.clear();
    }
  }
}

}  // namespace dnsd::reporter
