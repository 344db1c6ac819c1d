#include "dnsd/policy/closeness.h"

#include <algorithm>

namespace dnsd::policy {

Closeness::Closeness(std::vector<SubnetOrder> subnets) : subnets_(std::move(subnets)) {
  std::stable_sort(subnets_.begin(), subnets_.end(), [](const auto& a, const auto& b) {
    return a.clients.length > b.clients.length;
  });
}

const SubnetOrder* Closeness::Find(const IpAddress& client) const {
  for (const SubnetOrder& subnet : subnets_) {
    if (subnet.clients.Contains(client)) return &subnet;
  }
  return nullptr;
}

unsigned Closeness::BitsToFind(const IpAddress& client) const {
  unsigned bits = 0;
  for (const SubnetOrder& subnet : subnets_) {
    if (subnet.clients.address.family() != client.family()) continue;
    const unsigned shared = client.SharedPrefix(subnet.clients.address);
    bits = std::max(bits, std::min<unsigned>(shared + 1, subnet.clients.length));
  }
  return bits;
}

ClosenessScore Closeness::Listed(const SubnetOrder& list, const IpAddress& member) {
  for (std::size_t i = 0; i < list.order.size(); ++i) {
    if (list.order[i].Contains(member)) {
      return static_cast<ClosenessScore>(kListed + list.order.size() - i);
    }
  }
  return 0;
}

}  // namespace dnsd::policy
