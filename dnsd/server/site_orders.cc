#include "dnsd/server/site_orders.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "dnsd/answer/hosts.h"
#include "dnsd/fleet/hosting_builder.h"
#include "dnsd/wire/name.h"

namespace dnsd::server {

using Kind = fleet::Order::Kind;

bool SiteOrders::Set(const SiteKey& key, const fleet::OrderChange& change) {
  base_.reset();
  if (change.order.kind != Kind::kNone) {
    orders_[key] = change.order;
    return true;
  }
  const auto held = orders_.find(key);
  if (held == orders_.end() || held->second.kind != change.taken_back) return false;
  orders_.erase(held);
  return true;
}

std::vector<SiteOrder> SiteOrders::End(MonotonicTime now) {
  std::vector<SiteOrder> ended;
  for (auto at = orders_.begin(); at != orders_.end();) {
    if (!at->second.end || at->second.end->at > now) {
      ++at;
      continue;
    }
    ended.push_back({at->first, at->second});
    at = orders_.erase(at);
    base_.reset();
  }
  return ended;
}

std::optional<MonotonicTime> SiteOrders::NextEnd() const {
  std::optional<MonotonicTime> next;
  for (const auto& [key, order] : orders_) {
    if (order.end && (!next || order.end->at < *next)) next = order.end->at;
  }
  return next;
}

std::vector<SiteOrder> SiteOrders::list() const {
  std::vector<SiteOrder> all;
  for (const auto& [key, order] : orders_) all.push_back({key, order});
  return all;
}

std::shared_ptr<const fleet::HostingTable> SiteOrders::Over(
    const std::shared_ptr<const fleet::HostingTable>& base, const std::vector<fleet::Node>& nodes) {
  if (orders_.empty()) return base;
  if (base == base_ && nodes.size() == node_count_) return laid_over_;
  std::unordered_map<std::string, fleet::NodeIndex> index;
  for (fleet::NodeIndex i = 0; i < nodes.size(); ++i) index.emplace(nodes[i].name, i);
  std::map<fleet::NodeIndex, std::vector<fleet::SiteReport>> by_node;
  for (const auto& [key, order] : orders_) {
    const auto name = wire::Name::Parse(key.site);
    const auto node = index.find(key.node);
    if (!name || (!key.node.empty() && node == index.end())) continue;
    by_node[key.node.empty() ? answer::kEveryNode : node->second].push_back({.name = *name});
  }
  fleet::HostingBuilder builder;
  builder.Adopt(base);
  for (const auto& [node, sites] : by_node) builder.Change(node, sites, {});
  base_ = base;
  node_count_ = nodes.size();
  laid_over_ = builder.Build();
  return laid_over_;
}

}  // namespace dnsd::server
