#include "dnsd/server/work_thread.h"

#include <utility>

namespace dnsd::server {

void WorkThread::Stop() {
  {
    std::lock_guard lock(mutex_);
    stops_ = true;
    waiting_.clear();
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  std::lock_guard lock(mutex_);
  stops_ = false;
}

bool WorkThread::Do(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (stops_ || waiting_.size() >= most_) return false;
    waiting_.push_back(std::move(work));
    if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  }
  changed_.notify_one();
  return true;
}

void WorkThread::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stops_ || !waiting_.empty(); });
    if (stops_) return;
    std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it holds on to is freed without the lock
    lock.lock();
  }
}

}  // namespace dnsd::server
