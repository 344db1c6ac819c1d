#include "dnsd/base/duration.h"

#include <charconv>
#include <chrono>
#include <cstdint>

namespace dnsd {
namespace {

constexpr struct {
  std::string_view name;
  std::int64_t milliseconds;
} kUnits[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};

constexpr double kMostSeconds = 10.0 * 365 * 86'400;

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& unit : kUnits) {
    if (name != unit.name) continue;
    const double seconds = number * static_cast<double>(unit.milliseconds) / 1000;
    // Written so that NaN, which from_chars reads, fails it.
    if (!(seconds >= 0 && seconds <= kMostSeconds)) return std::nullopt;
    return FromSeconds(seconds);
  }
  return std::nullopt;
}

std::string DurationText(Duration duration) {
  const auto total = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (total == 0) return "0s";
  for (const auto& unit : kUnits) {
    if (total % unit.milliseconds == 0) {
      return std::to_string(total / unit.milliseconds) + std::string(unit.name);
    }
  }
  return std::to_string(total) + "ms";
}

}  // namespace dnsd
