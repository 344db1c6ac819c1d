// What a database of addresses says where they are: MaxMind's format (MMDB), read whole at load.
// The only file that knows libmaxminddb.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "dnsd/locality/ranges.h"

namespace dnsd::locality {

// One or more letters or digits as a number that no other text has; 0: none. Eight at most count.
std::uint64_t CodeOf(const std::string& text);

// What is known of a place. Values that compare: databases have some 100,000 of them.
struct Location {
  std::uint64_t continent = 0;    // CodeOf "EU"
  std::uint64_t country = 0;      // CodeOf ISO 3166-1, "DE"
  std::uint64_t subdivision = 0;  // CodeOf ISO 3166-2 without the country, "BY"
  std::uint32_t as_number = 0;    // 0: not known
  bool has_coordinates = false;
  float latitude = 0, longitude = 0;  // degrees

  friend auto operator<=>(const Location&, const Location&) = default;
};

// Ranges of both families; a value is a place in `locations`, the first of which knows nothing.
struct GeoDatabase {
  std::vector<Location> locations = {Location{}};
  Ranges v4 = {Range{}};
  Ranges v6 = {Range{}};
};

// Reads the file at `path`, in one piece: what becomes of it afterwards is no matter.
//   NotFound            there is no such file, or it cannot be read
//   InvalidArgument     it is no such database, or not all of it
// The message says what was wanted of the file.
absl::StatusOr<GeoDatabase> LoadGeoDatabase(const std::string& path);

// What both say; of what both know, the first counts.
GeoDatabase Join(const GeoDatabase& a, const GeoDatabase& b);

}  // namespace dnsd::locality
