// Where a node is, as its operator says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dnsd::fleet {

struct Coordinates {
  double latitude = 0;   // degrees, -90 to 90, north above 0
  double longitude = 0;  // degrees, -180 to 180, east above 0

  friend bool operator==(const Coordinates&, const Coordinates&) = default;
};

// What is empty, absent or 0 is not known.
struct Place {
  static constexpr std::size_t kMostRegion = 63;  // octets, no white space or control characters

  std::string region{};
  std::optional<Coordinates> coordinates{};
  std::uint32_t asn = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

// A node's name, and where its reporter says it is.
struct NamedPlace {
  std::string node{};
  Place place{};

  friend bool operator==(const NamedPlace&, const NamedPlace&) = default;
};

}  // namespace dnsd::fleet
