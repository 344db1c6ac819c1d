// Immutable state handed from one writer to many readers.
//
//   writer:  Published<T> --Publish(next)--> current_, generation_ + 1
//   reader:  View<T>      --Refresh()------> its own shared_ptr, renewed when generation_ moved
//
// A reader's Refresh costs one load while nothing has changed, and a lock only after a change.
// (std::atomic<std::shared_ptr> would spin on g++ 12.)
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace dnsd {

// The writer's side. Publish is called by one thread; Get by any. Old values are freed by the
// publishing thread once no reader holds them, so that no reader ever runs a destructor.
template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  void Publish(std::shared_ptr<const T> next) {
    {
      std::lock_guard lock(mutex_);
      retired_.push_back(std::exchange(current_, std::move(next)));
    }
    generation_.fetch_add(1, std::memory_order_release);
    Sweep();
  }

  // Frees what no reader holds any more; how many that were. Publish calls it; the publishing
  // thread must call it again later, since readers let go of an old value only after that.
  std::size_t Sweep() {
    return std::erase_if(retired_, [](const auto& old) { return old.use_count() == 1; });
  }
  // Whether old values wait to be freed. The publishing thread's.
  bool has_retired() const { return !retired_.empty(); }

  std::shared_ptr<const T> Get() const {
    std::lock_guard lock(mutex_);
    return current_;
  }

  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;  // guards current_
  std::shared_ptr<const T> current_;
  std::atomic<std::uint64_t> generation_{0};
  std::vector<std::shared_ptr<const T>> retired_;  // the publishing thread's alone
};

// A reader's side, owned by one thread. Borrows `source`, which must outlive it.
template <typename T>
class View {
 public:
  explicit View(const Published<T>& source)
      : source_(source), generation_(source.generation()), current_(source.Get()) {}

  // The newest value; it stays valid until the next Refresh. `changed()` tells whether this call
  // brought a new one.
  const T& Refresh() {
    const std::uint64_t now = source_.generation();
    changed_ = now != generation_;
    if (changed_) {
      generation_ = now;
      current_ = source_.Get();
    }
    return *current_;
  }

  const T& get() const { return *current_; }
  bool changed() const { return changed_; }

 private:
  const Published<T>& source_;
  std::uint64_t generation_;
  bool changed_ = true;
  std::shared_ptr<const T> current_;
};

}  // namespace dnsd
