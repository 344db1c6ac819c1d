// Keeps the history: a thread of its own that looks at the status and the events every now and then
// and writes them down. Nobody waits for it: what a full or slow disk does not take is lost.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "dnsd/base/clock.h"
#include "dnsd/server/events.h"
#include "dnsd/server/history_config.h"
#include "dnsd/server/history_store.h"
#include "dnsd/server/status_report.h"

namespace dnsd::server {

struct HistoryHealth {
  std::string error;          // of the last write; empty: fine
  std::uint64_t samples = 0;  // written since the start
  std::uint64_t failed = 0;   // writes that were not taken
};

// One turn after the other; of one thread, but for health().
class HistoryWriter {
 public:
  // `path`: of the file, which is made if need be.
  HistoryWriter(std::string path, const HistoryLimits& limits)
      : path_(std::move(path)), limits_(limits) {}

  // Writes a sample of each node and the events since the last turn. Logs when that fails and when
  // it is well again, and nothing while it goes on.
  void Write(const StatusReport& report, const Events& events, WallTime now);
  // When to write next: more seldom where nodes are many.
  static Duration PeriodFor(std::size_t nodes, Duration shortest);

  // Has the next turn look the file through, since a reader found it damaged; any thread.
  void Suspect() { suspected_ = true; }

  HistoryHealth health() const;  // any thread

 private:
  absl::Status TryWrite(const StatusReport& report, const Events& events, WallTime now);
  std::vector<HistorySample> SamplesOf(const StatusReport& report, WallTime now);

  const std::string path_;
  const HistoryLimits limits_;
  std::optional<HistoryStore> store_;
  std::atomic<bool> suspected_{true};             // not looked through since the start
  std::uint64_t last_event_ = 0;                  // written
  std::map<std::string, std::uint64_t> answers_;  // by node, as of its last sample
  std::optional<WallTime> pruned_;

  mutable std::mutex mutex_;  // guards the one below
  HistoryHealth health_;
};

class History {
 public:
  using Report = std::function<std::shared_ptr<const StatusReport>()>;

  // `events` is borrowed.
  History(std::string path, const HistoryConfig& config, Report report, const Events& events);
  ~History();  // writes what is new, and ends the thread
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  const std::string& path() const { return path_; }
  HistoryHealth health() const { return writer_.health(); }
  void Suspect() { writer_.Suspect(); }

 private:
  void Run();
  void Write() { writer_.Write(*report_(), events_, std::chrono::system_clock::now()); }

  const std::string path_;
  const Duration shortest_;  // period
  const Report report_;
  const Events& events_;
  HistoryWriter writer_;  // the thread's
  std::mutex mutex_;      // guards the one below
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace dnsd::server
