// libevent in our types: a loop's timers and watched descriptors, and work handed over from other
// threads. Everything here belongs to the loop's thread, Mailbox::Post excepted.
#pragma once

#include <event2/event.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "dnsd/base/clock.h"

namespace dnsd::reporter {

struct EventDeleter {
  void operator()(event_base* base) const { event_base_free(base); }
  void operator()(event* e) const { event_free(e); }
};
using EventBasePtr = std::unique_ptr<event_base, EventDeleter>;
using EventPtr = std::unique_ptr<event, EventDeleter>;

timeval ToTimeval(Duration duration);

// Calls `fire` in the loop. Destroying it, in its own callback too, stops it.
class Timer {
 public:
  Timer(event_base* base, std::function<void()> fire);
  void After(Duration wait);  // once; replaces what was set before
  void Every(Duration period);
  void Stop();
  bool pending() const;

 private:
  std::function<void()> fire_;
  EventPtr once_, every_;
};

// Calls `ready` whenever `fd` can be read, or on each signal. Owns no descriptor.
class Watch {
 public:
  static Watch Readable(event_base* base, int fd, std::function<void()> ready);
  static Watch Signal(event_base* base, int number, std::function<void()> ready);

 private:
  Watch(event_base* base, int fd_or_signal, short what, std::function<void()> ready);
  std::unique_ptr<std::function<void()>> ready_;  // stays where libevent was told
  EventPtr event_;
};

// Work that other threads want done in the loop, in the order in which it was posted.
class Mailbox {
 public:
  explicit Mailbox(event_base* base);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // From any thread.
  void Post(std::function<void()> work);

  // How many may still post: the mailbox must outlive them. The loop's thread counts.
  void AddPoster() { ++posters_; }
  void RemovePoster() { --posters_; }
  int posters() const { return posters_; }

 private:
  void Drain();

  const int fd_;     // an eventfd
  int posters_ = 0;  // the loop's thread's
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;  // guarded by mutex_
  Watch watch_;
};

}  // namespace dnsd::reporter
