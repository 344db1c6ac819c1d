#include "reporter/hosting_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "dnsd/base/log.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBurst = 50ms;
constexpr Duration kLookAgain = 1min;
constexpr Duration kFollow = 1s;  // the path may lead to another folder, or to one again
constexpr std::uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                  IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

HostingWatch::HostingWatch(event_base* base, std::string folder, Changed changed)
    : folder_(std::move(folder)),
      changed_(std::move(changed)),
      fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      readable_(Watch::Readable(base, fd_, [this] { ReadEvents(); })),
      soon_(base, [this] { Look(); }),
      later_(base, [this] { Look(); }),
      follow_(base, [this] { Follow(); }),
      scanner_(base, folder_, [this](auto scan) { Scanned(std::move(scan)); }) {
  Attach();
  Take(ScanSites(folder_));
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
  later_.After(kLookAgain);
  again_ = scanner_.busy();
  if (again_) return;
  looked_at_.clear();
  scanner_.Begin();
}

void HostingWatch::LookAt(const std::string& site) {
  if (scanner_.busy()) looked_at_.insert(site);
  const SiteContents before = scan_.sites;
  ScanSite(folder_, site, scan_);
  if (scan_.sites != before) changed_(scan_.sites);
}

// What was looked at since the scan began is newer than what it has seen.
void HostingWatch::Scanned(absl::StatusOr<FolderScan> scan) {
  const SiteContents before = scan_.sites;
  const FolderScan own = scan_;
  Take(std::move(scan));
  for (const std::string& site : looked_at_) {
    scan_.sites.erase(site);
    scan_.entries.erase(site);
    if (!own.sites.contains(site)) continue;
    scan_.sites[site] = own.sites.at(site);
    scan_.entries[site] = own.entries.at(site);
  }
  if (again_) Look();
  if (scan_.sites != before) changed_(scan_.sites);
}

void HostingWatch::Take(absl::StatusOr<FolderScan> scan) {
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
