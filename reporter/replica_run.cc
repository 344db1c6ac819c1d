#include "reporter/replica_run.h"

#include <utility>

#include "dnsd/base/duration.h"

namespace dnsd::reporter {
namespace {

constexpr std::size_t kMostOutput = 64U << 10;

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
  process_.reset();
  if (!output.ok()) return End(output.status());
  if (++done_ == 1 && steps_.look) {
    if (const absl::Status seen = steps_.look(); !seen.ok()) return End(seen);
  }
  Next();
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
