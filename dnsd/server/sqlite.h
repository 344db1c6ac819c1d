// SQLite in our house's clothes: handles that close themselves, errors that name the file.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "dnsd/base/status.h"

namespace dnsd::server {

// A prepared statement. Borrows its database. Parameters and columns count from 1 and 0, as
// SQLite's do.
class SqliteStatement {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement, &sqlite3_finalize) {}

  void Bind(int parameter, std::int64_t value);
  void Bind(int parameter, double value);
  void Bind(int parameter, const std::string& value);
  void BindNull(int parameter);
  // Runs on: true for a row, false at the end, after which it may be bound and run anew.
  absl::StatusOr<bool> Step();

  std::int64_t Int(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  double Real(int column) const { return sqlite3_column_double(statement_.get(), column); }
  std::string Text(int column) const;
  bool IsNull(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
  }

 private:
  std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement_;
};

// One connection, for one thread at a time. Errors begin with the path:
//   DataLoss     the file is no database, or damaged
//   Unavailable  another process has it
//   Internal     all others, such as a full disk or a file that may not be written
class SqliteDatabase {
 public:
  // Opens, and creates where there is none, for this process alone.
  static absl::StatusOr<SqliteDatabase> Open(const std::string& path);

  absl::Status Run(const std::string& sql);
  absl::StatusOr<SqliteStatement> Prepare(const std::string& sql);

 private:
  explicit SqliteDatabase(sqlite3* database) : database_(database, &sqlite3_close) {}
  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database_;
};

}  // namespace dnsd::server
