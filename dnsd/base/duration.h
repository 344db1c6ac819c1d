// Durations as people write them: "500ms", "1s", "1.5s", "2m", "1h", "1d".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dnsd/base/clock.h"

namespace dnsd {

// Nothing for text without a unit, for a negative number, and for more than ten years.
std::optional<Duration> ParseDuration(std::string_view text);

// In the largest unit that needs no fraction, to the millisecond: "90s", "2m", "1500ms".
std::string DurationText(Duration duration);

}  // namespace dnsd
