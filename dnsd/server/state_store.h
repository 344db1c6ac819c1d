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
  // Reads what is stored in `dir`, which is created if need be. A file that is damaged is moved
  // aside with a warning, and an empty one begun. One of a newer dnsd, which an upgrade that was
  // taken back has left, is read as far as this one knows it, and never written: error() says so.
  //   Unavailable  another process has it
  //   Internal     it cannot be created, read or written; the message names the path
  static absl::StatusOr<std::unique_ptr<StateStore>> Open(const std::string& dir);
  // Of a dnsd without a state_dir: keeps what is saved in memory, for whoever has latest() of it.
  static std::unique_ptr<StateStore> InMemory(std::shared_ptr<const StoredState> restored);
  ~StateStore();  // writes what waits
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  // As it was when opened.
  const StoredState& restored() const { return *restored_; }
  // What was saved last, or restored if nothing was.
  std::shared_ptr<const StoredState> latest() const;
  // Has `state` written soon. Of those that wait only the newest is.
  void Save(std::shared_ptr<const StoredState> state);
  // Returns once what was handed over is written, or failed to be; at the latest after `patience`.
  // What an operator must know: that a restart would forget it, or may; empty if it is written.
  std::string AwaitWritten(Duration patience);
  // Why nothing is written, or the last write failed; empty if it did not.
  std::string error() const;

 private:
  StateStore(std::optional<SqliteDatabase> database, std::shared_ptr<const StoredState> restored,
             std::string error);
  void Run();
  absl::Status Write(const StoredState& next);
  absl::Status WriteNodes(const StoredState& next);
  absl::Status WriteHosting(const StoredState& next);
  absl::Status WriteSiteOrders(const StoredState& next);

  std::optional<SqliteDatabase> database_;  // the thread's; nothing: nothing is written
  const std::shared_ptr<const StoredState> restored_;
  std::shared_ptr<const StoredState> written_;  // the thread's
  mutable std::mutex mutex_;                    // guards what follows
  std::shared_ptr<const StoredState> waiting_;
  std::shared_ptr<const StoredState> latest_;
  std::string error_;
  bool stopping_ = false;
  bool writing_ = false;
  std::condition_variable wake_;
  std::condition_variable rested_;  // nothing waits, nothing is being written
  std::thread thread_;
};

}  // namespace dnsd::server
