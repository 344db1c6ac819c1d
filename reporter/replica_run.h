// One attempt at a task: its commands one after another, then the site's health check.
//
//   --Begin--> hook --look--> verify --> health --> ended(OK)
//                 \______________\_________\------> ended(why not)
//
// A hook that verifies has four ways to end: its exit status is 0 where the replica is whole, 10
// where it is whole and its source has a newer version, 75 (EX_TEMPFAIL) where it cannot tell, and
// any other where it is not whole.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reporter/child_process.h"
#include "reporter/event_loop.h"

namespace dnsd::reporter {

// Destroying it breaks it off: the hook's process group is killed. Belongs to the loop's thread.
class ReplicaRun {
 public:
  struct Steps {
    std::vector<Command> commands;       // one at least
    bool verifies = false;               // the last of them; the attempt's only one is its verdict
    std::function<absl::Status()> look;  // after the first; null: nothing to look at
    std::function<void()> check_health;  // begins it; null: there is nothing to check
    std::function<bool()> is_healthy;
    Duration limit{};  // of each command, and of the check
  };
  // `ended` is called once, in the loop, and may destroy the object. Where all that was to be done
  // is to verify:
  //   OutOfRange    the replica is whole, and behind its source
  //   Unavailable   whether it is whole cannot be told
  ReplicaRun(event_base* base, Steps steps, std::function<void(const absl::Status&)> ended);

  void Begin() { Next(); }
  // The health of the site may be another now.
  void HealthChanged();
  // The last 64 KiB of all commands.
  const std::string& output() const { return output_; }

 private:
  void Next();
  absl::Status Verdict(const absl::Status& exit) const;
  void CommandEnded(const absl::StatusOr<std::string>& output);
  void End(const absl::Status& status);

  event_base* base_;
  Steps steps_;
  std::function<void(const absl::Status&)> ended_;
  std::size_t done_ = 0;  // commands that have succeeded
  bool checking_ = false;
  std::unique_ptr<ChildProcess> process_;
  std::string output_;
  Timer limit_;  // of the health check
  Timer soon_;   // an end that is known before Begin has returned
  absl::Status result_;
};

}  // namespace dnsd::reporter
