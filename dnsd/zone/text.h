// Characters and words of master files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "dnsd/wire/name.h"

namespace dnsd::zone {

// What may stand between the words of a line.
constexpr bool IsLineBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Whether both are the same but for the case of ASCII letters (RFC 4343 §3).
inline bool EqualsNoCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return wire::LowerOctet(static_cast<std::uint8_t>(x)) ==
           wire::LowerOctet(static_cast<std::uint8_t>(y));
  });
}

}  // namespace dnsd::zone
