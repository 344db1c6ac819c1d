#include "dnsd/server/libevent_log.h"

#include <event2/event.h>

#include <chrono>

#include "dnsd/base/log.h"
#include "dnsd/server/warning_limit.h"

namespace dnsd::server {

void RouteLibeventLog() {
  event_set_log_callback([](int severity, const char* message) {
    static WarningLimit limit(5, std::chrono::seconds(10));
    std::uint64_t held_back = 0;
    if (severity == EVENT_LOG_DEBUG || severity == EVENT_LOG_MSG) {
      spdlog::debug("libevent: {}", message);
    } else if (limit.Allow(MonotonicClock::now(), held_back)) {
      if (held_back > 0) spdlog::warn("{} messages of libevent were left out", held_back);
      spdlog::warn("libevent: {}", message);
    }
  });
}

}  // namespace dnsd::server
