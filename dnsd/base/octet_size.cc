#include "dnsd/base/octet_size.h"

#include <charconv>
#include <cmath>

namespace dnsd {
namespace {

constexpr struct {
  std::string_view name;
  double octets;
} kUnits[] = {{"", 1},     {"B", 1},       {"kB", 1e3},       {"MB", 1e6},
              {"GB", 1e9}, {"KiB", 1024.}, {"MiB", 1048576.}, {"GiB", 1073741824.}};

constexpr double kMost = 1125899906842624.;  // 2^50

}  // namespace

std::optional<OctetSize> ParseOctetSize(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& unit : kUnits) {
    if (name != unit.name) continue;
    const double octets = number * unit.octets;
    // Written so that NaN, which from_chars reads, fails it.
    if (!(octets >= 0 && octets <= kMost) || octets != std::floor(octets)) return std::nullopt;
    return OctetSize{static_cast<std::uint64_t>(octets)};
  }
  return std::nullopt;
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
