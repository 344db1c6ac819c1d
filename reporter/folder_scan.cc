#include "reporter/folder_scan.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>

namespace dnsd::reporter {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 100'000;
constexpr std::size_t kMostFilesOfSite = 20'000;

// Size and newest change of one entry and what is below it.
class Measure {
 public:
  Measure(std::size_t most_files, const std::atomic<bool>* stop) : left_(most_files), stop_(stop) {}

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
      if (stop_ != nullptr && *stop_) return;
      --left_;
      struct stat file {};
      if (lstat(at->path().c_str(), &file) != 0) continue;
      Newer(file);
      if (S_ISREG(file.st_mode)) content_.bytes += static_cast<std::uint64_t>(file.st_size);
    }
  }

  SiteContent content_;
  std::size_t left_;  // files it may yet look at
  const std::atomic<bool>* stop_;
};

// Into `scan`, of which `left` files may yet be looked at.
void MeasureSite(const std::string& folder, const std::string& entry, const std::string& site,
                 std::size_t left, const std::atomic<bool>* stop, FolderScan& scan) {
  const std::size_t most = std::min(left, kMostFilesOfSite);
  Measure measure(most, stop);
  scan.sites[site] = measure.Of((fs::path(folder) / entry).string());
  scan.entries[site] = {entry, most - measure.left()};
}

}  // namespace

absl::StatusOr<FolderScan> ScanSites(const std::string& folder, const std::atomic<bool>* stop) {
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
    if (stop != nullptr && *stop) return absl::CancelledError("stopped");
    MeasureSite(folder, entry, name, left, stop, scan);
    left -= scan.entries[name].files;
  }
  return scan;
}

void ScanSite(const std::string& folder, const std::string& site, FolderScan& scan) {
  const auto known = scan.entries.find(site);
  const std::string entry = known == scan.entries.end() ? site : known->second.name;
  struct stat status {};
  if (lstat((fs::path(folder) / entry).c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return;
    scan.sites.erase(site);
    scan.entries.erase(site);
    return;
  }
  std::size_t left = kMostFiles;  // of which those before it have had theirs
  for (const auto& [name, other] : scan.entries) {
    if (other.name < entry) left -= std::min(left, other.files);
  }
  MeasureSite(folder, entry, site, left, nullptr, scan);
}

FolderScanner::FolderScanner(event_base* base, std::string folder, Done done)
    : folder_(std::move(folder)), done_(std::move(done)), mailbox_(base) {}

FolderScanner::~FolderScanner() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void FolderScanner::Begin() {
  thread_ = std::thread([this] {
    auto scan = std::make_shared<absl::StatusOr<FolderScan>>(ScanSites(folder_, &stop_));
    mailbox_.Post([this, scan] {
      thread_.join();
      done_(std::move(*scan));
    });
  });
}

}  // namespace dnsd::reporter
