#include "reporter/hosting_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "dnsd/base/log.h"

namespace dnsd::reporter {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t kMostFiles = 100'000;
constexpr std::size_t kMostFilesOfSite = 20'000;
constexpr Duration kBurst = 50ms;
constexpr Duration kLookAgain = 1min;
constexpr Duration kFollow = 1s;  // the path may lead to another folder, or to one again
constexpr std::uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                  IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// Size and newest change of one entry and what is below it.
class Measure {
 public:
  explicit Measure(std::size_t most_files) : left_(most_files) {}

  SiteContent Of(const std::string& path) {
    struct stat own {};
    if (lstat(path.c_str(), &own) == 0) Newer(own);
    struct stat target {};
    if (stat(path.c_str(), &target) == 0) {
      Newer(target);
      if (S_ISDIR(target.st_mode)) {
        Walk(path);
      } else {
        content_.bytes += static_cast<std::uint64_t>(target.st_size);
      }
    }
    if (left_ == 0) return {};  // neither is known of a part: no two nodes see the same one
    return content_;
  }
  std::size_t left() const { return left_; }

 private:
  void Newer(const struct stat& file) {
    const std::uint64_t ms = static_cast<std::uint64_t>(file.st_mtim.tv_sec) * 1000 +
                             static_cast<std::uint64_t>(file.st_mtim.tv_nsec) / 1'000'000;
    content_.version = std::max(content_.version, ms);
  }

  void Walk(const std::string& path) {
    std::error_code error;
    fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error);
    for (; !error && at != fs::recursive_directory_iterator() && left_ > 0; at.increment(error)) {
      --left_;
      struct stat file {};
      if (lstat(at->path().c_str(), &file) != 0) continue;
      Newer(file);
      if (S_ISREG(file.st_mode)) content_.bytes += static_cast<std::uint64_t>(file.st_size);
    }
  }

  SiteContent content_;
  std::size_t left_;  // files it may yet look at
};

}  // namespace

absl::StatusOr<FolderScan> ScanSites(const std::string& folder) {
  std::error_code error;
  fs::directory_iterator at(folder, error);
  std::set<std::string> entries;  // in order, so that each scan spends its files alike
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string entry = at->path().filename();
    if (!entry.starts_with('.')) entries.insert(entry);
  }
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    return absl::NotFoundError(folder + ": " + error.message());
  }
  if (error) return absl::UnavailableError(folder + ": " + error.message());
  FolderScan scan;
  std::size_t left = kMostFiles;
  for (const std::string& entry : entries) {
    const std::string name = SiteName(entry);
    if (name.empty()) {
      scan.ignored.insert(entry);
      continue;
    }
    const std::size_t most = std::min(left, kMostFilesOfSite);
    Measure measure(most);
    scan.sites[name] = measure.Of((fs::path(folder) / entry).string());
    left -= most - measure.left();
  }
  return scan;
}

HostingWatch::HostingWatch(event_base* base, std::string folder, Changed changed)
    : folder_(std::move(folder)),
      changed_(std::move(changed)),
      fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      readable_(Watch::Readable(base, fd_, [this] { ReadEvents(); })),
      soon_(base, [this] { Look(); }),
      later_(base, [this] { Look(); }),
      follow_(base, [this] { Follow(); }) {
  Attach();
  Scan();
  follow_.Every(kFollow);
}

HostingWatch::~HostingWatch() { close(fd_); }

// Watches what the path leads to now; true if that is another folder than before. A folder watched
// already keeps its descriptor.
bool HostingWatch::Attach() {
  const int now = inotify_add_watch(fd_, folder_.c_str(), kEvents);
  const int before = std::exchange(watch_, now);
  if (now == before) return false;
  if (before >= 0) inotify_rm_watch(fd_, before);  // fails if its folder is gone
  return true;
}

void HostingWatch::Follow() {
  if (Attach()) Look();
}

void HostingWatch::ReadEvents() {
  std::array<char, 4096> buffer;
  while (read(fd_, buffer.data(), buffer.size()) > 0) continue;  // whatever it was: look
  if (!soon_.pending()) soon_.After(kBurst);
}

void HostingWatch::Look() {
  Attach();
  const SiteContents before = scan_.sites;
  Scan();
  if (scan_.sites != before) changed_(scan_.sites);
}

void HostingWatch::Scan() {
  auto scan = ScanSites(folder_);
  std::string fault;
  if (!scan.ok()) {
    fault = Message(scan.status()) + (absl::IsNotFound(scan.status())
                                          ? "; no site is hosted until it is back"
                                          : "; the sites stay as they were");
  } else {
    for (const std::string& entry : scan->ignored) fault += " '" + entry + "'";
    if (!fault.empty()) fault = folder_ + ": these are no site names:" + fault;
  }
  if (fault != fault_ && !fault.empty()) spdlog::warn("sites: {}", fault);
  fault_ = fault;
  later_.After(scan.ok() && watch_ >= 0 ? kLookAgain : kFollow);
  if (scan.ok()) {
    scan_ = *std::move(scan);
  } else if (absl::IsNotFound(scan.status())) {
    scan_ = FolderScan{};
  }
}

}  // namespace dnsd::reporter
