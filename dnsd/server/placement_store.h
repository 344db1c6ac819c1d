// Where placement keeps what must outlive a restart: <state_dir>/placement.db (SQLite, write-ahead
// log, every commit on the disk).
//
//   control loop --Save(changes)--> [ queue ] --own thread--> one transaction; written() rises
//
// Nothing is carried out before it is written (placement/ledger.h), so what fails to be written is
// tried again until it is, in its order.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "dnsd/placement/placer.h"
#include "dnsd/server/sqlite.h"

namespace dnsd::server {

// Save, written() and error() are for any thread; a slow or full disk never holds the caller up.
class PlacementStore {
 public:
  // Ended actions that are kept, for people to look at.
  static constexpr int kMostKept = 10'000;

  // Reads what is stored in `dir`, which is created if need be. A damaged file is moved aside with
  // a warning, and an empty one begun.
  //   FailedPrecondition  a newer dnsd wrote it
  //   Unavailable         another process has it
  //   Internal            it cannot be created, read or written; the message names the path
  static absl::StatusOr<std::unique_ptr<PlacementStore>> Open(const std::string& dir);
  ~PlacementStore();  // writes what waits, if the disk takes it
  PlacementStore(const PlacementStore&) = delete;
  PlacementStore& operator=(const PlacementStore&) = delete;

  // As it was when opened.
  const placement::StoredPlacement& restored() const { return restored_; }
  void Save(placement::Unstored changes);
  // Returns once what was handed over is written; why it is not after `patience`, or empty.
  std::string AwaitWritten(Duration patience);
  // All changes up to this sequence are on the disk.
  std::uint64_t written() const { return written_.load(std::memory_order_acquire); }
  // Why the last write failed; empty if it did not.
  std::string error() const;

 private:
  PlacementStore(SqliteDatabase database, placement::StoredPlacement restored);
  void Run();
  absl::Status Write(const placement::Unstored& changes);

  SqliteDatabase database_;  // the thread's
  const placement::StoredPlacement restored_;
  std::atomic<std::uint64_t> written_{0};
  mutable std::mutex mutex_;  // guards what follows
  std::deque<placement::Unstored> waiting_;
  std::string error_;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::condition_variable rested_;  // nothing waits
  std::thread thread_;
};

}  // namespace dnsd::server
