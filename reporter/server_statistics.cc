#include "reporter/server_statistics.h"

#include <algorithm>
#include <string>
#include <vector>

#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

using heartbeat::v1::Load;

constexpr std::uint64_t kMostCount = 1ULL << 53;  // counters a double still holds exactly

std::optional<std::uint64_t> Count(std::string_view word) {
  const auto value = ParseUnsigned(word);
  return value && *value <= kMostCount ? value : std::nullopt;
}

// What is left of `value` without the exchange that brought it.
double WithoutOurs(std::uint64_t value) { return value > 0 ? static_cast<double>(value - 1) : 0; }

// The number after `key`, a word such as "Reading:", anywhere in `text`.
std::optional<std::uint64_t> CountAfter(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(at + key.size());
  return Count(NextWord(rest));
}

//   Active connections: 2
//   server accepts handled requests
//    41 41 41
//   Reading: 0 Writing: 1 Waiting: 1
absl::StatusOr<ServerReading> ParseNginx(std::string_view text) {
  std::string_view first = NextLine(text);
  NextLine(text);
  std::string_view counters = NextLine(text);
  const auto active = CountAfter(first, "Active connections:");
  const auto accepted = Count(NextWord(counters));
  NextWord(counters);
  const auto requests = Count(NextWord(counters));
  const auto reading = CountAfter(text, "Reading:");
  const auto writing = CountAfter(text, "Writing:");
  if (!active || !accepted || !requests || !reading || !writing) {
    return absl::InvalidArgumentError("wanted nginx's stub_status");
  }
  ServerReading out;
  out.connections = WithoutOurs(*active);
  out.sessions = accepted;
  out.requests = requests;
  out.busy_workers = WithoutOurs(*reading + *writing);
  return out;
}

// The text after "key: " on its line; empty if there is none.
std::string_view ApacheValue(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') continue;
    std::string_view rest = line.substr(key.size() + 1);
    return NextWord(rest);
  }
  return {};
}

// Totals are there with ExtendedStatus only, connections with the event and worker kinds only: the
// prefork kind has a worker a connection.
absl::StatusOr<ServerReading> ParseApache(std::string_view text) {
  const auto number = [text](const char* key) { return Count(ApacheValue(text, key)); };
  const auto busy = number("BusyWorkers");
  const auto idle = number("IdleWorkers");
  if (!busy || !idle) return absl::InvalidArgumentError("wanted Apache's server-status?auto");
  // A character a worker, a point for one that could still be started.
  const std::uint64_t slots = ApacheValue(text, "Scoreboard").size();
  ServerReading out;
  out.busy_workers = WithoutOurs(*busy);
  out.workers = static_cast<double>(std::max(slots, *busy + *idle));
  out.connections = WithoutOurs(std::max(number("ConnsTotal").value_or(0), *busy));
  out.requests = number("Total Accesses");
  out.work_ms = number("Total Duration");
  out.uptime_seconds = number("ServerUptimeSeconds");
  return out;
}

// The next field of a line of comma-separated values, quoted where it has commas; takes it off.
// Quotes within quotes are doubled; they stay so, since no field that we read has any.
std::string_view NextField(std::string_view& rest) {
  std::size_t end = 0;
  if (rest.starts_with('"')) {
    for (end = 1; end < rest.size() && rest[end] != '"'; ++end) {
    }
  }
  end = std::min(rest.find(',', end), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

// HAProxy's table: the first line names the columns, a line for each frontend, backend and server.
class HaproxyTable {
 public:
  // False if `header` does not begin such a table.
  bool ReadHeader(std::string_view header) {
    if (!header.starts_with("# ")) return false;
    header.remove_prefix(2);
    for (std::size_t column = 0; !header.empty(); ++column) {
      const std::string_view name = NextField(header);
      for (Column& wanted : columns_) {
        if (name == wanted.name) wanted.index = column;
      }
    }
    return columns_[kType].index != kNone && columns_[kSessions].index != kNone;
  }

  void ReadRow(std::string_view row) {
    for (Column& column : columns_) column.value.reset();
    for (std::size_t index = 0; !row.empty(); ++index) {
      const std::string_view field = NextField(row);
      for (Column& column : columns_) {
        if (column.index == index) column.value = Count(field);
      }
    }
    if (Value(kType) == kFrontend) TakeFrontend();
    if (Value(kType) == kBackend) TakeBackend();
  }

  ServerReading Reading(bool over_http) const {
    ServerReading out = sums_;
    if (over_http && out.connections) out.connections = std::max(0.0, *out.connections - 1);
    const double weight = recent_weight_ > 0 ? recent_weight_ : total_weight_;
    const double sum = recent_weight_ > 0 ? recent_ms_ : total_ms_;
    if (weight > 0) out.process_seconds = sum / weight / 1000;
    return out;
  }
  bool any() const { return sums_.connections || sums_.busy_workers; }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;
  static constexpr std::uint64_t kFrontend = 0, kBackend = 1;  // of the column "type"
  enum Key { kType, kSessions, kSessionsTotal, kRequests, kErrors, kResponseTime, kRate, kKeys };
  struct Column {
    const char* name;
    std::size_t index = kNone;
    std::optional<std::uint64_t> value{};  // in the row being read
  };
  const std::optional<std::uint64_t>& Value(Key key) const { return columns_[key].value; }

  template <typename T>
  void Add(Key key, std::optional<T>& sum) const {
    if (Value(key)) sum = sum.value_or(0) + static_cast<T>(*Value(key));
  }

  void TakeFrontend() {
    Add(kSessions, sums_.connections);
    Add(kSessionsTotal, sums_.sessions);
    Add(kRequests, sums_.requests);
    Add(kErrors, sums_.errors);
  }

  // Response times are means over a backend's last 1,024 requests: weighted by what each does now,
  // or by what it has done where all are idle.
  void TakeBackend() {
    Add(kSessions, sums_.busy_workers);
    if (!Value(kResponseTime)) return;
    const auto ms = static_cast<double>(*Value(kResponseTime));
    const auto recent = static_cast<double>(Value(kRate).value_or(0));
    const auto total = static_cast<double>(Value(kSessionsTotal).value_or(0));
    recent_weight_ += recent;
    recent_ms_ += recent * ms;
    total_weight_ += total;
    total_ms_ += total * ms;
  }

  Column columns_[kKeys] = {{"type"},     {"scur"},  {"stot"}, {"req_tot"},
                            {"hrsp_5xx"}, {"rtime"}, {"rate"}};
  ServerReading sums_;
  double recent_weight_ = 0, recent_ms_ = 0, total_weight_ = 0, total_ms_ = 0;
};

absl::StatusOr<ServerReading> ParseHaproxy(std::string_view text, bool over_http) {
  HaproxyTable table;
  if (!table.ReadHeader(NextLine(text))) {
    return absl::InvalidArgumentError("wanted HAProxy's statistics as comma-separated values");
  }
  while (!text.empty()) table.ReadRow(NextLine(text));
  if (!table.any()) return absl::InvalidArgumentError("no frontend in HAProxy's statistics");
  return table.Reading(over_http);
}

// Growth of a counter less `own`; nothing unless both readings have it. `back` is set by one that
// is lower than it was.
std::optional<double> Growth(const std::optional<std::uint64_t>& then,
                             const std::optional<std::uint64_t>& now, std::uint64_t own,
                             bool& back) {
  if (!then || !now) return std::nullopt;
  if (*now < *then) {
    back = true;
    return std::nullopt;
  }
  const std::uint64_t growth = *now - *then;
  return static_cast<double>(growth - std::min(growth, own));
}

}  // namespace

absl::StatusOr<ServerReading> ParseServerReading(ServerKind kind, std::string_view text,
                                                 bool over_http) {
  switch (kind) {
    case ServerKind::kNginx:
      return ParseNginx(text);
    case ServerKind::kApache:
      return ParseApache(text);
    case ServerKind::kHaproxy:
      return ParseHaproxy(text, over_http);
  }
  return absl::InvalidArgumentError("no such kind");
}

Load ServerMeter::Take(const ServerReading& reading, std::uint64_t own, MonotonicTime now) {
  Load load;
  if (reading.connections) load.set_connections(*reading.connections);
  if (reading.busy_workers) load.set_busy_workers(*reading.busy_workers);
  if (reading.workers) load.set_workers(*reading.workers);
  if (reading.process_seconds) load.set_process_time_seconds(*reading.process_seconds);
  if (last_ && now > time_) {
    bool back = reading.uptime_seconds < last_->uptime_seconds;
    const auto requests = Growth(last_->requests, reading.requests, own, back);
    const auto errors = Growth(last_->errors, reading.errors, 0, back);
    const auto sessions = Growth(last_->sessions, reading.sessions, own, back);
    const auto work = Growth(last_->work_ms, reading.work_ms, 0, back);
    const double seconds = Seconds(now - time_);
    if (!back && requests) load.set_rps(*requests / seconds);
    if (!back && errors) load.set_eps(*errors / seconds);
    if (!back && sessions) load.set_sps(*sessions / seconds);
    if (!back && work && requests && *requests > 0) {
      load.set_process_time_seconds(*work / 1000 / *requests);
    }
  }
  last_ = reading;
  time_ = now;
  return load;
}

}  // namespace dnsd::reporter
