#include "dnsd/server/control_loop.h"

#include <event2/event.h>
#include <event2/thread.h>

#include <algorithm>
#include <future>
#include <utility>

#include "dnsd/server/controller.h"

namespace dnsd::server {
namespace {

// 20 turns a second at most, however many heartbeats come.
constexpr Duration kShortestTurn = std::chrono::milliseconds(50);

}  // namespace

ControlLoop::ControlLoop(const Parts& parts)
    : controller_(std::make_unique<Controller>(parts, MonotonicClock::now(),
                                               std::chrono::system_clock::now())),
      inbox_([this] { Wake(); }) {
  evthread_use_pthreads();
  base_ = event_base_new();
  if (base_ != nullptr) event_ = event_new(base_, -1, 0, &ControlLoop::OnEvent, this);
}

ControlLoop::~ControlLoop() {
  Stop();
  if (event_ != nullptr) event_free(event_);
  if (base_ != nullptr) event_base_free(base_);
}

absl::Status ControlLoop::Start(fleet::DirectiveSink* sink) {
  if (event_ == nullptr) return absl::ResourceExhaustedError("control loop: no event base");
  controller_->SetSink(sink);
  next_turn_ = MonotonicClock::now();
  Wake();
  thread_ = std::thread([this] { event_base_loop(base_, EVLOOP_NO_EXIT_ON_EMPTY); });
  return absl::OkStatus();
}

void ControlLoop::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  if (!thread_.joinable()) return;
  Wake();
  thread_.join();
  const MonotonicTime now = MonotonicClock::now();
  controller_->Step(now, inbox_.Drain());
  controller_->Save(now);
}

bool ControlLoop::Post(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return false;
    posted_.push_back(std::move(work));
  }
  Wake();
  return true;
}

absl::StatusOr<std::vector<std::string>> ControlLoop::SetOrder(
    const std::vector<std::string>& patterns, const fleet::OrderChange& change) {
  std::promise<absl::StatusOr<std::vector<std::string>>> names;
  const auto set = [&] {
    names.set_value(controller_->SetOrder(patterns, change, MonotonicClock::now()));
  };
  if (!Post(set)) return absl::UnavailableError("dnsd is stopping");
  return names.get_future().get();
}

absl::StatusOr<std::vector<SiteKey>> ControlLoop::SetSiteOrders(const std::vector<SiteKey>& keys,
                                                                const fleet::OrderChange& change) {
  std::promise<std::vector<SiteKey>> changed;
  const auto set = [&] {
    changed.set_value(controller_->SetSiteOrders(keys, change, MonotonicClock::now()));
  };
  if (!Post(set)) return absl::UnavailableError("dnsd is stopping");
  return changed.get_future().get();
}

absl::StatusOr<PlacementAnswer> ControlLoop::Place(const PlacementOrder& order) {
  std::promise<absl::StatusOr<PlacementAnswer>> answer;
  const auto place = [&] { answer.set_value(controller_->Place(order, MonotonicClock::now())); };
  if (!Post(place)) return absl::UnavailableError("dnsd is stopping");
  return answer.get_future().get();
}

void ControlLoop::RebindAddresses() { controller_->RebindAddresses(MonotonicClock::now()); }

void ControlLoop::SetGauges(std::vector<policy::Gauge> gauges) {
  controller_->SetGauges(std::move(gauges), MonotonicClock::now());
}

void ControlLoop::SetMeasured(const MeasuredConfig& measured) {
  controller_->SetMeasured(measured, MonotonicClock::now());
}

void ControlLoop::SetPlacement(const placement::Settings& settings) {
  controller_->SetPlacement(settings);
}

std::shared_ptr<const StatusReport> ControlLoop::status() const { return controller_->status(); }

void ControlLoop::Wake() {
  woken_.store(true, std::memory_order_release);
  if (event_ != nullptr) event_active(event_, 0, 0);
}

void ControlLoop::OnEvent(int, short, void* self) { static_cast<ControlLoop*>(self)->Turn(); }

// Every wake and every timer end here. Steps when one is due, no sooner than kShortestTurn after
// the last, and sets the timer for the next.
void ControlLoop::Turn() {
  if (!RunPosted()) {
    event_base_loopbreak(base_);
    return;
  }
  const MonotonicTime now = MonotonicClock::now();
  const auto is_due = [this, now] {
    return now >= std::max(not_before_, woken_.load(std::memory_order_acquire) ? now : next_turn_);
  };
  controller_->SetClocks(now, std::chrono::system_clock::now());
  if (is_due()) {
    woken_.store(false, std::memory_order_release);  // before Drain: what comes later wakes again
    controller_->dropped_beats = inbox_.dropped();
    controller_->Step(now, inbox_.Drain());
    not_before_ = now + kShortestTurn;
    next_turn_ = controller_->NextWake();
  }
  const MonotonicTime next = woken_.load(std::memory_order_acquire) ? now : next_turn_;
  SetTimer(std::max(next, not_before_) - now);
}

void ControlLoop::SetTimer(Duration in) {
  const auto us = std::chrono::ceil<std::chrono::microseconds>(std::max(in, Duration::zero()));
  const timeval wait{us.count() / 1'000'000, us.count() % 1'000'000};
  event_add(event_, &wait);
}

// False once the loop is to end.
bool ControlLoop::RunPosted() {
  std::vector<std::function<void()>> work;
  bool stopping = false;
  {
    std::lock_guard lock(mutex_);
    work.swap(posted_);
    stopping = stopping_;
  }
  for (const auto& function : work) function();
  return !stopping;
}

}  // namespace dnsd::server
