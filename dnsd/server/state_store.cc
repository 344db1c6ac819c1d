#include "dnsd/server/state_store.h"

#include <compare>
#include <ctime>
#include <filesystem>
#include <span>
#include <system_error>

#include "dnsd/base/duration.h"
#include "dnsd/base/log.h"
#include "dnsd/server/load_json.h"
#include "dnsd/server/state_files.h"
#include "dnsd/server/state_reader.h"

namespace dnsd::server {
namespace {

namespace fs = std::filesystem;

struct Opened {
  std::optional<SqliteDatabase> database{};  // nothing: not to be written
  StoredState state{};
  std::string error{};  // why it is not
};

// Tables of a newer dnsd: what this one knows of them counts, its operators' orders before all.
absl::StatusOr<Opened> ReadNewer(SqliteDatabase database, const absl::Status& newer,
                                 const std::string& path) {
  Opened opened;
  opened.error = path + ": " + Message(newer) +
                 "; it is left as it is and nothing is stored: go back to the newer dnsd, or move "
                 "the file away";
  auto state = ReadState(database);
  if (state.ok()) {
    opened.state = *std::move(state);
  } else {
    opened.error += "; nor can it be read: " + Message(state.status());
  }
  spdlog::error("{}", opened.error);
  return opened;
}

absl::StatusOr<Opened> OpenAndRead(const std::string& path) {
  auto database = SqliteDatabase::Open(path);
  if (!database.ok()) return database.status();
  const absl::Status prepared = PrepareSchema(*database);
  if (absl::IsFailedPrecondition(prepared)) {
    return ReadNewer(*std::move(database), prepared, path);
  }
  if (!prepared.ok()) return prepared;
  auto state = ReadState(*database);
  if (!state.ok()) return state.status();
  return Opened{*std::move(database), *std::move(state)};
}

// What one node says of one site, in the order of a shard.
struct Row {
  std::uint32_t tag = 0;
  std::span<const std::uint8_t> name;
  fleet::Host host;
};

std::vector<Row> RowsOf(const fleet::HostingShard* shard) {
  std::vector<Row> rows;
  if (shard == nullptr) return rows;
  shard->ForEach([&](std::uint32_t tag, std::span<const std::uint8_t> name,
                     std::span<const fleet::Host> hosts) {
    for (const fleet::Host& host : hosts) rows.push_back({tag, name, host});
  });
  return rows;
}

std::strong_ordering Compare(const Row& a, const Row& b) {
  if (a.tag != b.tag) return a.tag <=> b.tag;
  const auto names = std::lexicographical_compare_three_way(a.name.begin(), a.name.end(),
                                                            b.name.begin(), b.name.end());
  return names != 0 ? names : a.host.node <=> b.host.node;
}

absl::Status Put(SqliteStatement& put, const Row& row) {
  put.Bind(1, std::int64_t{row.host.node});
  put.Bind(2, wire::NameToString(row.name));
  put.Bind(3, std::int64_t{row.host.ready});
  put.Bind(4, std::int64_t{row.host.healthy});
  put.Bind(5, static_cast<std::int64_t>(row.host.content_version));
  put.Bind(6, static_cast<std::int64_t>(row.host.bytes));
  return put.Step().status();
}

absl::Status Drop(SqliteStatement& drop, const Row& row) {
  drop.Bind(1, std::int64_t{row.host.node});
  drop.Bind(2, wire::NameToString(row.name));
  return drop.Step().status();
}

// Writes what differs between two shards, by walking both.
absl::Status WriteShard(const std::vector<Row>& before, const std::vector<Row>& after,
                        SqliteStatement& put, SqliteStatement& drop) {
  auto old = before.begin();
  for (const Row& row : after) {
    for (; old != before.end() && Compare(*old, row) < 0; ++old) {
      DNSD_RETURN_IF_ERROR(Drop(drop, *old));
    }
    const bool held = old != before.end() && Compare(*old, row) == 0;
    if (!held || old->host != row.host) DNSD_RETURN_IF_ERROR(Put(put, row));
    if (held) ++old;
  }
  for (; old != before.end(); ++old) DNSD_RETURN_IF_ERROR(Drop(drop, *old));
  return absl::OkStatus();
}

// Kind, reason and end, from the parameter `first` on.
void BindOrder(SqliteStatement& put, int first, const fleet::Order& order) {
  put.Bind(first, fleet::NameOf(order.kind));
  put.Bind(first + 1, order.reason);
  if (order.end) {
    const auto since_epoch = order.end->wall.time_since_epoch();
    put.Bind(first + 2, std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
  } else {
    put.BindNull(first + 2);
  }
}

absl::Status WriteOrder(std::size_t node, const fleet::Order& order, SqliteStatement& put,
                        SqliteStatement& drop) {
  if (order.kind == fleet::Order::Kind::kNone) {
    drop.Bind(1, static_cast<std::int64_t>(node));
    return drop.Step().status();
  }
  put.Bind(1, static_cast<std::int64_t>(node));
  BindOrder(put, 2, order);
  return put.Step().status();
}

absl::Status WritePlace(std::size_t node, const fleet::Place& place, SqliteStatement& put) {
  put.Bind(1, static_cast<std::int64_t>(node));
  put.Bind(2, place.region);
  if (place.coordinates) {
    put.Bind(3, place.coordinates->latitude);
    put.Bind(4, place.coordinates->longitude);
  } else {
    put.BindNull(3);
    put.BindNull(4);
  }
  put.Bind(5, std::int64_t{place.asn});
  return put.Step().status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<StateStore>> StateStore::Open(const std::string& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return absl::InternalError(dir + ": cannot create: " + error.message());
  const std::string path = dir + "/state.db";
  auto opened = OpenAndRead(path);
  if (absl::IsDataLoss(opened.status())) {
    const std::string aside = path + ".damaged-" + std::to_string(std::time(nullptr));
    spdlog::warn(
        "{}: cannot be used ({}); kept as {}, and begun anew: nodes are unknown until they report",
        path, Message(opened.status()), aside);
    DNSD_RETURN_IF_ERROR(MoveAside(path, aside));
    opened = OpenAndRead(path);
  }
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<StateStore>(new StateStore(
      std::move(opened->database), std::make_shared<const StoredState>(std::move(opened->state)),
      std::move(opened->error)));
}

std::unique_ptr<StateStore> StateStore::InMemory(std::shared_ptr<const StoredState> restored) {
  if (restored == nullptr) restored = std::make_shared<const StoredState>();
  return std::unique_ptr<StateStore>(new StateStore(std::nullopt, std::move(restored), ""));
}

StateStore::StateStore(std::optional<SqliteDatabase> database,
                       std::shared_ptr<const StoredState> restored, std::string error)
    : database_(std::move(database)),
      restored_(std::move(restored)),
      written_(restored_),
      latest_(restored_),
      error_(std::move(error)),
      thread_([this] { Run(); }) {}

StateStore::~StateStore() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void StateStore::Save(std::shared_ptr<const StoredState> state) {
  {
    std::lock_guard lock(mutex_);
    latest_ = std::move(state);
    if (!database_) return;
    waiting_ = latest_;
  }
  wake_.notify_one();
}

std::string StateStore::AwaitWritten(Duration patience) {
  std::unique_lock lock(mutex_);
  const bool rests =
      rested_.wait_for(lock, patience, [this] { return waiting_ == nullptr && !writing_; });
  if (!database_ && error_.empty()) return "there is no state_dir: a restart forgets the order";
  if (!error_.empty()) return "a restart would forget the order: " + error_;
  if (rests) return "";
  return "a restart may forget the order: it is in force, and after " + DurationText(patience) +
         " still not written to disk; `dnsdctl status` tells if that fails";
}

std::shared_ptr<const StoredState> StateStore::latest() const {
  std::lock_guard lock(mutex_);
  return latest_;
}

std::string StateStore::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

void StateStore::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || waiting_ != nullptr; });
    if (waiting_ == nullptr) return;
    const std::shared_ptr<const StoredState> next = std::exchange(waiting_, nullptr);
    writing_ = true;
    lock.unlock();
    const absl::Status status = Write(*next);
    const std::string error = status.ok() ? std::string() : Message(status);
    if (status.ok()) written_ = next;
    lock.lock();
    writing_ = false;
    const bool is_news = error != error_;
    error_ = error;
    if (waiting_ == nullptr) rested_.notify_all();
    if (!is_news) continue;
    if (error.empty()) {
      spdlog::info("the state is stored again");
    } else {
      spdlog::error("cannot store the state, a restart would forget it: {}", error);
    }
  }
}

absl::Status StateStore::Write(const StoredState& next) {
  DNSD_RETURN_IF_ERROR(database_->Run("BEGIN IMMEDIATE"));
  absl::Status status = WriteNodes(next);
  if (status.ok()) status = WriteHosting(next);
  if (status.ok()) status = WriteSiteOrders(next);
  if (status.ok()) status = database_->Run("COMMIT");
  // Some errors have ended the transaction already; then this one fails, and rightly.
  if (!status.ok()) database_->Run("ROLLBACK").IgnoreError();
  return status;
}

absl::Status StateStore::WriteNodes(const StoredState& next) {
  auto put = database_->Prepare("INSERT OR REPLACE INTO nodes VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!put.ok()) return put.status();
  auto put_order = database_->Prepare("INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?)");
  if (!put_order.ok()) return put_order.status();
  auto drop_order = database_->Prepare("DELETE FROM orders WHERE node = ?");
  if (!drop_order.ok()) return drop_order.status();
  auto put_place = database_->Prepare("INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?)");
  if (!put_place.ok()) return put_place.status();
  for (std::size_t i = 0; i < next.nodes.size(); ++i) {
    const fleet::StoredNode& node = next.nodes[i];
    if (i < written_->nodes.size() && written_->nodes[i] == node) continue;
    put->Bind(1, static_cast<std::int64_t>(i));
    put->Bind(2, node.name);
    put->Bind(3, JoinAddresses(node.addresses));
    put->Bind(4, node.software_version);
    put->Bind(5, std::chrono::duration_cast<std::chrono::milliseconds>(node.interval).count());
    put->Bind(6, fleet::NameOf(node.state));
    put->Bind(7, std::int64_t{node.declares_hosting});
    put->Bind(8,
              LoadToJson(node.load).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    DNSD_RETURN_IF_ERROR(put->Step().status());
    DNSD_RETURN_IF_ERROR(WriteOrder(i, node.order, *put_order, *drop_order));
    const bool moved = i >= written_->nodes.size() || written_->nodes[i].place != node.place;
    if (moved) DNSD_RETURN_IF_ERROR(WritePlace(i, node.place, *put_place));
  }
  return absl::OkStatus();
}

// All anew: they are few, and change with an operator's commands.
absl::Status StateStore::WriteSiteOrders(const StoredState& next) {
  if (next.site_orders == written_->site_orders) return absl::OkStatus();
  DNSD_RETURN_IF_ERROR(database_->Run("DELETE FROM site_orders"));
  auto put = database_->Prepare("INSERT INTO site_orders VALUES (?, ?, ?, ?, ?)");
  if (!put.ok()) return put.status();
  for (const SiteOrder& order : next.site_orders) {
    put->Bind(1, order.key.site);
    put->Bind(2, order.key.node);
    BindOrder(*put, 3, order.order);
    DNSD_RETURN_IF_ERROR(put->Step().status());
  }
  return absl::OkStatus();
}

absl::Status StateStore::WriteHosting(const StoredState& next) {
  auto put = database_->Prepare("INSERT OR REPLACE INTO hosting VALUES (?, ?, ?, ?, ?, ?)");
  if (!put.ok()) return put.status();
  auto drop = database_->Prepare("DELETE FROM hosting WHERE node = ? AND site = ?");
  if (!drop.ok()) return drop.status();
  for (std::size_t i = 0; i < fleet::HostingTable::kShards; ++i) {
    const auto& before = written_->hosting->shard(i);
    const auto& after = next.hosting->shard(i);
    if (before == after) continue;
    DNSD_RETURN_IF_ERROR(WriteShard(RowsOf(before.get()), RowsOf(after.get()), *put, *drop));
  }
  return absl::OkStatus();
}

}  // namespace dnsd::server
