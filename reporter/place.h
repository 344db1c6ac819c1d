// Where the node is, as its operator says. dnsd counts closeness by it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dnsd::reporter {

// What is empty, absent or 0 is not told.
struct Place {
  static constexpr std::size_t kMostRegion = 63;  // octets

  std::string region;
  std::optional<double> latitude;   // degrees, -90 to 90, north above 0
  std::optional<double> longitude;  // degrees, -180 to 180, east above 0
  std::uint32_t asn = 0;            // of its autonomous system

  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace dnsd::reporter
