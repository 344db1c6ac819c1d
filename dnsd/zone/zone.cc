#include "dnsd/zone/zone.h"

#include <cstring>

namespace dnsd::zone {
namespace {

constexpr std::uint8_t kWildcardLabel[] = {'*'};

}  // namespace

const Node* Zone::FindExact(std::uint64_t hash, std::span<const std::uint8_t> wanted) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) return nullptr;
    const Node& node = nodes_[slots_[slot] - 1];
    if (node.name_size == wanted.size() &&
        std::memcmp(octets_.data() + node.name, wanted.data(), wanted.size()) == 0) {
      return &node;
    }
  }
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

Pool Zone::pool(PoolIndex index) const {
  const PoolEntry& entry = pools_[index];
  return {std::span(members_).subspan(entry.first, entry.count),
          std::span(octets_).subspan(entry.octets, std::size_t{entry.count} * entry.address_size),
          entry.address_size};
}

}  // namespace dnsd::zone
