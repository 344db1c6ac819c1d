// What a folder of sites has: one entry a site, its size and its newest change.
//
//   /srv/www/www.example/     hosted; version: its newest change, milliseconds since 1970
//   /srv/www/shop.example ->  ../releases/17: hosted; the folder it leads to counts
//   /srv/www/.incoming/       dotfiles are not: copy there, then rename, and the site appears whole
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "dnsd/base/status.h"
#include "reporter/event_loop.h"
#include "reporter/hosting.h"

namespace dnsd::reporter {

struct FolderScan {
  struct Entry {
    std::string name;       // in the folder
    std::size_t files = 0;  // looked at
  };
  SiteContents sites;
  std::map<std::string, Entry> entries;  // of the sites
  std::set<std::string> ignored;         // entries whose names are no site names
};

// Reads the folder. Sizes and times are taken from at most 100,000 files in all and 20,000 a site;
// of a site with more neither is known: 0. From any thread; ends early once `*stop` is true.
//   NotFound      there is no such folder
//   Unavailable   it cannot be read whole
absl::StatusOr<FolderScan> ScanSites(const std::string& folder,
                                     const std::atomic<bool>* stop = nullptr);

// Brings what `scan` has of one site up to date, without reading the others.
void ScanSite(const std::string& folder, const std::string& site, FolderScan& scan);

// Reads the folder in a thread of its own: 100,000 files take a second of a busy machine. Belongs
// to the loop's thread; destroying it ends the scan.
class FolderScanner {
 public:
  using Done = std::function<void(absl::StatusOr<FolderScan> scan)>;

  FolderScanner(event_base* base, std::string folder, Done done);
  ~FolderScanner();
  FolderScanner(const FolderScanner&) = delete;
  FolderScanner& operator=(const FolderScanner&) = delete;

  // One at a time; `done` is called in the loop.
  void Begin();
  bool busy() const { return thread_.joinable(); }

 private:
  const std::string folder_;
  Done done_;
  Mailbox mailbox_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace dnsd::reporter
