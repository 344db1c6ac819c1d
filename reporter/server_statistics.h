// What a web server tells of itself: nginx's stub_status, Apache's server-status?auto, HAProxy's
// table of statistics. Pure: text in, facts out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "proto/heartbeat.pb.h"

namespace dnsd::reporter {

enum class ServerKind : std::uint8_t { kNginx, kApache, kHaproxy };

// One reading. Counters are since the server's start; what a server does not tell is absent. The
// exchange that brought the reading is left out of what is there now, and is in the counters.
struct ServerReading {
  std::optional<std::uint64_t> requests{};
  std::optional<std::uint64_t> errors{};    // requests answered with a status of 500 or more
  std::optional<std::uint64_t> sessions{};  // connections accepted
  std::optional<std::uint64_t> work_ms{};   // time spent on all the requests
  std::optional<std::uint64_t> uptime_seconds{};
  std::optional<double> connections{};      // open now
  std::optional<double> busy_workers{};     // requests being worked on now
  std::optional<double> workers{};          // that there may be
  std::optional<double> process_seconds{};  // mean of the latest requests
};

// InvalidArgument for a text that is not what that server says. `over_http`: HAProxy's table came
// through a connection that is in the table itself.
absl::StatusOr<ServerReading> ParseServerReading(ServerKind kind, std::string_view text,
                                                 bool over_http);

// Readings into rates.
class ServerMeter {
 public:
  // What `now`'s reading and the growth since the last one make. `own`: how many of the requests,
  // each with a connection, were ours since then. A server that has restarted in between, or a
  // counter that went back, has no rates this time.
  heartbeat::v1::Load Take(const ServerReading& reading, std::uint64_t own, MonotonicTime now);

 private:
  std::optional<ServerReading> last_;
  MonotonicTime time_;  // of `last_`
};

}  // namespace dnsd::reporter
