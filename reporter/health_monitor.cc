#include "reporter/health_monitor.h"

#include <algorithm>
#include <utility>

namespace dnsd::reporter {
namespace {

// A check that contradicts "healthy" is repeated after this part of the interval, so that a service
// that died is out soon, while one lost packet alone says nothing.
constexpr int kDoubtDivisor = 4;
// What the latest response counts for in the mean.
constexpr double kLatest = 0.25;

}  // namespace

HealthMonitor::HealthMonitor(event_base* base, Random random, Changed changed)
    : base_(base), random_(random), changed_(std::move(changed)) {}

void HealthMonitor::Watch(const std::string& subject, const HealthCheckConfig& check) {
  const auto former = subjects_.find(subject);
  if (former != subjects_.end() && former->second->check == check) return;
  auto fresh = std::make_unique<Subject>(check, base_, [this, subject] { Due(subject); });
  if (former != subjects_.end()) fresh->state.Inherit(former->second->state);
  Forget(subject);
  subjects_[subject] = std::move(fresh);
  Due(subject);
}

void HealthMonitor::Forget(const std::string& subject) {
  const auto at = subjects_.find(subject);
  if (at == subjects_.end()) return;
  const bool ran = at->second->probe != nullptr;
  subjects_.erase(at);
  if (subjects_.empty()) response_seconds_.reset();
  std::erase(waiting_, subject);
  if (!ran) return;
  --running_;
  BeginWaiting();
}

const HealthState* HealthMonitor::Find(const std::string& subject) const {
  const auto at = subjects_.find(subject);
  return at == subjects_.end() ? nullptr : &at->second->state;
}

bool HealthMonitor::all_known() const {
  return std::all_of(subjects_.begin(), subjects_.end(),
                     [](const auto& subject) { return subject.second->state.known(); });
}

void HealthMonitor::Due(const std::string& name) {
  if (running_ >= kMostAtOnce) {
    waiting_.push_back(name);
  } else {
    Begin(name, *subjects_.at(name));
  }
}

void HealthMonitor::Begin(const std::string& name, Subject& subject) {
  ++running_;
  if (subject.check.kind != HealthCheckConfig::Kind::kCommand) ++sessions_;
  subject.begun = MonotonicClock::now();
  subject.probe = Probe::Start(base_, subject.check,
                               [this, name](const absl::Status& result) { End(name, result); });
}

void HealthMonitor::End(const std::string& name, const absl::Status& result) {
  --running_;
  Subject& subject = *subjects_.at(name);
  subject.probe.reset();
  NoteResponse(subject, result);
  const std::string detail(result.message().data(), result.message().size());
  const bool changed = subject.state.Observe(result.ok(), detail);
  subject.timer.After(NextWait(subject));
  BeginWaiting();
  if (changed) changed_(name);
}

void HealthMonitor::BeginWaiting() {
  while (running_ < kMostAtOnce && !waiting_.empty()) {
    const std::string name = std::move(waiting_.front());
    waiting_.pop_front();
    Begin(name, *subjects_.at(name));
  }
}

void HealthMonitor::NoteResponse(const Subject& subject, const absl::Status& result) {
  if (subject.check.kind != HealthCheckConfig::Kind::kHttp) return;
  if (!result.ok() && !absl::IsDeadlineExceeded(result)) return;
  const double seconds = Seconds(MonotonicClock::now() - subject.begun);
  const double mean = response_seconds_.value_or(seconds);
  response_seconds_ = mean + kLatest * (seconds - mean);
}

// Spread by a tenth either way, so that the checks of many sites do not march in step.
Duration HealthMonitor::NextWait(const Subject& subject) {
  const bool doubt = subject.state.healthy() && subject.state.in_doubt();
  const double interval = Seconds(subject.check.interval) / (doubt ? kDoubtDivisor : 1);
  return FromSeconds(interval * (0.9 + 0.2 * random_.Unit()));
}

}  // namespace dnsd::reporter
