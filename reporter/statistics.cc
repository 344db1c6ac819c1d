#include "reporter/statistics.h"

#include <algorithm>
#include <utility>

#include "dnsd/base/log.h"
#include "reporter/health_check.h"

namespace dnsd::reporter {
namespace {

constexpr Duration kGrace = std::chrono::seconds(10);

absl::StatusOr<ServerReading> ReadAnswer(const StatisticsConfig& config,
                                         const absl::StatusOr<std::string>& answer) {
  const auto text = answer.ok() && config.over_http() ? HttpBody(*answer) : answer;
  if (!text.ok()) return text.status();
  return ParseServerReading(config.kind, *text, config.over_http());
}

}  // namespace

absl::StatusOr<FetchRequest> StatisticsOverHttp(ServerKind kind, const std::string& url) {
  const auto parsed = ParseHealthCheck(url);
  if (!parsed.ok() || parsed->kind != HealthCheckConfig::Kind::kHttp || !parsed->address) {
    return absl::InvalidArgumentError("http://HOST[:PORT]/PATH with an IP address as HOST");
  }
  std::string path = parsed->path;
  if (kind == ServerKind::kApache && path.find("?auto") == std::string::npos) path += "?auto";
  if (kind == ServerKind::kHaproxy && path.find(";csv") == std::string::npos) path += ";csv";
  FetchRequest request;
  request.endpoint = {*parsed->address, parsed->port};
  request.text = HttpRequest(parsed->host, path);
  return request;
}

// Of all processes (-1) frontends and backends (3), whatever their number (-1): servers are many,
// and summed up in their backends.
FetchRequest StatisticsOverSocket(const std::string& path) {
  FetchRequest request;
  request.socket = path;
  request.text = "show stat -1 3 -1\n";
  return request;
}

Statistics::Statistics(event_base* base, StatisticsConfig config)
    : base_(base), config_(std::move(config)), timer_(base, [this] { Ask(); }) {
  timer_.Every(config_.interval);
  Ask();
}

void Statistics::Ask() {
  if (fetch_) return;  // the timeout may be longer than the interval
  ++asked_;
  fetch_ = Fetch::Start(base_, config_.request, [this](absl::StatusOr<std::string> answer) {
    fetch_.reset();
    Take(answer, MonotonicClock::now());
  });
}

// Each fault is told of once, however often it is met, and so is its end.
void Statistics::Take(const absl::StatusOr<std::string>& answer, MonotonicTime now) {
  const auto reading = ReadAnswer(config_, answer);
  const std::string fault = reading.ok() ? "" : Message(reading.status());
  if (fault != fault_) {
    if (fault.empty()) {
      spdlog::info("statistics of {}: they are back", config_.place);
    } else {
      spdlog::warn("statistics of {}: {}; the last good ones count for a while", config_.place,
                   fault);
    }
    fault_ = fault;
  }
  if (!reading.ok()) return;
  const std::uint64_t own = config_.over_http() ? asked_ - asked_before_ : 0;
  load_ = meter_.Take(*reading, own, now);
  asked_before_ = asked_;
  good_at_ = now;
}

const heartbeat::v1::Load* Statistics::Find(MonotonicTime now) const {
  const Duration grace = std::max(kGrace, 3 * config_.interval);
  return load_ && now - good_at_ <= grace ? &*load_ : nullptr;
}

}  // namespace dnsd::reporter
