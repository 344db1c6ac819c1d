// The names in rdata that call for additional records.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dnsd/wire/name.h"
#include "dnsd/wire/types.h"
#include "dnsd/zone/zone.h"

namespace dnsd::answer {

// Whether rdata of the type names somebody whose addresses help (RFC 1035 §3.3, RFC 2782,
// RFC 9460 §4.1).
bool HasTarget(wire::RrType type);

// SVCB and HTTPS, whose targets may be services again.
inline bool IsService(wire::RrType type) {
  return type == wire::RrType::kSvcb || type == wire::RrType::kHttps;
}

// The name that rdata of `type` at `owner` calls for additional addresses of; nothing for none.
std::optional<wire::Name> TargetOf(wire::RrType type, std::span<const std::uint8_t> rdata,
                                   const wire::Name& owner);

// The node whose addresses help with `target`, a name in the zone: its own, a wildcard's, or glue;
// null if there is none.
const zone::Node* FindTarget(const zone::Zone& zone, const wire::Name& target,
                             const wire::NameHashes& hashes);

}  // namespace dnsd::answer
