#include "dnsd/server/history_store.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/state_files.h"

namespace dnsd::server {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kVersion = 1;
constexpr double kMicro = 1e6;  // figures are stored in millionths
constexpr int kPrunedAtOnce = 20'000;
constexpr std::uintmax_t kMostChecked = std::uintmax_t{512} << 20;  // octets

// Rows come in the order of time, so that the oldest are those with the lowest rowid.
constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS nodes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS samples (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,  -- since the epoch
    node INTEGER NOT NULL,     -- of nodes
    state TEXT NOT NULL,
    cost INTEGER NOT NULL,     -- this and the following but for answers: in millionths
    cpu INTEGER,
    memory INTEGER,
    connections INTEGER,
    rps INTEGER,
    answers INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS samples_of_node ON samples (node, time_ms);
  CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    gravity INTEGER NOT NULL,
    node TEXT NOT NULL,
    site TEXT NOT NULL,
    state TEXT NOT NULL,
    text TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS events_of_node ON events (node, time_ms);
  CREATE INDEX IF NOT EXISTS events_of_site ON events (site, time_ms);
  PRAGMA user_version = 1;
)";

std::int64_t Milliseconds(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime TimeOf(std::int64_t milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds));
}

std::int64_t Micro(double value) { return std::llround(std::clamp(value, -1e12, 1e12) * kMicro); }

void BindFigure(SqliteStatement& put, int parameter, const std::optional<double>& value) {
  if (value) {
    put.Bind(parameter, Micro(*value));
  } else {
    put.BindNull(parameter);
  }
}

std::optional<double> FigureAt(const SqliteStatement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return static_cast<double>(row.Int(column)) / kMicro;
}

// At most `last`, whatever stands there.
template <typename Enum>
Enum EnumAt(const SqliteStatement& row, int column, Enum last) {
  return static_cast<Enum>(
      std::clamp<std::int64_t>(row.Int(column), 0, static_cast<std::int64_t>(last)));
}

// "(?, ?, ?)"
std::string Places(std::size_t count) {
  std::string text = "(";
  for (std::size_t i = 0; i < count; ++i) text += i == 0 ? "?" : ", ?";
  return text + ")";
}

absl::StatusOr<std::int64_t> VersionOf(SqliteDatabase& database) {
  auto version = database.Prepare("PRAGMA user_version");
  if (!version.ok()) return version.status();
  const absl::StatusOr<bool> row = version->Step();
  if (!row.ok()) return row.status();
  return version->Int(0);
}

// DataLoss for what does not hang together. What is too large is left to whoever comes upon it.
absl::Status Check(SqliteDatabase& database, const std::string& path) {
  std::error_code error;
  if (fs::file_size(path, error) > kMostChecked || error) return absl::OkStatus();
  auto rows = database.Prepare("PRAGMA quick_check(1)");
  if (!rows.ok()) return rows.status();
  const absl::StatusOr<bool> row = rows->Step();
  if (!row.ok()) return row.status();
  std::string what = *row ? rows->Text(0) : "ok";
  std::replace(what.begin(), what.end(), '\n', ' ');
  if (what != "ok") return absl::DataLossError(path + ": " + what);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HistoryStore> HistoryStore::Open(const std::string& path, bool check) {
  auto opened = TryOpen(path, check);
  if (!absl::IsDataLoss(opened.status())) return opened;
  DNSD_RETURN_IF_ERROR(SetAside(path, Message(opened.status())));
  return TryOpen(path, false);
}

absl::Status HistoryStore::SetAside(const std::string& path, const std::string& why) {
  const std::string aside = path + ".damaged";
  spdlog::warn("{}; the history is kept as {}, and begun anew", why, aside);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    fs::remove(aside + suffix, error);  // of the one before
  }
  return MoveAside(path, aside);
}

absl::StatusOr<HistoryStore> HistoryStore::TryOpen(const std::string& path, bool check) {
  auto database = SqliteDatabase::Open(path);
  if (!database.ok()) return database.status();
  DNSD_RETURN_IF_ERROR(database->Run("PRAGMA journal_mode = WAL"));
  DNSD_RETURN_IF_ERROR(database->Run("PRAGMA synchronous = OFF"));  // nobody misses the last second
  DNSD_RETURN_IF_ERROR(database->Run("PRAGMA journal_size_limit = 4194304"));
  const auto version = VersionOf(*database);
  if (!version.ok()) return version.status();
  if (*version != 0 && *version != kVersion) {
    return absl::DataLossError(path + ": its tables are of version " + std::to_string(*version));
  }
  if (check && *version != 0) DNSD_RETURN_IF_ERROR(Check(*database, path));
  DNSD_RETURN_IF_ERROR(database->Run(kSchema));
  return HistoryStore(*std::move(database));
}

absl::StatusOr<HistoryStore> HistoryStore::OpenToRead(const std::string& path) {
  auto database = SqliteDatabase::Open(path);
  if (!database.ok()) return database.status();
  DNSD_RETURN_IF_ERROR(database->Run("PRAGMA query_only = ON"));
  return HistoryStore(*std::move(database));
}

absl::Status HistoryStore::Write(const std::vector<HistorySample>& samples,
                                 const std::vector<Event>& events) {
  DNSD_RETURN_IF_ERROR(database_.Run("BEGIN IMMEDIATE"));
  absl::Status status = WriteSamples(samples);
  if (status.ok()) status = WriteEvents(events);
  if (status.ok()) status = database_.Run("COMMIT");
  // Some errors have ended the transaction already; then this one fails, and rightly.
  if (!status.ok()) database_.Run("ROLLBACK").IgnoreError();
  return status;
}

absl::Status HistoryStore::WriteSamples(const std::vector<HistorySample>& samples) {
  auto name = database_.Prepare("INSERT OR IGNORE INTO nodes (name) VALUES (?)");
  if (!name.ok()) return name.status();
  auto put = database_.Prepare(
      "INSERT INTO samples (time_ms, node, state, cost, cpu, memory, connections, rps, answers) "
      "VALUES (?, (SELECT id FROM nodes WHERE name = ?), ?, ?, ?, ?, ?, ?, ?)");
  if (!put.ok()) return put.status();
  for (const HistorySample& sample : samples) {
    name->Bind(1, sample.node);
    DNSD_RETURN_IF_ERROR(name->Step().status());
    put->Bind(1, Milliseconds(sample.time));
    put->Bind(2, sample.node);
    put->Bind(3, sample.state);
    put->Bind(4, Micro(sample.cost));
    BindFigure(*put, 5, sample.cpu_utilization);
    BindFigure(*put, 6, sample.mem_utilization);
    BindFigure(*put, 7, sample.connections);
    BindFigure(*put, 8, sample.rps);
    put->Bind(9, static_cast<std::int64_t>(sample.answers));
    DNSD_RETURN_IF_ERROR(put->Step().status());
  }
  return absl::OkStatus();
}

absl::Status HistoryStore::WriteEvents(const std::vector<Event>& events) {
  auto put = database_.Prepare("INSERT OR IGNORE INTO events VALUES " + Places(8));
  if (!put.ok()) return put.status();
  for (const Event& event : events) {
    put->Bind(1, static_cast<std::int64_t>(event.sequence));
    put->Bind(2, Milliseconds(event.time));
    put->Bind(3, static_cast<std::int64_t>(event.kind));
    put->Bind(4, static_cast<std::int64_t>(event.gravity));
    put->Bind(5, event.node);
    put->Bind(6, event.site);
    put->Bind(7, event.state);
    put->Bind(8, event.text);
    DNSD_RETURN_IF_ERROR(put->Step().status());
  }
  return absl::OkStatus();
}

absl::Status HistoryStore::Prune(const HistoryLimits& limits, WallTime now) {
  const auto too_old =
      Milliseconds(now - std::chrono::duration_cast<WallTime::duration>(limits.age));
  const struct {
    const char* table;
    const char* key;
    std::size_t most;
  } tables[] = {{"samples", "number", limits.samples}, {"events", "sequence", limits.events}};
  for (const auto& [table, key, most] : tables) {
    const std::string name = table;
    const std::string number = key;
    const std::string oldest = "DELETE FROM " + name + " WHERE " + number + " IN (SELECT " +
                               number + " FROM " + name + " ORDER BY " + number + " LIMIT ";
    const std::string at_once = std::to_string(kPrunedAtOnce);
    DNSD_RETURN_IF_ERROR(
        database_.Run(oldest + at_once + ") AND time_ms < " + std::to_string(too_old)));
    // Numbers have gaps: those of events begin with the time of the start.
    DNSD_RETURN_IF_ERROR(database_.Run(oldest + "max(0, min(" + at_once +
                                       ", (SELECT count(*) FROM " + name + ") - " +
                                       std::to_string(most) + ")))"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<HistorySample>> HistoryStore::Samples(const std::set<std::string>& nodes,
                                                                 WallTime since, std::size_t most) {
  auto rows = database_.Prepare(
      "SELECT time_ms, name, state, cost, cpu, memory, connections, rps, answers FROM samples "
      "JOIN nodes ON node = id WHERE name IN " +
      Places(nodes.size()) + " AND time_ms >= ? ORDER BY number DESC LIMIT ?");
  if (!rows.ok()) return rows.status();
  int parameter = 0;
  for (const std::string& node : nodes) rows->Bind(++parameter, node);
  rows->Bind(++parameter, Milliseconds(since));
  rows->Bind(++parameter, static_cast<std::int64_t>(most));
  std::vector<HistorySample> samples;
  for (;;) {
    const absl::StatusOr<bool> row = rows->Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    samples.push_back({.time = TimeOf(rows->Int(0)),
                       .node = rows->Text(1),
                       .state = rows->Text(2),
                       .cost = static_cast<double>(rows->Int(3)) / kMicro,
                       .answers = static_cast<std::uint64_t>(rows->Int(8)),
                       .cpu_utilization = FigureAt(*rows, 4),
                       .mem_utilization = FigureAt(*rows, 5),
                       .connections = FigureAt(*rows, 6),
                       .rps = FigureAt(*rows, 7)});
  }
  std::reverse(samples.begin(), samples.end());
  return samples;
}

absl::StatusOr<std::vector<Event>> HistoryStore::EventsOf(const std::set<std::string>& nodes,
                                                          const std::string& site, WallTime since,
                                                          std::size_t most) {
  // Of a node all; of a site its own, and what its nodes did everywhere.
  const std::string of_nodes = "node IN " + Places(nodes.size());
  const std::string meant =
      site.empty() ? of_nodes : "site = ? OR (site = '' AND " + of_nodes + ")";
  auto rows = database_.Prepare(
      "SELECT sequence, time_ms, kind, gravity, node, site, state, text FROM events WHERE (" +
      meant + ") AND time_ms >= ? ORDER BY sequence DESC LIMIT ?");
  if (!rows.ok()) return rows.status();
  int parameter = 0;
  if (!site.empty()) rows->Bind(++parameter, site);
  for (const std::string& node : nodes) rows->Bind(++parameter, node);
  rows->Bind(++parameter, Milliseconds(since));
  rows->Bind(++parameter, static_cast<std::int64_t>(most));
  std::vector<Event> events;
  for (;;) {
    const absl::StatusOr<bool> row = rows->Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    events.push_back({.sequence = static_cast<std::uint64_t>(rows->Int(0)),
                      .time = TimeOf(rows->Int(1)),
                      .kind = EnumAt(*rows, 2, Event::Kind::kReload),
                      .gravity = EnumAt(*rows, 3, Event::Gravity::kError),
                      .node = rows->Text(4),
                      .site = rows->Text(5),
                      .state = rows->Text(6),
                      .text = rows->Text(7)});
  }
  std::reverse(events.begin(), events.end());
  return events;
}

}  // namespace dnsd::server
