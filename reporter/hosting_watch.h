// The hosted sites as a folder has them, now and after each change.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "reporter/event_loop.h"
#include "reporter/folder_scan.h"
#include "reporter/hosting.h"

namespace dnsd::reporter {

// Watches the folder with inotify, and looks again every minute for changes deep inside a site. A
// folder that goes away hosts nothing, one that cannot be read what it did. Each second the path is
// followed anew: it may be a link, led to another folder since.
class HostingWatch {
 public:
  using Changed = std::function<void(const SiteContents& sites)>;

  // Reads the folder before it returns. `changed` is called in the loop, after each change.
  HostingWatch(event_base* base, std::string folder, Changed changed);
  ~HostingWatch();
  HostingWatch(const HostingWatch&) = delete;
  HostingWatch& operator=(const HostingWatch&) = delete;

  const std::string& folder() const { return folder_; }
  // Begins to read the folder; `changed` is called if it is another than before.
  void Look();
  // Reads one site at once, likewise.
  void LookAt(const std::string& site);
  // What the folder has now.
  const SiteContents& sites() const { return scan_.sites; }

 private:
  void ReadEvents();
  bool Attach();
  void Follow();
  void Scanned(absl::StatusOr<FolderScan> scan);
  void Take(absl::StatusOr<FolderScan> scan);

  std::string folder_;
  Changed changed_;
  int fd_;
  int watch_ = -1;  // the folder's, -1: it is not there
  Watch readable_;
  Timer soon_;   // events come in bursts
  Timer later_;  // the next look without any
  Timer follow_;
  FolderScan scan_;
  std::set<std::string> looked_at_;  // sites, since the scan that is under way began
  bool again_ = false;               // something has happened since
  FolderScanner scanner_;
  std::string fault_;  // told of last
};

}  // namespace dnsd::reporter
