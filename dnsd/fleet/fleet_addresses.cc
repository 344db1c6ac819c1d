// Which node holds which service address. The first live claimant keeps it; a later one goes
// without until the holder is gone.
#include <algorithm>

#include "dnsd/fleet/fleet.h"

namespace dnsd::fleet {
namespace {

bool Contains(const std::vector<IpAddress>& addresses, const IpAddress& address) {
  return std::ranges::find(addresses, address) != addresses.end();
}

}  // namespace

// Takes over what the node claims now, and lets go of what it no longer does.
void Fleet::SetAddresses(NodeIndex index, const std::vector<IpAddress>& addresses) {
  Node& node = nodes_[index];
  std::vector<IpAddress> claimed;
  for (const IpAddress& address : addresses) {
    if (!Contains(claimed, address)) claimed.push_back(address);
  }
  const std::vector<IpAddress> before = std::exchange(node.addresses, std::move(claimed));
  for (const IpAddress& address : before) {
    const auto at = holders_.find(address);
    const bool held = at != holders_.end() && at->second == index;
    if (!held || Contains(node.addresses, address) || PassOn(address, index)) continue;
    Bind(address, kNoNode);
  }
}

// Binds what the node may have of its addresses. What it may not, or what no pool lists, is told.
std::vector<std::string> Fleet::Claim(NodeIndex index) {
  Node& node = nodes_[index];
  std::vector<std::string> warnings;
  node.refused.clear();
  for (const IpAddress& address : node.addresses) {
    const auto at = holders_.find(address);
    const NodeIndex holder = at == holders_.end() ? kNoNode : at->second;
    if (holder != kNoNode && holder != index && !nodes_[holder].is_gone()) {
      Count(Fault::kAddressTaken);
      node.refused.push_back(address);
      warnings.push_back("address " + address.ToString() + " is held by node " +
                         nodes_[holder].name + ", which is " + NameOf(nodes_[holder].state) +
                         "; it stays there until that node is dead, leaves or gives it up");
      continue;
    }
    if (holder != kNoNode && holder != index) nodes_[holder].refused.push_back(address);
    Bind(address, index);
    if (!addresses_.Find(address)) {
      Count(Fault::kUnknownAddress);
      warnings.push_back("address " + address.ToString() +
                         " is in no pool: it gets no answers until a zone lists it");
    }
  }
  return warnings;
}

// The node is gone: what live nodes were refused on its account is theirs now.
void Fleet::GiveUpAddresses(NodeIndex index) {
  for (const IpAddress& address : nodes_[index].addresses) {
    const auto at = holders_.find(address);
    if (at == holders_.end() || at->second != index) continue;
    if (PassOn(address, index)) nodes_[index].refused.push_back(address);
  }
}

// Gives the address to the first live node that was refused it; false if there is none.
bool Fleet::PassOn(const IpAddress& address, NodeIndex from) {
  for (NodeIndex i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (i == from || node.is_gone() || !Contains(node.refused, address)) continue;
    std::erase(node.refused, address);
    Bind(address, i);
    outcome_.warnings.push_back("node " + node.name + ": takes address " + address.ToString() +
                                " over from node " + nodes_[from].name);
    return true;
  }
  return false;
}

void Fleet::Bind(const IpAddress& address, NodeIndex node) {
  if (node == kNoNode) {
    holders_.erase(address);
  } else {
    holders_[address] = node;
  }
  const std::optional<AddressId> id = addresses_.Find(address);
  if (!id) return;
  if (node_of_.size() <= *id) node_of_.resize(*id + std::size_t{1}, kNoNode);
  node_of_[*id] = node;
}

void Fleet::RebindAddresses() {
  for (const auto& [address, node] : holders_) Bind(address, node);
}

}  // namespace dnsd::fleet
