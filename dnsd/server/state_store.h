// What outlives a restart: the nodes with their last loads and states, and the hosting, in
// <state_dir>/state.db (SQLite, write-ahead log).
//
//   control loop --Save(snapshot)--> [ the newest ] --own thread--> what differs from the last
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dnsd/base/status.h"
#include "dnsd/fleet/fleet.h"
#include "dnsd/fleet/hosting.h"
#include "dnsd/server/site_orders.h"
#include "dnsd/server/sqlite.h"

namespace dnsd::server {

// Immutable once handed over.
struct StoredState {
  std::vector<fleet::StoredNode> nodes;  // by NodeIndex
  std::shared_ptr<const fleet::HostingTable> hosting = std::make_shared<fleet::HostingTable>();
  std::vector<SiteOrder> site_orders{};
};

// Save and error() are for any thread; a slow or full disk never holds the caller up.
class StateStore {
 public:
  // Reads what is stored in `dir`, which is created if need be. A file that is damaged, or of
  // another version, is moved aside with a warning, and an empty one begun.
  //   Unavailable  another process has it
  //   Internal     it cannot be created, read or written; the message names the path
  static absl::StatusOr<std::unique_ptr<StateStore>> Open(const std::string& dir);
  ~StateStore();  // writes what waits
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  // As it was when opened.
  const StoredState& restored() const { return *restored_; }
  // Has `state` written soon. Of those that wait only the newest is.
  void Save(std::shared_ptr<const StoredState> state);
  // Returns once what was handed over is written, or failed to be; at the latest after `patience`.
  void AwaitWritten(Duration patience);
  // Why the last write failed; empty if it did not.
  std::string error() const;

 private:
  StateStore(SqliteDatabase database, std::shared_ptr<const StoredState> restored);
  void Run();
  absl::Status Write(const StoredState& next);
  absl::Status WriteNodes(const StoredState& next);
  absl::Status WriteHosting(const StoredState& next);
  absl::Status WriteSiteOrders(const StoredState& next);

  SqliteDatabase database_;  // the thread's
  const std::shared_ptr<const StoredState> restored_;
  std::shared_ptr<const StoredState> written_;  // the thread's
  mutable std::mutex mutex_;                    // guards what follows
  std::shared_ptr<const StoredState> waiting_;
  std::string error_;
  bool stopping_ = false;
  bool writing_ = false;
  std::condition_variable wake_;
  std::condition_variable rested_;  // nothing waits, nothing is being written
  std::thread thread_;
};

}  // namespace dnsd::server
