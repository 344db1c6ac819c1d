#include "dnsd/server/tap_reader.h"

#include <pthread.h>

#include <chrono>

namespace dnsd::server {
namespace {

// A ring of 1 MiB holds some 5,000 queries: at 250,000 a second a worker fills it in 20 ms.
constexpr Duration kPause = std::chrono::milliseconds(5);
constexpr int kMostOfOne = 1000;  // before the other workers' have their turn

}  // namespace

void TapReader::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "dnsd-tap");
    Run();
  });
}

void TapReader::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::vector<TapStatus> TapReader::status() const {
  std::uint64_t dropped = 0;
  for (const QueryTap* tap : taps_) dropped += tap->dropped();
  std::vector<TapStatus> all;
  for (const Output& output : outputs_) {
    all.push_back({output.name, output.sink->written(), output.sink->lost() + dropped});
  }
  return all;
}

bool TapReader::Round(MonotonicTime now) {
  if (reopen_.exchange(false, std::memory_order_relaxed)) {
    for (const Output& output : outputs_) output.sink->Reopen();
  }
  bool any = false;
  for (QueryTap* tap : taps_) {
    for (int i = 0; i < kMostOfOne; ++i) {
      const auto query = tap->Take();
      if (!query) break;
      any = true;
      for (const Output& output : outputs_) {
        if ((query->header.uses & output.use) != 0) output.sink->Take(*query);
      }
    }
  }
  for (const Output& output : outputs_) output.sink->Tend(now);
  return any;
}

void TapReader::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool any = Round(MonotonicClock::now());
    lock.lock();
    if (!any) stop_.wait_for(lock, kPause, [this] { return stopping_; });
  }
  lock.unlock();
  while (Round(MonotonicClock::now())) {
  }
}

}  // namespace dnsd::server
