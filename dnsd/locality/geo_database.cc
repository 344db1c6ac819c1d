#include "dnsd/locality/geo_database.h"

#include <maxminddb.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

namespace dnsd::locality {
namespace {

constexpr unsigned kV4Bits = 32;
constexpr unsigned kV6Bits = 128;
constexpr unsigned kMappedBits = 96;  // an IPv6 tree has IPv4 at ::/96

// A copy of a file in memory. The library maps what it reads, and a mapped file that somebody
// shortens ends the process; and a file that somebody replaces is half of each.
class Copy {
 public:
  explicit Copy(const std::string& path) : file_(memfd_create("geo", MFD_CLOEXEC)) {
    std::ifstream in(path, std::ios::binary);
    ok_ = in.is_open() && file_ >= 0;
    std::array<char, 65536> buffer;
    while (ok_ && in) {
      in.read(buffer.data(), buffer.size());
      ok_ = !in.bad() && Write(buffer.data(), static_cast<std::size_t>(in.gcount()));
    }
  }
  ~Copy() {
    if (file_ >= 0) close(file_);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  bool ok() const { return ok_; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  bool Write(const char* data, std::size_t size) {
    while (size > 0) {
      const ssize_t written = write(file_, data, size);
      if (written <= 0) return false;
      data += written;
      size -= static_cast<std::size_t>(written);
    }
    return true;
  }

  int file_;
  bool ok_ = false;
};

struct Close {
  void operator()(MMDB_s* database) const {
    MMDB_close(database);
    delete database;
  }
};
using Database = std::unique_ptr<MMDB_s, Close>;

using Value = std::optional<MMDB_entry_data_s>;

template <typename... Keys>
Value Get(MMDB_entry_s entry, std::uint32_t type, Keys... keys) {
  MMDB_entry_data_s data{};
  if (MMDB_get_value(&entry, &data, keys..., nullptr) != MMDB_SUCCESS || !data.has_data ||
      data.type != type) {
    return std::nullopt;
  }
  return data;
}

std::uint64_t CodeAt(const Value& value) {
  return value ? CodeOf(std::string(value->utf8_string, value->data_size)) : 0;
}

// As in MaxMind's GeoIP2 and GeoLite2: Country, City, Enterprise, ASN, ISP.
Location LocationAt(const MMDB_entry_s& entry) {
  Location location;
  constexpr std::uint32_t kText = MMDB_DATA_TYPE_UTF8_STRING;
  location.continent = CodeAt(Get(entry, kText, "continent", "code"));
  location.country = CodeAt(Get(entry, kText, "country", "iso_code"));
  if (location.country == 0) {
    location.country = CodeAt(Get(entry, kText, "registered_country", "iso_code"));
  }
  location.subdivision = CodeAt(Get(entry, kText, "subdivisions", "0", "iso_code"));
  const Value as_number = Get(entry, MMDB_DATA_TYPE_UINT32, "autonomous_system_number");
  if (as_number) location.as_number = as_number->uint32;
  const Value latitude = Get(entry, MMDB_DATA_TYPE_DOUBLE, "location", "latitude");
  const Value longitude = Get(entry, MMDB_DATA_TYPE_DOUBLE, "location", "longitude");
  // Written so that NaN fails it.
  if (latitude && longitude && std::abs(latitude->double_value) <= 90 &&
      std::abs(longitude->double_value) <= 180) {
    location.has_coordinates = true;
    location.latitude = static_cast<float>(latitude->double_value);
    location.longitude = static_cast<float>(longitude->double_value);
  }
  return location;
}

// Numbers locations, equal ones alike.
class Numbering {
 public:
  explicit Numbering(std::vector<Location>& locations) : locations_(locations) {
    for (std::uint32_t i = 0; i < locations.size(); ++i) numbers_.emplace(locations[i], i);
  }
  std::uint32_t Of(const Location& location) {
    const auto [at, is_new] =
        numbers_.emplace(location, static_cast<std::uint32_t>(locations_.size()));
    if (is_new) locations_.push_back(location);
    return at->second;
  }

 private:
  std::vector<Location>& locations_;
  std::map<Location, std::uint32_t> numbers_;
};

// Goes through the tree of a database in the order of addresses.
class Walk {
 public:
  Walk(const MMDB_s& database, GeoDatabase& out) : database_(database), numbering_(out.locations) {
    const bool has_v6 = database.metadata.ip_version == 6;
    if (has_v6) {
      v4_root_ = database.ipv4_start_node.node_value;
      Enter(0, Position{}, 0, kV6Bits, out.v6);
      if (database.ipv4_start_node.netmask == kMappedBits) {
        Enter(v4_root_, Position{}, 0, kV4Bits, out.v4);
      }
    } else {
      Enter(0, Position{}, 0, kV4Bits, out.v4);
    }
  }
  bool ok() const { return ok_; }

 private:
  // A node's two halves; `depth` bits of `start` are given.
  void Enter(std::uint32_t number, const Position& start, unsigned depth, unsigned most,
             Ranges& out) {
    // No honest tree has more: one that leads back into itself would have no end.
    if (depth == most || ++visited_ > 2 * std::uint64_t{database_.metadata.node_count} + 2) {
      ok_ = false;
    }
    MMDB_search_node_s node{};
    if (!ok_ || MMDB_read_node(&database_, number, &node) != MMDB_SUCCESS) {
      ok_ = false;
      return;
    }
    const Position middle = start.PastPrefix(depth + 1);
    Take(node.left_record_type, node.left_record, node.left_record_entry, start, depth, most, out);
    Take(node.right_record_type, node.right_record, node.right_record_entry, middle, depth, most,
         out);
  }

  void Take(unsigned type, std::uint64_t record, const MMDB_entry_s& entry, const Position& start,
            unsigned depth, unsigned most, Ranges& out) {
    if (!ok_) return;
    switch (type) {
      case MMDB_RECORD_TYPE_SEARCH_NODE:
        // IPv4 stands in IPv6 more than once (::/96, 2002::/16): it is read by itself.
        if (most == kV6Bits && record == v4_root_ && v4_root_ != 0) return Add(start, 0, out);
        return Enter(static_cast<std::uint32_t>(record), start, depth + 1, most, out);
      case MMDB_RECORD_TYPE_EMPTY:
        return Add(start, 0, out);
      case MMDB_RECORD_TYPE_DATA:
        return Add(start, LocationNumber(entry), out);
      default:
        ok_ = false;
    }
  }

  // Networks share their data.
  std::uint32_t LocationNumber(const MMDB_entry_s& entry) {
    const auto [at, is_new] = by_offset_.emplace(entry.offset, 0);
    if (is_new) at->second = numbering_.Of(LocationAt(entry));
    return at->second;
  }

  static void Add(const Position& start, std::uint32_t value, Ranges& out) {
    if (out.back().start == start) out.pop_back();
    if (out.empty() || out.back().value != value) out.push_back({start, value});
  }

  const MMDB_s& database_;
  Numbering numbering_;
  std::unordered_map<std::uint32_t, std::uint32_t> by_offset_;
  std::uint32_t v4_root_ = 0;
  std::uint64_t visited_ = 0;
  bool ok_ = true;
};

Location Join(const Location& a, const Location& b) {
  Location both = a;
  if (both.continent == 0) both.continent = b.continent;
  if (both.country == 0) {
    both.country = b.country;
    both.subdivision = b.subdivision;
  }
  if (both.as_number == 0) both.as_number = b.as_number;
  if (!both.has_coordinates) {
    both.has_coordinates = b.has_coordinates;
    both.latitude = b.latitude;
    both.longitude = b.longitude;
  }
  return both;
}

constexpr const char* kWanted = "a whole MaxMind database (MMDB 2), of countries, cities or ASN";

}  // namespace

std::uint64_t CodeOf(const std::string& text) {
  std::uint64_t code = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(text.size(), 8); ++i) {
    code = code << 8 | static_cast<std::uint8_t>(text[i]);
  }
  return code;
}

absl::StatusOr<GeoDatabase> LoadGeoDatabase(const std::string& path) {
  const Copy copy(path);
  if (!copy.ok()) return absl::NotFoundError("a file that can be read");
  Database database(new MMDB_s{});
  MMDB_s* const raw = database.get();
  if (const int error = MMDB_open(copy.path().c_str(), MMDB_MODE_MMAP, raw);
      error != MMDB_SUCCESS) {
    delete database.release();  // MMDB_open has closed what it opened
    return absl::InvalidArgumentError(std::string(kWanted) + ": " + MMDB_strerror(error));
  }
  GeoDatabase out;
  const Walk walk(*database, out);
  if (!walk.ok()) {
    return absl::InvalidArgumentError(std::string(kWanted) + ": its tree is damaged");
  }
  return out;
}

GeoDatabase Join(const GeoDatabase& a, const GeoDatabase& b) {
  GeoDatabase both;
  Numbering numbering(both.locations);
  std::unordered_map<std::uint64_t, std::uint32_t> known;
  const auto combine = [&](std::uint32_t i, std::uint32_t j) {
    const auto [at, is_new] = known.emplace(std::uint64_t{i} << 32 | j, 0);
    if (is_new) at->second = numbering.Of(Join(a.locations[i], b.locations[j]));
    return at->second;
  };
  both.v4 = Overlay(a.v4, b.v4, combine);
  both.v6 = Overlay(a.v6, b.v6, combine);
  return both;
}

}  // namespace dnsd::locality
