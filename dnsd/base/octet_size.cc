#include "dnsd/base/octet_size.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace dnsd {
namespace {

struct Unit {
  std::string_view name;
  double octets;
};
// Those that text is written in come first, the largest before the others.
constexpr std::array<Unit, 10> kUnits = {{{"TiB", 0x1p40},
                                          {"GiB", 0x1p30},
                                          {"MiB", 0x1p20},
                                          {"KiB", 0x1p10},
                                          {"B", 1},
                                          {"", 1},
                                          {"kB", 1e3},
                                          {"MB", 1e6},
                                          {"GB", 1e9},
                                          {"TB", 1e12}}};
constexpr std::size_t kWritten = 5;

constexpr double kMost = 0x1p56;

}  // namespace

std::optional<OctetSize> ParseOctetSize(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (name != unit.name) continue;
    const double octets = number * unit.octets;
    // Written so that NaN, which from_chars reads, fails it. A share of a larger unit may not come
    // out even: 1.3TiB.
    const double whole = std::floor(octets + 1e-3);
    const bool is_even = unit.octets > 1 || octets == whole;
    if (!(octets >= 0 && octets <= kMost) || !is_even) return std::nullopt;
    return OctetSize{static_cast<std::uint64_t>(whole)};
  }
  return std::nullopt;
}

std::string OctetSizeText(std::uint64_t octets) {
  const auto value = static_cast<double>(octets);
  std::size_t at = 0;
  while (at + 1 < kWritten && value < kUnits[at].octets) ++at;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g %s", value / kUnits[at].octets,
                kUnits[at].name.data());
  return text.data();
}

bool YamlType<OctetSize>::Parse(const std::string& text, OctetSize& out) {
  const auto size = ParseOctetSize(text);
  if (size) out = *size;
  return size.has_value();
}

bool ReadOctetSize(YamlMap& map, const std::string& key, std::uint64_t& out, std::uint64_t least,
                   std::uint64_t most) {
  OctetSize size;
  if (!map.Read(key, size)) return false;
  if (size.octets < least || size.octets > most) {
    map.Refuse(key, std::to_string(least) + " to " + std::to_string(most) + " octets");
    return false;
  }
  out = size.octets;
  return true;
}

}  // namespace dnsd
