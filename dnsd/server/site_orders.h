// What operators ordered for sites, and for single nodes at sites. They are laid over the hosting
// that workers see: a node that is drained at a site does not host it, and of a site that is
// drained as a whole a host that no node has says so (answer/hosts.h).
#pragma once

#include <bitset>
#include <compare>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/fleet.h"
#include "dnsd/fleet/hosting.h"
#include "dnsd/fleet/hosting_builder.h"
#include "dnsd/fleet/order.h"
#include "dnsd/wire/name.h"

namespace dnsd::server {

struct SiteKey {
  std::string site{};  // the name as wire::Name::ToString has it
  std::string node{};  // at this node; empty: the site as a whole

  // "www.example.", "www.example.@web1"
  std::string ToString() const { return node.empty() ? site : site + "@" + node; }
  friend auto operator<=>(const SiteKey&, const SiteKey&) = default;
};

struct SiteOrder {
  SiteKey key{};
  fleet::Order order{};

  friend bool operator==(const SiteOrder&, const SiteOrder&) = default;
};

// Of one thread.
class SiteOrders {
 public:
  // Orders or takes back; whether that changed anything.
  bool Set(const SiteKey& key, const fleet::OrderChange& change);
  // Forgets those whose time is over, and returns them.
  std::vector<SiteOrder> End(MonotonicTime now);
  std::optional<MonotonicTime> NextEnd() const;
  bool empty() const { return orders_.empty(); }
  bool Has(const SiteKey& key) const { return orders_.contains(key); }
  std::vector<SiteOrder> list() const;

  // `base` with the orders laid over it; `base` itself while there are none. The same table until
  // one of the two changes, or a node is new. Costs the shards that changed, not the sites there
  // are. Nodes are added at the end alone.
  std::shared_ptr<const fleet::HostingTable> Over(
      const std::shared_ptr<const fleet::HostingTable>& base,
      const std::vector<fleet::Node>& nodes);

 private:
  static constexpr std::size_t kShards = fleet::HostingTable::kShards;
  struct Held {
    fleet::Order order{};
    std::optional<wire::Name> name{};  // the site's; nothing: it cannot be
    std::size_t shard = 0;
  };
  static Held HeldOf(const SiteKey& key, const fleet::Order& order);
  void MarkShards(const std::shared_ptr<const fleet::HostingTable>& base,
                  const std::vector<fleet::Node>& nodes);

  std::map<SiteKey, Held> orders_;
  // What Over gave last, and of what it was made.
  fleet::HostingBuilder builder_;
  std::shared_ptr<const fleet::HostingTable> base_ = std::make_shared<fleet::HostingTable>();
  std::unordered_map<std::string, fleet::NodeIndex> node_index_;
  std::bitset<kShards> stale_;  // shards whose orders or sites are others than then
};

}  // namespace dnsd::server
