// A command of the operator's, run beside the loop with a time limit.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "reporter/event_loop.h"

namespace dnsd::reporter {

struct Command {
  std::string text;                        // for sh -c
  std::vector<std::string> arguments{};    // "$1", "$2" and so on of it
  std::vector<std::string> environment{};  // "NAME=value" each, beside our own
  // Its standard error is kept with its output, and of both the last 64 KiB, not the first.
  bool with_errors = false;
  // A file, open there as descriptor 3: a lock on it lasts as long as the last process, and before
  // anything else the process group's number is written to its beginning.
  int lock = -1;
};

// Runs `sh -c COMMAND` in a process group of its own, its standard output read to 64 KiB, its
// standard input empty. At the limit, and when the object is destroyed, the whole group is killed;
// what does not die of it is not waited for. Belongs to the loop's thread.
class ChildProcess {
 public:
  // What the command wrote, or why it failed: its exit status, its signal, or the limit
  // (DeadlineExceeded).
  using Done = std::function<void(absl::StatusOr<std::string> output)>;

  // `done` is called once, in the loop, and may destroy the object.
  //   Unavailable   no process or pipe, or several runs of the same command cannot be killed
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(event_base* base,
                                                             const Command& command, Duration limit,
                                                             Done done);
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(event_base* base,
                                                             const std::string& command,
                                                             Duration limit, Done done) {
    return Start(base, Command{command}, limit, std::move(done));
  }
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // What it wrote before it failed.
  const std::string& output() const { return output_; }
  // What it exited with; nothing while it runs and where a signal ended it.
  std::optional<int> exit_code() const { return exit_code_; }

 private:
  ChildProcess(event_base* base, const Command& command, pid_t pid, int output, Duration limit,
               Done done);
  void ReadOutput();
  void Keep(const char* data, std::size_t size);
  void TimeOut();
  bool HasEnded() const;
  void TryReap();
  void KillGroup() const;
  void Abandon();
  void Finish(absl::StatusOr<std::string> result);

  std::string command_;
  bool keep_last_;
  pid_t pid_;  // also the group's number; 0 once reaped or abandoned
  int output_fd_;
  Duration limit_;
  Done done_;
  std::string output_;
  std::optional<int> exit_code_;
  std::optional<Watch> readable_;
  Watch child_signal_;
  Timer timer_;
};

}  // namespace dnsd::reporter
