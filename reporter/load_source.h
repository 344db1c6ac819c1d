// The operator's own source of load beside the kernel: a file, or a command's output.
#pragma once

#include <ctime>
#include <memory>
#include <string>

#include "dnsd/base/clock.h"
#include "reporter/child_process.h"
#include "reporter/load_report.h"

namespace dnsd::reporter {

struct LoadSourceConfig {
  enum class Kind { kNone, kFile, kCommand };
  Kind kind = Kind::kNone;
  std::string file_or_command;
  Duration timeout = std::chrono::seconds(2);  // of the command
  Duration max_age{};                          // of the file, since it was modified; 0: any

  friend bool operator==(const LoadSourceConfig&, const LoadSourceConfig&) = default;
};

// "file:PATH" or "exec:COMMAND".
absl::StatusOr<LoadSourceConfig> ParseLoadSource(const std::string& text);

// The content of a regular file that was modified within `max_age` (0: whenever) before `now`,
// seconds since 1970. The error's text is the same at each reading.
absl::StatusOr<std::string> ReadLoadFile(const std::string& path, Duration max_age,
                                         std::time_t now);

// Belongs to the loop's thread.
class LoadSource {
 public:
  LoadSource(event_base* base, LoadSourceConfig config);

  // Reads the file; does nothing for a command. Called at every sample.
  void ReadFile(MonotonicTime now);
  // Starts the command unless its last run is still under way. Called once a heartbeat.
  void StartCommand();

  // Null: nothing, the kernel's values stand.
  const heartbeat::v1::Load* Find(MonotonicTime now) const { return board_.Find(now); }
  const LoadSourceConfig& config() const { return config_; }
  // False while a command's first run has not ended: there may soon be something to say.
  bool settled() const { return config_.kind != LoadSourceConfig::Kind::kCommand || ran_; }

 private:
  void Take(const absl::StatusOr<std::string>& json, MonotonicTime now);

  event_base* base_;
  LoadSourceConfig config_;
  LoadBoard board_;
  std::unique_ptr<ChildProcess> command_;  // while it runs
  bool ran_ = false;
};

}  // namespace dnsd::reporter
