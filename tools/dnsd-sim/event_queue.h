// What is to happen, by time: a binary heap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace dnsd::sim {

// Of events at one time the one pushed first comes first, so that a run is the same to the octet
// however the heap was built.
template <typename Payload>
class EventQueue {
 public:
  struct Event {
    double at = 0;  // seconds since the start
    std::uint64_t order = 0;
    Payload payload;
  };

  void Push(double at, Payload payload) {
    heap_.push_back({at, pushed_++, std::move(payload)});
    std::push_heap(heap_.begin(), heap_.end(), IsLater);
  }
  // The next one, taken out; not of an empty queue.
  Event Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), IsLater);
    Event event = std::move(heap_.back());
    heap_.pop_back();
    return event;
  }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

 private:
  static bool IsLater(const Event& a, const Event& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }

  std::vector<Event> heap_;
  std::uint64_t pushed_ = 0;
};

}  // namespace dnsd::sim
