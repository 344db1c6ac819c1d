#include "reporter/replica_run.h"

#include <utility>

#include "dnsd/base/duration.h"

namespace dnsd::reporter {
namespace {

constexpr std::size_t kMostOutput = 64U << 10;
constexpr int kBehind = 10;
constexpr int kCannotTell = 75;

}  // namespace

ReplicaRun::ReplicaRun(event_base* base, Steps steps,
                       std::function<void(const absl::Status&)> ended)
    : base_(base),
      steps_(std::move(steps)),
      ended_(std::move(ended)),
      limit_(base,
             [this] {
               End(absl::DeadlineExceededError("the site's health check did not succeed within " +
                                               DurationText(steps_.limit)));
             }),
      soon_(base, [this] { End(result_); }) {}

void ReplicaRun::Next() {
  if (done_ < steps_.commands.size()) {
    auto started = ChildProcess::Start(base_, steps_.commands[done_], steps_.limit,
                                       [this](auto output) { CommandEnded(output); });
    if (started.ok()) {
      process_ = *std::move(started);
      return;
    }
    result_ = started.status();
  } else if (steps_.check_health) {
    checking_ = true;
    limit_.After(steps_.limit);
    steps_.check_health();
    return HealthChanged();
  }
  soon_.After(Duration::zero());
}

void ReplicaRun::CommandEnded(const absl::StatusOr<std::string>& output) {
  output_ += output.ok() ? *output : process_->output();
  if (output_.size() > kMostOutput) output_.erase(0, output_.size() - kMostOutput);
  const absl::Status verdict = output.ok() ? absl::OkStatus() : Verdict(output.status());
  process_.reset();
  if (!verdict.ok()) return End(verdict);
  if (++done_ == 1 && steps_.look) {
    if (const absl::Status seen = steps_.look(); !seen.ok()) return End(seen);
  }
  Next();
}

// What a hook that ended so has said. After one that has just made the replica well, only that it
// is not whole counts: its source may have gone, or have a newer version already.
absl::Status ReplicaRun::Verdict(const absl::Status& exit) const {
  const bool verified = steps_.verifies && done_ + 1 == steps_.commands.size();
  const int code = process_->exit_code().value_or(-1);
  if (!verified || (code != kBehind && code != kCannotTell)) return exit;
  if (steps_.commands.size() > 1) return absl::OkStatus();
  if (code == kBehind) return absl::OutOfRangeError("its source has a newer version");
  return absl::UnavailableError("whether it is whole cannot be told");
}

void ReplicaRun::HealthChanged() {
  if (!checking_ || !steps_.is_healthy()) return;
  checking_ = false;
  limit_.Stop();
  soon_.After(Duration::zero());
}

void ReplicaRun::End(const absl::Status& status) {
  const absl::Status copy = status;
  const auto ended = std::move(ended_);
  ended(copy);
}

}  // namespace dnsd::reporter
