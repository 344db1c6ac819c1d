#include "dnsd/server/events.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "dnsd/base/log.h"

namespace dnsd::server {
namespace {

void Log(const Event& event) {
  static constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::info, spdlog::level::warn,
                                                          spdlog::level::err};
  const auto level = kLevels[static_cast<std::size_t>(event.gravity)];
  std::string subject;
  if (!event.site.empty()) subject += "site " + event.site;
  if (!event.node.empty()) subject += (subject.empty() ? "node " : " at node ") + event.node;
  if (!subject.empty()) subject += ": ";
  spdlog::log(level, "{}{}", subject, event.text);
}

std::uint64_t Milliseconds(WallTime time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(since_epoch.count(), 1));
}

}  // namespace

const char* NameOf(Event::Kind kind) {
  static constexpr const char* kNames[] = {"start", "state", "order", "reload", "placement"};
  return kNames[static_cast<std::size_t>(kind)];
}

const char* NameOf(Event::Gravity gravity) {
  static constexpr const char* kNames[] = {"info", "warning", "error"};
  return kNames[static_cast<std::size_t>(gravity)];
}

Events::Events(Clock clock) : clock_(std::move(clock)), next_(Milliseconds(clock_())) {}

void Events::Add(Event event) {
  Log(event);
  {
    std::lock_guard lock(mutex_);
    event.sequence = next_++;
    event.time = clock_();
    ring_.push_back(std::move(event));
    if (ring_.size() > kMost) ring_.pop_front();
  }
  added_.notify_all();
}

Events::Some Events::Since(std::uint64_t sequence, std::size_t most) const {
  std::lock_guard lock(mutex_);
  return Copy(sequence, most);
}

Events::Some Events::Await(std::uint64_t sequence, Duration patience) const {
  std::unique_lock lock(mutex_);
  added_.wait_for(lock, patience, [&] { return sequence < next_ - 1 && !ring_.empty(); });
  return Copy(sequence, kMost);
}

Events::Some Events::Copy(std::uint64_t sequence, std::size_t most) const {
  const std::uint64_t first = next_ - ring_.size();
  std::uint64_t wanted = 0;
  if (sequence < next_) {
    const std::uint64_t after = std::max(first, sequence + 1);  // the first that is wanted
    wanted = std::min<std::uint64_t>(next_ - after, most);
  }
  Some some{.first = first, .last = next_ - 1, .events = {}};
  some.events.assign(ring_.end() - static_cast<std::ptrdiff_t>(wanted), ring_.end());
  return some;
}

}  // namespace dnsd::server
