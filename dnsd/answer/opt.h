// The OPT record that closes a response (RFC 6891 §6.1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dnsd/answer/cookies.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/types.h"
#include "dnsd/wire/writer.h"

namespace dnsd::answer {

// Why a query is not answered, for people who look into it (RFC 8914 §5.2).
enum class ExtendedError : std::uint16_t {
  kProhibited = 18,        // it is known and not allowed
  kNotAuthoritative = 20,  // outside the zones
  kNotSupported = 21,      // of a class or type that nobody may ask here
  // "An authoritative server cannot answer with data for a zone it is otherwise configured to
  // support": every member of a site is down, and `all_down` says SERVFAIL. 22 and 23 are of
  // resolvers.
  kInvalidData = 24,
  kNone = 0xFFFF,
};

// What OPT tells of one response. Borrows `nsid`.
struct OptAnswer {
  std::uint8_t client_scope = 0;  // bits of the client's subnet the answer depended on
  // Bits of it that were looked at; nothing: the option was not, and is not answered.
  std::optional<std::uint8_t> subnet_bits{};
  std::span<const std::uint8_t> nsid;  // empty: not asked for, or not told
  std::optional<FullCookie> cookie;
  std::optional<std::uint16_t> keepalive;  // RFC 7828: tenths of a second a connection may idle
  ExtendedError error = ExtendedError::kNone;
};

// The octets of the OPT that answers `asked`; 0 if it is not present. The extended error is left
// out: it takes what room is left.
std::size_t OptSize(const wire::Edns& asked, const OptAnswer& answer);

// Writes it, and the extended error if it fits. `udp_size`: the payload we take.
void WriteOpt(wire::Writer& out, const wire::Edns& asked, const OptAnswer& answer,
              wire::Rcode rcode, std::uint16_t udp_size);

}  // namespace dnsd::answer
