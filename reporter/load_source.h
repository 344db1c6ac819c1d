// The operator's own source of load beside the kernel: a file, or a command's output.
#pragma once

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

  friend bool operator==(const LoadSourceConfig&, const LoadSourceConfig&) = default;
};

// "file:PATH" or "exec:COMMAND".
absl::StatusOr<LoadSourceConfig> ParseLoadSource(const std::string& text);

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
