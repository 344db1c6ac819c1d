// Distances on the earth, taken for a sphere.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace dnsd::locality {

// From the middle of the earth to a place on it, of length 1; of length 0: not known where. Two
// places are compared without a sine or cosine.
struct Direction {
  float x = 0, y = 0, z = 0;

  bool known() const { return x != 0 || y != 0 || z != 0; }
  friend bool operator==(const Direction&, const Direction&) = default;
};

// `latitude` and `longitude` in degrees, north and east positive.
inline Direction DirectionOf(double latitude, double longitude) {
  const double north = latitude * std::numbers::pi / 180;
  const double east = longitude * std::numbers::pi / 180;
  return {static_cast<float>(std::cos(north) * std::cos(east)),
          static_cast<float>(std::cos(north) * std::sin(east)),
          static_cast<float>(std::sin(north))};
}

inline constexpr float kEarthRadius = 6371;  // km

// Through the earth, in km: of two great-circle distances the greater is the greater here too, and
// it needs no arc cosine. 0 to 12,742.
inline float Chord(const Direction& a, const Direction& b) {
  const float x = a.x - b.x, y = a.y - b.y, z = a.z - b.z;
  return std::min(kEarthRadius * std::sqrt(x * x + y * y + z * z), 2 * kEarthRadius);
}

// Along the great circle, in km, from Chord. For people.
inline double ArcOf(float chord) {
  return 2 * kEarthRadius *
         std::asin(std::min(1.0, static_cast<double>(chord) / (2 * kEarthRadius)));
}

}  // namespace dnsd::locality
