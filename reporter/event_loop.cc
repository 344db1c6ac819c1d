#include "reporter/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace dnsd::reporter {
namespace {

void Call(evutil_socket_t, short, void* function) {
  // A copy: the callback may destroy the object that holds the function.
  const auto copy = *static_cast<std::function<void()>*>(function);
  copy();
}

}  // namespace

timeval ToTimeval(Duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {static_cast<time_t>(us / 1'000'000), static_cast<suseconds_t>(us % 1'000'000)};
}

Timer::Timer(event_base* base, std::function<void()> fire)
    : fire_(std::move(fire)),
      once_(event_new(base, -1, 0, Call, &fire_)),
      every_(event_new(base, -1, EV_PERSIST, Call, &fire_)) {}

void Timer::After(Duration wait) {
  Stop();
  const timeval tv = ToTimeval(wait);
  event_add(once_.get(), &tv);
}

void Timer::Every(Duration period) {
  Stop();
  const timeval tv = ToTimeval(period);
  event_add(every_.get(), &tv);
}

void Timer::Stop() {
  event_del(once_.get());
  event_del(every_.get());
}

bool Timer::pending() const {
  return event_pending(once_.get(), EV_TIMEOUT, nullptr) != 0 ||
         event_pending(every_.get(), EV_TIMEOUT, nullptr) != 0;
}

Watch::Watch(event_base* base, int fd_or_signal, short what, std::function<void()> ready)
    : ready_(std::make_unique<std::function<void()>>(std::move(ready))),
      event_(event_new(base, fd_or_signal, what, Call, ready_.get())) {
  event_add(event_.get(), nullptr);
}

Watch Watch::Readable(event_base* base, int fd, std::function<void()> ready) {
  return Watch(base, fd, EV_READ | EV_PERSIST, std::move(ready));
}

Watch Watch::Signal(event_base* base, int number, std::function<void()> ready) {
  return Watch(base, number, EV_SIGNAL | EV_PERSIST, std::move(ready));
}

Mailbox::Mailbox(event_base* base)
    : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      watch_(Watch::Readable(base, fd_, [this] { Drain(); })) {}

Mailbox::~Mailbox() { close(fd_); }

void Mailbox::Post(std::function<void()> work) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    wake = waiting_.empty();
    waiting_.push_back(std::move(work));
  }
  if (wake) eventfd_write(fd_, 1);
}

void Mailbox::Drain() {
  eventfd_t count = 0;
  eventfd_read(fd_, &count);
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(mutex_);
    work.swap(waiting_);
  }
  for (const auto& task : work) task();
}

}  // namespace dnsd::reporter
