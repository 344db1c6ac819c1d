// What a server says of itself when it is asked in class CH: version.bind, version.server,
// hostname.bind and id.server (RFC 4892).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "dnsd/wire/query.h"

namespace dnsd::answer {

// Immutable once built.
class ChaosTexts {
 public:
  static constexpr std::size_t kMostText = 255;  // octets: one character string (RFC 1035 §3.3)

  ChaosTexts() = default;  // tells nothing
  // `version`: of version.bind and version.server; `identity`: of hostname.bind and id.server.
  // Each of kMostText octets at most; empty: not told.
  ChaosTexts(const std::string& version, const std::string& identity)
      : version_(Rdata(version)), identity_(Rdata(identity)) {}

  // The rdata of the TXT record that answers `query`, a question of class CH for TXT or ANY.
  // Empty: REFUSED, as for all that is not told.
  std::span<const std::uint8_t> Find(const wire::Query& query) const;

 private:
  static std::string Rdata(const std::string& text);

  std::string version_, identity_;  // TXT rdata: an octet of length and the text; empty: not told
};

}  // namespace dnsd::answer
