// The history of nodes and events on disk: <state_dir>/history.db (SQLite, write-ahead log). What
// is in it is for people alone; a file that is damaged is begun anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "dnsd/server/events.h"
#include "dnsd/server/history_config.h"
#include "dnsd/server/sqlite.h"

namespace dnsd::server {

// A node at one moment. Loads that are not known are absent.
struct HistorySample {
  WallTime time{};
  std::string node{};
  std::string state{};
  double cost = 0;
  std::uint64_t answers = 0;  // that named it since the sample before
  std::optional<double> cpu_utilization{}, mem_utilization{}, connections{}, rps{};

  friend bool operator==(const HistorySample&, const HistorySample&) = default;
};

// One connection, for one thread. Errors are SqliteDatabase's.
class HistoryStore {
 public:
  // For the one who writes. A file that is no database, or whose tables are of another version, is
  // set aside, and a new one begun; with `check` also one that is damaged inside, for which it is
  // read through, unless it has more than 512 MiB.
  static absl::StatusOr<HistoryStore> Open(const std::string& path, bool check = false);
  // Renames the file to PATH.damaged, in place of the last that was, with a warning that says why.
  static absl::Status SetAside(const std::string& path, const std::string& why);
  // For a reader, beside the writer.
  static absl::StatusOr<HistoryStore> OpenToRead(const std::string& path);

  // All, or nothing. An event whose number is there already is left as it is.
  absl::Status Write(const std::vector<HistorySample>& samples, const std::vector<Event>& events);
  // Deletes what is beyond the limits, some of it at a time.
  absl::Status Prune(const HistoryLimits& limits, WallTime now);

  // Of these nodes since then, the oldest first, at most the newest `most`.
  absl::StatusOr<std::vector<HistorySample>> Samples(const std::set<std::string>& nodes,
                                                     WallTime since, std::size_t most);
  // Likewise the events that are about one of the nodes, or (not empty) the site.
  absl::StatusOr<std::vector<Event>> EventsOf(const std::set<std::string>& nodes,
                                              const std::string& site, WallTime since,
                                              std::size_t most);

 private:
  explicit HistoryStore(SqliteDatabase database) : database_(std::move(database)) {}
  static absl::StatusOr<HistoryStore> TryOpen(const std::string& path, bool check);
  absl::Status WriteSamples(const std::vector<HistorySample>& samples);
  absl::Status WriteEvents(const std::vector<Event>& events);

  SqliteDatabase database_;
};

}  // namespace dnsd::server
