#include "reporter/byte_size.h"

#include <array>
#include <cstdio>

#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

constexpr double kMost = 0x1p56;

struct Unit {
  const char* name;
  double octets;
};
constexpr std::array<Unit, 9> kUnits = {{{"TiB", 0x1p40},
                                         {"GiB", 0x1p30},
                                         {"MiB", 0x1p20},
                                         {"KiB", 0x1p10},
                                         {"TB", 1e12},
                                         {"GB", 1e9},
                                         {"MB", 1e6},
                                         {"kB", 1e3},
                                         {"B", 1}}};

}  // namespace

std::optional<std::uint64_t> ParseByteSize(const std::string& text) {
  const std::size_t end = text.find_first_not_of("0123456789.");
  if (end == std::string::npos) return std::nullopt;
  const auto number = ParseDouble(std::string_view(text).substr(0, end));
  const std::string name = text.substr(end);
  for (const Unit& unit : kUnits) {
    if (name != unit.name || !number || !(*number * unit.octets <= kMost)) continue;
    return static_cast<std::uint64_t>(*number * unit.octets);
  }
  return std::nullopt;
}

std::string ByteSizeText(std::uint64_t octets) {
  const auto value = static_cast<double>(octets);
  std::size_t at = 0;
  while (at < 4 && value < kUnits[at].octets) ++at;
  const Unit& unit = at < 4 ? kUnits[at] : kUnits.back();
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g %s", value / unit.octets, unit.name);
  return text.data();
}

}  // namespace dnsd::reporter
