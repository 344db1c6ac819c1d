#include "dnsd/zone/zone.h"

namespace dnsd::zone {
namespace {

constexpr std::uint8_t kWildcardLabel[] = {'*'};

}  // namespace

std::uint32_t Zone::FindNumber(std::uint64_t hash, std::span<const std::uint8_t> wanted) const {
  const std::size_t size = wanted.size() - apex_.wire().size();
  return index_.Find(hash, [&](std::uint32_t number) {
    const Node& candidate = node(number);
    return candidate.name_size == size &&
           wire::SameOctets(candidate.relative_name().data(), wanted.data(), size);
  });
}

Lookup Zone::Find(const wire::Name& name, const NameHashes& hashes) const {
  const std::size_t to_apex = name.label_count() - apex_.label_count();
  std::size_t depth = 0;
  const Node* node = FindExact(hashes.of(0), name.wire());
  while (node == nullptr) {  // up to the closest encloser; the apex always exists
    ++depth;
    node = FindExact(hashes.of(depth), name.suffix(depth));
  }
  if (node->has(Node::kOccluded)) {
    // Something above hides it: a cut or a DNAME, the one nearest to the apex.
    do {
      ++depth;
      node = FindExact(hashes.of(depth), name.suffix(depth));
    } while (depth < to_apex && node->has(Node::kOccluded));
  }
  if (node->has(Node::kCut)) return {Lookup::Kind::kDelegation, node, depth};
  if (depth == 0) return {Lookup::Kind::kExact, node, 0};
  if (node->has(Node::kDname)) return {Lookup::Kind::kDname, node, depth};
  if (node->has(Node::kHasWildcard)) {
    std::array<std::uint8_t, wire::Name::kMaxSize + 2> wildcard;
    wildcard[0] = 1;
    wildcard[1] = '*';
    const auto encloser = name.suffix(depth);
    std::memcpy(wildcard.data() + 2, encloser.data(), encloser.size());
    const std::uint64_t hash = wire::HashLabel(hashes.of(depth), kWildcardLabel);
    const Node* found = FindExact(hash, std::span(wildcard).first(encloser.size() + 2));
    return {Lookup::Kind::kWildcard, found, depth};
  }
  return {Lookup::Kind::kNone, node, depth};
}

wire::Name Zone::name(const Node& node) const {
  std::array<std::uint8_t, wire::Name::kMaxSize> octets;
  const auto relative = node.relative_name();
  std::memcpy(octets.data(), relative.data(), relative.size());
  std::memcpy(octets.data() + relative.size(), apex_.wire().data(), apex_.wire().size());
  return *wire::Name::FromWire(std::span(octets).first(relative.size() + apex_.wire().size()));
}

Rdata Zone::rdata(const Rrset& rrset) const {
  if (rrset.pool != kNoPool) {
    const Pool members = pool(rrset.pool);
    return {members.octets, members.address_size};
  }
  const std::uint8_t* data = data_.at(rrset.pool.where());
  std::uint32_t size = 0;
  std::memcpy(&size, data, sizeof size);
  return {{data + sizeof size, size}, 0};
}

}  // namespace dnsd::zone
