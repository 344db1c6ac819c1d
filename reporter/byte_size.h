// Amounts of storage as people write them: "500MiB", "20GiB", "1.5TB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dnsd/base/yaml.h"

namespace dnsd::reporter {

struct ByteSize {
  std::uint64_t octets = 0;
};

// Nothing for text without a unit (B, kB, MB, GB, TB; KiB, MiB, GiB, TiB), for a negative number,
// and for more than 2^56 octets, what dnsd takes.
std::optional<std::uint64_t> ParseByteSize(const std::string& text);

// To four digits in the unit that is nearest below: "1.5 GiB", "17 B".
std::string ByteSizeText(std::uint64_t octets);

}  // namespace dnsd::reporter

template <>
struct dnsd::YamlType<dnsd::reporter::ByteSize> {
  static constexpr const char* kWanted = "a size with its unit, as 500MiB, 20GiB or 2TB";
  static bool Parse(const std::string& text, dnsd::reporter::ByteSize& out) {
    const auto octets = dnsd::reporter::ParseByteSize(text);
    if (octets) out.octets = *octets;
    return octets.has_value();
  }
};
