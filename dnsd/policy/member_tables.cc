#include "dnsd/policy/member_tables.h"

#include <algorithm>

#include "dnsd/policy/rendezvous.h"

namespace dnsd::policy {
namespace {

unsigned BitsOf(const IpAddress& address) { return static_cast<unsigned>(8 * address.size()); }

// Calls `visit` with each address within the prefix.
template <typename Visit>
void ForEachWithin(const IpPrefix& prefix, const AddressTable& addresses, Visit visit) {
  if (prefix.length == BitsOf(prefix.address)) {
    if (const auto id = addresses.Find(prefix.address)) visit(*id);
    return;
  }
  for (AddressId id = 0; id < addresses.size(); ++id) {
    if (prefix.Contains(addresses.address(id))) visit(id);
  }
}

std::vector<float> Weights(zone::MemberWeights list, const AddressTable& addresses) {
  std::vector<float> weights(addresses.size(), 1);
  // The longest last, so that it stays.
  std::ranges::stable_sort(list, {}, [](const auto& entry) { return entry.first.length; });
  for (const auto& [prefix, weight] : list) {
    ForEachWithin(prefix, addresses, [&, w = weight](AddressId id) { weights[id] = w; });
  }
  return weights;
}

std::vector<float> Reciprocals(std::vector<float> weights) {
  for (float& weight : weights) weight = weight > 0 ? 1 / weight : MemberTables::kNever;
  return weights;
}

std::vector<std::uint8_t> Groups(const zone::MemberGroups& list, const AddressTable& addresses) {
  std::vector<std::uint8_t> groups(addresses.size(), MemberTables::kNoGroup);
  for (std::size_t i = 0; i < std::min<std::size_t>(list.size(), MemberTables::kNoGroup); ++i) {
    const auto group = static_cast<std::uint8_t>(i);
    for (const IpPrefix& prefix : list[i]) {
      ForEachWithin(prefix, addresses,
                    [&](AddressId id) { groups[id] = std::min(groups[id], group); });
    }
  }
  return groups;
}

}  // namespace

MemberTables::MemberTables(const zone::MemberLists& lists, const AddressTable& addresses) {
  for (const auto& list : lists.weights) weights_.push_back(Weights(list, addresses));
  for (const auto& list : weights_) reciprocals_.push_back(Reciprocals(list));
  for (const auto& list : lists.groups) groups_.push_back(Groups(list, addresses));
  hashes_.reserve(addresses.size());
  for (AddressId id = 0; id < addresses.size(); ++id) {
    hashes_.push_back(HashOf(addresses.address(id).octets()));
  }
}

}  // namespace dnsd::policy
