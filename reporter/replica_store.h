// What has been begun and done with replicas here, kept so that a kill at any point leaves the
// truth: a file a site, put in its place whole before a hook begins.
//
//   STATE/www.example.json   its record; modified when the replica was last asked for
//   STATE/www.example.lock   locked by the hook of the site, also one whose reporter was killed; in
//                            it the process group of the hook that was begun last
//
// A site without a record is the operator's: it was here before dnsd, or is made here.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "reporter/hosting.h"

namespace dnsd::reporter {

// Where a replica's content may be had.
struct ReplicaSource {
  std::string node;
  std::vector<std::string> addresses;  // in text
  friend bool operator==(const ReplicaSource&, const ReplicaSource&) = default;
};

struct ReplicaRecord {
  enum class State {
    kMaking,       // a hook that makes it has begun and not succeeded: not ready
    kMade,         // by a hook that succeeded
    kRecorded,     // not here yet: the first request makes it
    kWithdrawing,  // a hook that drops it has begun and not succeeded: not ready
  };
  State state = State::kMaking;
  std::uint64_t bytes = 0;    // as large as it is at its source; 0: not known
  std::uint64_t version = 0;  // of a recorded one, there
  bool ours = false;          // it was not here before a task asked for it
  bool lazy = false;          // it was recorded first
  std::string why;            // it is not ready, for people
  std::vector<ReplicaSource> sources;

  bool ready() const { return state == State::kMade || state == State::kRecorded; }
  friend bool operator==(const ReplicaRecord&, const ReplicaRecord&) = default;
};

// Text of a record, and back. Whatever is no record reads as one that is being made.
std::string RecordText(const ReplicaRecord& record);
ReplicaRecord ParseRecord(const std::string& text);

// A lock on a site's file, held while the object or a process that has inherited `fd` lives.
class SiteLock {
 public:
  SiteLock() = default;
  explicit SiteLock(int fd) : fd_(fd) {}
  SiteLock(SiteLock&& other) noexcept : fd_(other.Release()) {}
  SiteLock& operator=(SiteLock&& other) noexcept;
  ~SiteLock();
  int fd() const { return fd_; }

 private:
  int Release();
  int fd_ = -1;
};

// Belongs to the loop's thread.
class ReplicaStore {
 public:
  // Makes the folder if need be, and reads what is in it.
  //   PermissionDenied, Unavailable   it cannot be made, or not written to
  static absl::StatusOr<ReplicaStore> Open(const std::string& folder);

  const std::map<std::string, ReplicaRecord>& all() const { return records_; }
  // Null: none.
  const ReplicaRecord* Find(const std::string& site) const;
  // Durable when it returns OK. A failure leaves what was there, in memory too.
  absl::Status Put(const std::string& site, const ReplicaRecord& record);
  absl::Status Remove(const std::string& site);

  // When the site was last asked for, seconds since 1970; what it is kept at.
  std::time_t last_used(const std::string& site) const;
  void Use(const std::string& site, std::time_t now);

  //   FailedPrecondition   a process holds it
  absl::StatusOr<SiteLock> Lock(const std::string& site) const;
  // Kills the process group that the lock file tells, a hook's that outlived its reporter; of it
  // only what has that file open, so that no stranger with its number is hit.
  void KillOrphan(const std::string& site) const;

 private:
  explicit ReplicaStore(std::string folder) : folder_(std::move(folder)) {}
  std::string PathOf(const std::string& site, const char* extension) const;

  std::string folder_;
  std::map<std::string, ReplicaRecord> records_;
  struct LastUse {
    std::time_t last = 0, written = 0;
  };
  std::map<std::string, LastUse> used_;
};

}  // namespace dnsd::reporter
