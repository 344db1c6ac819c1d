// Reads the state that state_store.h writes, and lays its tables out.
#pragma once

#include "dnsd/base/status.h"
#include "dnsd/server/sqlite.h"
#include "dnsd/server/state_store.h"

namespace dnsd::server {

// Makes the tables where there are none. DataLoss: those of another version.
absl::Status PrepareSchema(SqliteDatabase& database);

// All that is stored. A row that cannot be understood is left out, with a warning.
absl::StatusOr<StoredState> ReadState(SqliteDatabase& database);

// Addresses as text, separated by blanks, and back.
std::string JoinAddresses(const std::vector<IpAddress>& addresses);
std::vector<IpAddress> SplitAddresses(const std::string& text);

}  // namespace dnsd::server
