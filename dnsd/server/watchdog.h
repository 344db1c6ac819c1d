// Tells the service manager, again and again, that dnsd does its work (sd_watchdog_enabled(3)).
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "dnsd/base/clock.h"

namespace dnsd::server {

// A thread that looks for a fault every `period` and calls `ping` if there is none. A fault is
// logged once, and left to the service manager, which hears no ping and starts dnsd anew.
class Watchdog {
 public:
  // `fault` says what is wrong; empty: nothing.
  Watchdog(Duration period, std::function<std::string()> fault, std::function<void()> ping);
  ~Watchdog();  // ends the thread
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Run();

  const Duration period_;
  const std::function<std::string()> fault_;
  const std::function<void()> ping_;
  std::mutex mutex_;  // guards what follows
  bool stopping_ = false;
  std::condition_variable stop_;
  std::thread thread_;
};

}  // namespace dnsd::server
