#include "dnsd/server/placement_store.h"

#include <ctime>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/state_files.h"

namespace dnsd::server {
namespace {

namespace fs = std::filesystem;
using placement::Action;
using placement::StoredPlacement;

constexpr std::int64_t kSchemaVersion = 1;
constexpr Duration kRetry = std::chrono::seconds(1);

constexpr const char* kSchema = R"(
  BEGIN IMMEDIATE;
  CREATE TABLE actions (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,   -- as placement/action.h numbers them
    phase INTEGER NOT NULL,  -- likewise
    site TEXT NOT NULL,
    node TEXT NOT NULL,
    sources TEXT NOT NULL,   -- node names, a line each
    content_version INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    by_hand INTEGER NOT NULL,
    why TEXT NOT NULL,
    begun_ms INTEGER NOT NULL,    -- since 1970
    changed_ms INTEGER NOT NULL,  -- when it came to its phase
    detail TEXT NOT NULL
  );
  CREATE TABLE pinned (site TEXT NOT NULL, node TEXT NOT NULL, PRIMARY KEY (site, node));
  CREATE TABLE frozen (site TEXT PRIMARY KEY);
  PRAGMA user_version = 1;
  COMMIT;
)";

// Of contractions, before the last that was stored: longer than the hosting waits to be stored.
constexpr const char* kLately = "600000";

template <typename Enum>
std::string Number(Enum value) {
  return std::to_string(static_cast<int>(value));
}

std::int64_t Milliseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
WallTime TimeOf(std::int64_t milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds));
}

std::string Lines(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + '\n';
  return text;
}

std::vector<std::string> Words(const std::string& lines) {
  std::vector<std::string> words;
  std::istringstream in(lines);
  for (std::string word; std::getline(in, word);) words.push_back(word);
  return words;
}

absl::StatusOr<std::int64_t> NumberOf(SqliteDatabase& database, const std::string& query) {
  auto row = database.Prepare(query);
  if (!row.ok()) return row.status();
  const absl::StatusOr<bool> found = row->Step();
  if (!found.ok()) return found.status();
  const std::int64_t number = *found ? row->Int(0) : 0;
  if (const auto end = row->Step(); !end.ok()) return end.status();
  return number;
}

absl::Status PrepareTables(SqliteDatabase& database, const std::string& path) {
  DNSD_RETURN_IF_ERROR(database.Run("PRAGMA locking_mode = EXCLUSIVE"));
  DNSD_RETURN_IF_ERROR(database.Run("PRAGMA journal_mode = WAL"));
  DNSD_RETURN_IF_ERROR(database.Run("PRAGMA synchronous = FULL"));
  const auto version = NumberOf(database, "PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*version == 0) return database.Run(kSchema);
  if (*version == kSchemaVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(
      path + ": its tables are of version " + std::to_string(*version) + ", this dnsd reads " +
      std::to_string(kSchemaVersion) + ": start the dnsd that wrote it, or move the file away");
}

absl::Status ReadActions(SqliteDatabase& database, const std::string& which,
                         std::vector<Action>& out) {
  auto rows = database.Prepare(
      "SELECT id, kind, phase, site, node, sources, content_version, bytes, by_hand, why, "
      "begun_ms, changed_ms, detail FROM actions WHERE " +
      which + " ORDER BY id");
  if (!rows.ok()) return rows.status();
  for (;;) {
    const absl::StatusOr<bool> row = rows->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    const std::int64_t kind = rows->Int(1);
    if (kind < 0 || kind > static_cast<int>(Action::Kind::kVerify) || rows->Int(2) < 0) {
      return absl::DataLossError("an action of no kind or phase that there is");
    }
    Action action;
    action.id = static_cast<std::uint64_t>(rows->Int(0));
    action.kind = static_cast<Action::Kind>(kind);
    action.phase = static_cast<Action::Phase>(rows->Int(2));
    action.site = rows->Text(3);
    action.node = rows->Text(4);
    action.sources = Words(rows->Text(5));
    action.content_version = static_cast<std::uint64_t>(rows->Int(6));
    action.bytes = static_cast<std::uint64_t>(rows->Int(7));
    action.by_hand = rows->Int(8) != 0;
    action.why = rows->Text(9);
    action.begun = TimeOf(rows->Int(10));
    action.changed = TimeOf(rows->Int(11));
    action.detail = rows->Text(12);
    out.push_back(std::move(action));
  }
}

absl::Status ReadMarks(SqliteDatabase& database, placement::Marks& marks) {
  auto pinned = database.Prepare("SELECT site, node FROM pinned");
  if (!pinned.ok()) return pinned.status();
  for (;;) {
    const absl::StatusOr<bool> row = pinned->Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    marks.pinned.emplace(pinned->Text(0), pinned->Text(1));
  }
  auto frozen = database.Prepare("SELECT site FROM frozen");
  if (!frozen.ok()) return frozen.status();
  for (;;) {
    const absl::StatusOr<bool> row = frozen->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    marks.frozen.insert(frozen->Text(0));
  }
}

absl::StatusOr<std::pair<SqliteDatabase, StoredPlacement>> OpenAndRead(const std::string& path) {
  auto database = SqliteDatabase::Open(path);
  if (!database.ok()) return database.status();
  DNSD_RETURN_IF_ERROR(PrepareTables(*database, path));
  StoredPlacement stored;
  const auto last = NumberOf(*database, "SELECT max(id) FROM actions");
  if (!last.ok()) return last.status();
  // Of a file begun anew too, ids go on after those of before.
  stored.last_id = *last != 0
                       ? static_cast<std::uint64_t>(*last)
                       : static_cast<std::uint64_t>(Milliseconds(std::chrono::system_clock::now()));
  DNSD_RETURN_IF_ERROR(
      ReadActions(*database, "phase <= " + Number(Action::Phase::kWorking), stored.unfinished));
  DNSD_RETURN_IF_ERROR(ReadActions(
      *database,
      "kind = " + Number(Action::Kind::kContract) + " AND phase = " + Number(Action::Phase::kDone) +
          " AND changed_ms > (SELECT max(changed_ms) FROM actions) - " + kLately,
      stored.contracted));
  DNSD_RETURN_IF_ERROR(ReadMarks(*database, stored.marks));
  return std::pair(*std::move(database), std::move(stored));
}

absl::Status WriteActions(SqliteDatabase& database, const std::vector<Action>& actions) {
  auto put = database.Prepare(
      "INSERT OR REPLACE INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!put.ok()) return put.status();
  for (const Action& action : actions) {
    put->Bind(1, static_cast<std::int64_t>(action.id));
    put->Bind(2, static_cast<std::int64_t>(action.kind));
    put->Bind(3, static_cast<std::int64_t>(action.phase));
    put->Bind(4, action.site);
    put->Bind(5, action.node);
    put->Bind(6, Lines(action.sources));
    put->Bind(7, static_cast<std::int64_t>(action.content_version));
    put->Bind(8, static_cast<std::int64_t>(action.bytes));
    put->Bind(9, std::int64_t{action.by_hand});
    put->Bind(10, action.why);
    put->Bind(11, Milliseconds(action.begun));
    put->Bind(12, Milliseconds(action.changed));
    put->Bind(13, action.detail);
    DNSD_RETURN_IF_ERROR(put->Step().status());
  }
  return absl::OkStatus();
}

// All anew: they are few, and change with an operator's commands.
absl::Status WriteMarks(SqliteDatabase& database, const placement::Marks& marks) {
  DNSD_RETURN_IF_ERROR(database.Run("DELETE FROM pinned; DELETE FROM frozen"));
  auto pin = database.Prepare("INSERT INTO pinned VALUES (?, ?)");
  if (!pin.ok()) return pin.status();
  for (const auto& [site, node] : marks.pinned) {
    pin->Bind(1, site);
    pin->Bind(2, node);
    DNSD_RETURN_IF_ERROR(pin->Step().status());
  }
  auto freeze = database.Prepare("INSERT INTO frozen VALUES (?)");
  if (!freeze.ok()) return freeze.status();
  for (const std::string& site : marks.frozen) {
    freeze->Bind(1, site);
    DNSD_RETURN_IF_ERROR(freeze->Step().status());
  }
  return absl::OkStatus();
}

// The newest row stays whatever it is: ids go on after it.
absl::Status Prune(SqliteDatabase& database) {
  return database.Run("DELETE FROM actions WHERE phase > " + Number(Action::Phase::kWorking) +
                      " AND id <= (SELECT max(id) FROM actions) - " +
                      std::to_string(PlacementStore::kMostKept));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PlacementStore>> PlacementStore::Open(const std::string& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return absl::InternalError(dir + ": cannot create: " + error.message());
  const std::string path = dir + "/placement.db";
  auto opened = OpenAndRead(path);
  if (absl::IsDataLoss(opened.status())) {
    const std::string aside = path + ".damaged-" + std::to_string(std::time(nullptr));
    spdlog::warn(
        "{}: cannot be used ({}); kept as {}, and begun anew: what was under way, pinned "
        "or frozen is forgotten",
        path, Message(opened.status()), aside);
    DNSD_RETURN_IF_ERROR(MoveAside(path, aside));
    opened = OpenAndRead(path);
  }
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<PlacementStore>(
      new PlacementStore(std::move(opened->first), std::move(opened->second)));
}

PlacementStore::PlacementStore(SqliteDatabase database, StoredPlacement restored)
    : database_(std::move(database)), restored_(std::move(restored)), thread_([this] { Run(); }) {}

PlacementStore::~PlacementStore() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void PlacementStore::Save(placement::Unstored changes) {
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(changes));
  }
  wake_.notify_one();
}

std::string PlacementStore::AwaitWritten(Duration patience) {
  std::unique_lock lock(mutex_);
  if (rested_.wait_for(lock, patience, [this] { return waiting_.empty(); })) return "";
  return error_.empty() ? "the disk is slow" : error_;
}

std::string PlacementStore::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

void PlacementStore::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const placement::Unstored next = waiting_.front();
    lock.unlock();
    const absl::Status status = Write(next);
    lock.lock();
    if (status.ok()) {
      waiting_.pop_front();
      if (waiting_.empty()) rested_.notify_all();
      if (next.sequence != 0) written_.store(next.sequence, std::memory_order_release);
      if (!std::exchange(error_, "").empty()) spdlog::info("placement is stored again");
      continue;
    }
    if (error_ != Message(status)) {
      error_ = Message(status);
      spdlog::error("cannot store placement, no action is begun until it can be: {}", error_);
    }
    if (stopping_) return;
    wake_.wait_for(lock, kRetry, [this] { return stopping_; });
  }
}

absl::Status PlacementStore::Write(const placement::Unstored& changes) {
  DNSD_RETURN_IF_ERROR(database_.Run("BEGIN IMMEDIATE"));
  absl::Status status = WriteActions(database_, changes.actions);
  if (status.ok() && changes.marks) status = WriteMarks(database_, *changes.marks);
  if (status.ok()) status = Prune(database_);
  if (status.ok()) status = database_.Run("COMMIT");
  // Some errors have ended the transaction already; then this one fails, and rightly.
  if (!status.ok()) database_.Run("ROLLBACK").IgnoreError();
  return status;
}

}  // namespace dnsd::server
