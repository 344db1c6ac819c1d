// The hosted sites as a folder has them: one entry a site, named after it.
//
//   /srv/www/www.example/     hosted; version: its newest change, milliseconds since 1970
//   /srv/www/shop.example ->  ../releases/17: hosted; the folder it leads to counts
//   /srv/www/.incoming/       dotfiles are not: copy there, then rename, and the site appears whole
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "dnsd/base/status.h"
#include "reporter/event_loop.h"
#include "reporter/hosting.h"

namespace dnsd::reporter {

struct FolderScan {
  SiteContents sites;
  std::set<std::string> ignored;  // entries whose names are no site names
};

// Reads the folder. Sizes and times are taken from at most 100,000 files in all and 20,000 a site;
// of a site with more neither is known: 0.
//   NotFound      there is no such folder
//   Unavailable   it cannot be read whole
absl::StatusOr<FolderScan> ScanSites(const std::string& folder);

// Watches the folder with inotify, and looks again every minute for changes deep inside a site. A
// folder that goes away hosts nothing, one that cannot be read what it did. Each second the path is
// followed anew: it may be a link, led to another folder since.
class HostingWatch {
 public:
  using Changed = std::function<void(const SiteContents& sites)>;

  // `changed` is called in the loop, after each change.
  HostingWatch(event_base* base, std::string folder, Changed changed);
  ~HostingWatch();
  HostingWatch(const HostingWatch&) = delete;
  HostingWatch& operator=(const HostingWatch&) = delete;

  // Reads the folder now; `changed` is called if it is another than before.
  void Look();
  // What the folder has now.
  const SiteContents& sites() const { return scan_.sites; }

 private:
  void ReadEvents();
  bool Attach();
  void Follow();
  void Scan();

  std::string folder_;
  Changed changed_;
  int fd_;
  int watch_ = -1;  // the folder's, -1: it is not there
  Watch readable_;
  Timer soon_;   // events come in bursts
  Timer later_;  // the next look without any
  Timer follow_;
  FolderScan scan_;
  std::string fault_;  // told of last
};

}  // namespace dnsd::reporter
