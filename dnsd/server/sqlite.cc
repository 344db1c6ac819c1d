#include "dnsd/server/sqlite.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace dnsd::server {
namespace {

// How long a dnsd that is being replaced may still hold the file.
constexpr int kBusyMilliseconds = 3000;

// `system_error`: errno after the call that has failed, which was 0 before. SQLite keeps that of
// opening files alone (sqlite3_system_errno), and "disk I/O error" says little.
absl::Status ErrorOf(sqlite3* database, int system_error = 0) {
  const int result = sqlite3_errcode(database) & 0xFF;
  const char* path = sqlite3_db_filename(database, "main");
  const std::string where = path == nullptr ? "" : std::string(path) + ": ";
  std::string what = sqlite3_errmsg(database);
  if (result == SQLITE_IOERR && system_error != 0) {
    what += std::string(": ") + std::strerror(system_error);
  }
  switch (result) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(where + what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(where + "in use by another process");
    default:
      return absl::InternalError(where + what);
  }
}

}  // namespace

void SqliteStatement::Bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
}

void SqliteStatement::Bind(int parameter, double value) {
  sqlite3_bind_double(statement_.get(), parameter, value);
}

void SqliteStatement::Bind(int parameter, const std::string& value) {
  sqlite3_bind_text(statement_.get(), parameter, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
}

void SqliteStatement::BindNull(int parameter) { sqlite3_bind_null(statement_.get(), parameter); }

absl::StatusOr<bool> SqliteStatement::Step() {
  errno = 0;
  const int result = sqlite3_step(statement_.get());
  const int system_error = errno;
  if (result == SQLITE_ROW) return true;
  absl::Status status;
  if (result != SQLITE_DONE) status = ErrorOf(sqlite3_db_handle(statement_.get()), system_error);
  sqlite3_reset(statement_.get());
  if (!status.ok()) return status;
  return false;
}

std::string SqliteStatement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

absl::StatusOr<SqliteDatabase> SqliteDatabase::Open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteDatabase database(handle);
  if (handle == nullptr) return absl::InternalError(path + ": no memory");
  if (result != SQLITE_OK) return absl::InternalError(path + ": " + sqlite3_errmsg(handle));
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return database;
}

absl::Status SqliteDatabase::Run(const std::string& sql) {
  errno = 0;
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return absl::OkStatus();
  }
  return ErrorOf(database_.get(), errno);
}

absl::StatusOr<SqliteStatement> SqliteDatabase::Prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    return ErrorOf(database_.get());
  }
  return SqliteStatement(statement);
}

}  // namespace dnsd::server
