// A thread for work that others must not wait for.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace dnsd::server {

// Does one piece of work after the other; begins to run with the first. Do may be called by any
// thread.
class WorkThread {
 public:
  // `most`: pieces that may wait.
  explicit WorkThread(std::size_t most) : most_(most) {}
  ~WorkThread() { Stop(); }
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  // False, and the work is not done, if too much waits already.
  bool Do(std::function<void()> work);
  // Waits for the piece that is being done, if any; those that wait are dropped. It may begin anew
  // after that. One thread's.
  void Stop();

 private:
  void Run();

  const std::size_t most_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace dnsd::server
