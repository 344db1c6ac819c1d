// A quantity that changes at certain times.
#pragma once

namespace dnsd::sim {

// The value from `at` on, in seconds since the start.
struct Step {
  double at = 0;
  double value = 0;

  friend bool operator==(const Step&, const Step&) = default;
};

}  // namespace dnsd::sim
