#include "dnsd/server/state_reader.h"

#include <cmath>
#include <sstream>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/fleet/hosting_builder.h"
#include "dnsd/server/load_json.h"

namespace dnsd::server {
namespace {

constexpr std::int64_t kSchemaVersion = 4;
// Sites held at once while reading: a report of one takes some 400 octets.
constexpr std::size_t kBatch = 100'000;

constexpr const char* kSchema = R"(
  CREATE TABLE nodes (
    id INTEGER PRIMARY KEY,  -- the node's place in the fleet
    name TEXT NOT NULL UNIQUE,
    addresses TEXT NOT NULL,
    software_version TEXT NOT NULL,
    interval_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    declares_hosting INTEGER NOT NULL,
    load TEXT NOT NULL
  );
  CREATE TABLE hosting (
    node INTEGER NOT NULL,
    site TEXT NOT NULL,
    ready INTEGER NOT NULL,
    healthy INTEGER NOT NULL,
    content_version INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, site)
  ) WITHOUT ROWID;
)";

// What version 2 has besides.
constexpr const char* kOrders = R"(
  CREATE TABLE orders (
    node INTEGER PRIMARY KEY,  -- of nodes
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    ends_ms INTEGER  -- since the epoch; NULL: when it is taken back
  );
)";

// What version 3 has besides: of the nodes that tell where they are.
constexpr const char* kPlaces = R"(
  CREATE TABLE places (
    node INTEGER PRIMARY KEY,  -- of nodes
    region TEXT NOT NULL,      -- empty: not known
    latitude REAL,             -- degrees, and longitude; NULL: not known
    longitude REAL,
    asn INTEGER NOT NULL       -- 0: not known
  );
  PRAGMA user_version = 3;
)";

// What version 4 has besides.
constexpr const char* kSiteOrders = R"(
  CREATE TABLE site_orders (
    site TEXT NOT NULL,
    node TEXT NOT NULL,  -- a name; empty: the site as a whole
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    ends_ms INTEGER,
    PRIMARY KEY (site, node)
  ) WITHOUT ROWID;
  PRAGMA user_version = 4;
)";

std::optional<fleet::NodeState> StateNamed(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(fleet::NodeState::kDisabled); ++i) {
    const auto state = static_cast<fleet::NodeState>(i);
    if (name == fleet::NameOf(state)) return state;
  }
  return std::nullopt;
}

// An order of a kind that is none counts as none.
fleet::Order OrderOf(SqliteStatement& row, int column) {
  fleet::Order order;
  const std::string kind = row.Text(column);
  for (const auto known : {fleet::Order::Kind::kDrain, fleet::Order::Kind::kDisable}) {
    if (kind == fleet::NameOf(known)) order.kind = known;
  }
  if (order.kind == fleet::Order::Kind::kNone) return order;
  order.reason = row.Text(column + 1);
  if (row.IsNull(column + 2)) return order;
  const WallTime ends{std::chrono::milliseconds(row.Int(column + 2))};
  order.end = fleet::Order::End{MonotonicTime(), ends};
  return order;
}

// What cannot be is not known.
fleet::Place PlaceOf(SqliteStatement& row, int column) {
  fleet::Place place;
  if (row.IsNull(column)) return place;
  place.region = row.Text(column);
  if (!row.IsNull(column + 1) && !row.IsNull(column + 2)) {
    const fleet::Coordinates at{row.Real(column + 1), row.Real(column + 2)};
    const bool is_there = std::abs(at.latitude) <= 90 && std::abs(at.longitude) <= 180;
    if (is_there) place.coordinates = at;
  }
  place.asn = static_cast<std::uint32_t>(row.Int(column + 3));
  return place;
}

absl::StatusOr<std::vector<fleet::StoredNode>> ReadNodes(SqliteDatabase& database) {
  auto rows = database.Prepare(
      "SELECT id, name, addresses, software_version, interval_ms, state, declares_hosting, load, "
      "kind, reason, ends_ms, region, latitude, longitude, asn FROM nodes "
      "LEFT JOIN orders ON orders.node = id LEFT JOIN places ON places.node = id ORDER BY id");
  if (!rows.ok()) return rows.status();
  std::vector<fleet::StoredNode> nodes;
  for (;;) {
    const absl::StatusOr<bool> row = rows->Step();
    if (!row.ok()) return row.status();
    if (!*row) return nodes;
    const auto state = StateNamed(rows->Text(5));
    // The place is what the hosting refers to, so a node that is missing spoils all after it.
    if (rows->Int(0) != static_cast<std::int64_t>(nodes.size()) || !state) {
      return absl::DataLossError("its table of nodes makes no sense at '" + rows->Text(1) + "'");
    }
    nodes.push_back({.name = rows->Text(1),
                     .addresses = SplitAddresses(rows->Text(2)),
                     .software_version = rows->Text(3),
                     .interval = std::chrono::milliseconds(rows->Int(4)),
                     .state = *state,
                     .declares_hosting = rows->Int(6) != 0,
                     .load = LoadFromJson(nlohmann::json::parse(rows->Text(7), nullptr, false)),
                     .order = OrderOf(*rows, 8),
                     .place = PlaceOf(*rows, 11)});
  }
}

absl::StatusOr<std::shared_ptr<const fleet::HostingTable>> ReadHosting(SqliteDatabase& database,
                                                                       std::size_t node_count) {
  auto rows = database.Prepare(
      "SELECT node, site, ready, healthy, content_version, bytes FROM hosting ORDER BY node");
  if (!rows.ok()) return rows.status();
  fleet::HostingBuilder builder;
  std::vector<fleet::SiteReport> sites;
  fleet::NodeIndex node = 0;
  std::size_t refused = 0;
  const auto flush = [&] {
    if (!sites.empty()) builder.Change(node, sites, {});
    sites.clear();
  };
  for (;;) {
    const absl::StatusOr<bool> row = rows->Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    const auto name = wire::Name::Parse(rows->Text(1));
    if (!name || std::cmp_less(rows->Int(0), 0) ||
        std::cmp_greater_equal(rows->Int(0), node_count)) {
      ++refused;
      continue;
    }
    const auto next = static_cast<fleet::NodeIndex>(rows->Int(0));
    if (next != node || sites.size() >= kBatch) flush();
    node = next;
    sites.push_back({*name, static_cast<std::uint64_t>(rows->Int(4)),
                     static_cast<std::uint64_t>(rows->Int(5)), rows->Int(2) != 0,
                     rows->Int(3) != 0});
  }
  flush();
  if (refused > 0) spdlog::warn("stored hosting: {} rows make no sense and are left out", refused);
  return builder.Build();
}

absl::StatusOr<std::vector<SiteOrder>> ReadSiteOrders(SqliteDatabase& database) {
  auto rows = database.Prepare("SELECT site, node, kind, reason, ends_ms FROM site_orders");
  if (!rows.ok()) return rows.status();
  std::vector<SiteOrder> orders;
  for (;;) {
    const absl::StatusOr<bool> row = rows->Step();
    if (!row.ok()) return row.status();
    if (!*row) return orders;
    const SiteOrder order{{rows->Text(0), rows->Text(1)}, OrderOf(*rows, 2)};
    if (order.order.kind != fleet::Order::Kind::kNone) orders.push_back(order);
  }
}

}  // namespace

absl::Status PrepareSchema(SqliteDatabase& database) {
  // One process alone: a second dnsd on one directory is an error, not a race.
  DNSD_RETURN_IF_ERROR(database.Run("PRAGMA locking_mode = EXCLUSIVE"));
  DNSD_RETURN_IF_ERROR(database.Run("PRAGMA journal_mode = WAL"));
  DNSD_RETURN_IF_ERROR(database.Run("PRAGMA synchronous = NORMAL"));
  auto version = database.Prepare("PRAGMA user_version");
  if (!version.ok()) return version.status();
  const absl::StatusOr<bool> row = version->Step();
  if (!row.ok()) return row.status();
  const std::int64_t found = version->Int(0);
  if (const auto end = version->Step(); !end.ok()) return end.status();
  if (found == kSchemaVersion) return absl::OkStatus();
  const std::string versions = "its tables are of version " + std::to_string(found) +
                               ", this dnsd writes version " + std::to_string(kSchemaVersion);
  if (found < 0) return absl::DataLossError(versions);
  if (found > kSchemaVersion) return absl::FailedPreconditionError(versions);
  DNSD_RETURN_IF_ERROR(database.Run("BEGIN IMMEDIATE"));
  if (found == 0) DNSD_RETURN_IF_ERROR(database.Run(kSchema));
  if (found < 2) DNSD_RETURN_IF_ERROR(database.Run(kOrders));
  if (found < 3) DNSD_RETURN_IF_ERROR(database.Run(kPlaces));
  DNSD_RETURN_IF_ERROR(database.Run(kSiteOrders));
  return database.Run("COMMIT");
}

absl::StatusOr<StoredState> ReadState(SqliteDatabase& database) {
  StoredState state;
  auto nodes = ReadNodes(database);
  if (!nodes.ok()) return nodes.status();
  state.nodes = *std::move(nodes);
  auto hosting = ReadHosting(database, state.nodes.size());
  if (!hosting.ok()) return hosting.status();
  state.hosting = *std::move(hosting);
  auto orders = ReadSiteOrders(database);
  if (!orders.ok()) return orders.status();
  state.site_orders = *std::move(orders);
  return state;
}

std::string JoinAddresses(const std::vector<IpAddress>& addresses) {
  std::string text;
  for (const IpAddress& address : addresses) {
    if (!text.empty()) text += ' ';
    text += address.ToString();
  }
  return text;
}

std::vector<IpAddress> SplitAddresses(const std::string& text) {
  std::istringstream words(text);
  std::vector<IpAddress> addresses;
  for (std::string word; words >> word;) {
    if (const auto address = IpAddress::Parse(word)) addresses.push_back(*address);
  }
  return addresses;
}

}  // namespace dnsd::server
