// Sizes as people write them: "65536", "64KiB", "3.5MB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dnsd/base/yaml.h"

namespace dnsd {

struct OctetSize {
  std::uint64_t octets = 0;

  friend bool operator==(const OctetSize&, const OctetSize&) = default;
};

// A number with a unit (B, kB to TB of 1000, KiB to TiB of 1024) or without: octets. Nothing for
// text that is none, a fraction of an octet, a negative number, and for more than 2^56.
std::optional<OctetSize> ParseOctetSize(std::string_view text);

// To four digits in the unit that is nearest below: "1.5 GiB", "17 B".
std::string OctetSizeText(std::uint64_t octets);

template <>
struct YamlType<OctetSize> {
  static constexpr const char* kWanted = "octets, as 65536, 64KiB or 3.5MB";
  static bool Parse(const std::string& text, OctetSize& out);
};

// Reads `key` if it is there: a size from `least` to `most`, both included.
bool ReadOctetSize(YamlMap& map, const std::string& key, std::uint64_t& out, std::uint64_t least,
                   std::uint64_t most);

}  // namespace dnsd
