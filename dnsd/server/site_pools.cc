#include "dnsd/server/site_pools.h"

#include <algorithm>
#include <utility>

#include "dnsd/wire/name.h"

namespace dnsd::server {

void SitePools::Adopt(std::shared_ptr<const answer::Served> served,
                      const std::vector<fleet::NodeIndex>& node_of) {
  served_ = std::move(served);
  node_of_ = &node_of;
  lists_.clear();
}

SitePools::Nodes SitePools::Of(const std::string& site) {
  const auto name = wire::Name::Parse(site);
  if (!name) return nullptr;
  const wire::NameHashes hashes(*name);
  const zone::Zone* zone = served_->zones.FindClosest(*name, hashes);
  if (zone == nullptr) return nullptr;
  const zone::Lookup found = zone->Find(*name, hashes);
  if (found.kind != zone::Lookup::Kind::kExact && found.kind != zone::Lookup::Kind::kWildcard) {
    return nullptr;
  }
  zone::PoolIndex pools[2] = {zone::kNoPool, zone::kNoPool};
  for (const zone::Rrset& rrset : zone->rrsets(*found.node)) {
    if (rrset.type == wire::RrType::kA) pools[0] = rrset.pool;
    if (rrset.type == wire::RrType::kAaaa) pools[1] = rrset.pool;
  }
  if (pools[0] == zone::kNoPool && pools[1] == zone::kNoPool) return nullptr;
  Nodes& list = lists_[Key{zone, pools[0], pools[1]}];
  if (list != nullptr) return list;
  std::vector<fleet::NodeIndex> nodes;
  for (const zone::PoolIndex pool : pools) {
    if (pool == zone::kNoPool) continue;
    for (const AddressId member : zone->pool(pool).members) {
      if (member >= node_of_->size() || (*node_of_)[member] == fleet::kNoNode) continue;
      nodes.push_back((*node_of_)[member]);
    }
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  list = std::make_shared<const std::vector<fleet::NodeIndex>>(std::move(nodes));
  return list;
}

}  // namespace dnsd::server
