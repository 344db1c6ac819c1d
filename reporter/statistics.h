// Asks the web server for its statistics, again and again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "reporter/event_loop.h"
#include "reporter/fetch.h"
#include "reporter/server_statistics.h"

namespace dnsd::reporter {

struct StatisticsConfig {
  ServerKind kind = ServerKind::kNginx;
  std::string place;  // as the operator wrote it, for messages
  FetchRequest request;
  Duration interval = std::chrono::seconds(1);

  bool over_http() const { return request.socket.empty(); }
  friend bool operator==(const StatisticsConfig&, const StatisticsConfig&) = default;
};

// The request for `url`, "http://HOST[:PORT]/PATH" with HOST as a health check has it. The part
// that asks Apache or HAProxy for the form that programs read ("?auto", ";csv") is added where it
// is missing. The message of an error says what was wanted.
absl::StatusOr<FetchRequest> StatisticsOverHttp(ServerKind kind, const std::string& url);
// The question to HAProxy's socket at `path`.
FetchRequest StatisticsOverSocket(const std::string& path);

// One question is under way at a time. The last good values stand for a while after a failure, as
// LoadBoard's do; then there is nothing. Belongs to the loop's thread.
class Statistics {
 public:
  Statistics(event_base* base, StatisticsConfig config);

  // Null: nothing is known.
  const heartbeat::v1::Load* Find(MonotonicTime now) const;
  const StatisticsConfig& config() const { return config_; }
  // TCP connections made so far.
  std::uint64_t sessions() const { return config_.over_http() ? asked_ : 0; }

 private:
  void Ask();
  void Take(const absl::StatusOr<std::string>& answer, MonotonicTime now);

  event_base* base_;
  const StatisticsConfig config_;
  ServerMeter meter_;
  std::optional<heartbeat::v1::Load> load_;
  MonotonicTime good_at_;
  std::uint64_t asked_ = 0;
  std::uint64_t asked_before_ = 0;  // at the last good reading
  std::string fault_;               // told of last
  std::unique_ptr<Fetch> fetch_;    // while it is under way
  Timer timer_;
};

}  // namespace dnsd::reporter
