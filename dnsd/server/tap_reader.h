// The thread that takes what the workers' taps hold to where it goes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dnsd/server/query_tap.h"
#include "dnsd/server/tap_sink.h"

namespace dnsd::server {

// How a sink fares, for metrics.
struct TapStatus {
  std::string name;  // "query_log", "dnstap"
  std::uint64_t written = 0;
  std::uint64_t lost = 0;  // no room in a ring, or the sink could not take it
};

// Start, Stop and Reopen are main's; status is for any thread.
class TapReader {
 public:
  // `taps` must outlive it. A sink gets the queries that are for its use.
  struct Output {
    std::string name;
    TapUse use;
    std::unique_ptr<TapSink> sink;
  };
  TapReader(std::vector<QueryTap*> taps, std::vector<Output> outputs)
      : taps_(std::move(taps)), outputs_(std::move(outputs)) {}
  ~TapReader() { Stop(); }
  TapReader(const TapReader&) = delete;
  TapReader& operator=(const TapReader&) = delete;

  void Start();
  // Takes what the taps still hold, and ends the thread.
  void Stop();
  // Files are opened anew soon.
  void Reopen() { reopen_.store(true, std::memory_order_relaxed); }

  std::vector<TapStatus> status() const;

  // One round; false if there was nothing to take. For tests, and the thread.
  bool Round(MonotonicTime now);

 private:
  void Run();

  const std::vector<QueryTap*> taps_;
  const std::vector<Output> outputs_;
  std::atomic<bool> reopen_{false};
  std::mutex mutex_;  // guards stopping_
  bool stopping_ = false;
  std::condition_variable stop_;
  std::thread thread_;
};

}  // namespace dnsd::server
