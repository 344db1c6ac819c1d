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

// A number with a unit (B, kB, MB, GB of 1000, KiB, MiB, GiB of 1024) or without: octets. Nothing
// for text that is none, a fraction of an octet, a negative number, and for more than 2^50.
std::optional<OctetSize> ParseOctetSize(std::string_view text);

template <>
struct YamlType<OctetSize> {
  static constexpr const char* kWanted = "octets, as 65536, 64KiB or 3.5MB";
  static bool Parse(const std::string& text, OctetSize& out);
};

// Reads `key` if it is there: a size from `least` to `most`, both included.
bool ReadOctetSize(YamlMap& map, const std::string& key, std::uint64_t& out, std::uint64_t least,
                   std::uint64_t most);

}  // namespace dnsd
