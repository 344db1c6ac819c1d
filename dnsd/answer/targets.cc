#include "dnsd/answer/targets.h"

#include "dnsd/wire/reader.h"

namespace dnsd::answer {

using wire::Name;
using wire::RrType;

namespace {

// Where the target begins in the rdata; nothing for types that have none.
std::optional<std::size_t> TargetOffset(RrType type) {
  switch (type) {
    case RrType::kNs:
      return 0;
    case RrType::kMx:
    case RrType::kSvcb:
    case RrType::kHttps:
      return 2;
    case RrType::kSrv:
      return 6;
    default:
      return std::nullopt;
  }
}

}  // namespace

bool HasTarget(RrType type) { return TargetOffset(type).has_value(); }

std::optional<Name> TargetOf(RrType type, std::span<const std::uint8_t> rdata, const Name& owner) {
  const auto offset = TargetOffset(type);
  if (!offset) return std::nullopt;
  wire::Reader in(rdata);
  const auto before = in.Bytes(*offset);
  Name target;
  if (wire::ReadName(in, target) != wire::WireError::kNone) return std::nullopt;
  // A service at "." is at its owner name; an alias for "." is none (RFC 9460 §2.5).
  if (IsService(type) && target.label_count() == 0 && (before[0] | before[1]) != 0) return owner;
  return target;
}

const zone::Node* FindTarget(const zone::Zone& zone, const Name& target,
                             const wire::NameHashes& hashes) {
  const zone::Lookup found = zone.Find(target, hashes);
  switch (found.kind) {
    case zone::Lookup::Kind::kExact:
    case zone::Lookup::Kind::kWildcard:
      return found.node;
    case zone::Lookup::Kind::kDelegation:
      return zone.FindExact(hashes.of(0), target.wire());
    default:
      return nullptr;
  }
}

}  // namespace dnsd::answer
