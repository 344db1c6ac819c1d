#include "dnsd/server/watchdog.h"

#include <utility>

#include "dnsd/base/log.h"

namespace dnsd::server {

Watchdog::Watchdog(Duration period, std::function<std::string()> fault, std::function<void()> ping)
    : period_(period),
      fault_(std::move(fault)),
      ping_(std::move(ping)),
      thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void Watchdog::Run() {
  std::string told;
  std::unique_lock lock(mutex_);
  do {
    std::string fault = fault_();
    if (fault.empty()) ping_();
    if (fault == told) continue;
    if (!fault.empty()) spdlog::error("{}; the service manager is told nothing more", fault);
    told = std::move(fault);
  } while (!stop_.wait_for(lock, period_, [this] { return stopping_; }));
}

}  // namespace dnsd::server
