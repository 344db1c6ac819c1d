#include "dnsd/server/site_orders.h"

#include <algorithm>
#include <utility>

#include "dnsd/answer/hosts.h"

namespace dnsd::server {

using Kind = fleet::Order::Kind;

SiteOrders::Held SiteOrders::HeldOf(const SiteKey& key, const fleet::Order& order) {
  Held held{order, wire::Name::Parse(key.site), 0};
  if (held.name) held.shard = fleet::HostingKey::Of(held.name->Hash()).shard;
  return held;
}

bool SiteOrders::Set(const SiteKey& key, const fleet::OrderChange& change) {
  if (change.order.kind != Kind::kNone) {
    const Held& held = orders_[key] = HeldOf(key, change.order);
    stale_.set(held.shard);
    return true;
  }
  const auto held = orders_.find(key);
  if (held == orders_.end() || held->second.order.kind != change.taken_back) return false;
  stale_.set(held->second.shard);
  orders_.erase(held);
  return true;
}

std::vector<SiteOrder> SiteOrders::End(MonotonicTime now) {
  std::vector<SiteOrder> ended;
  for (auto at = orders_.begin(); at != orders_.end();) {
    const fleet::Order& order = at->second.order;
    if (!order.end || order.end->at > now) {
      ++at;
      continue;
    }
    ended.push_back({at->first, order});
    stale_.set(at->second.shard);
    at = orders_.erase(at);
  }
  return ended;
}

std::optional<MonotonicTime> SiteOrders::NextEnd() const {
  std::optional<MonotonicTime> next;
  for (const auto& [key, held] : orders_) {
    const auto& end = held.order.end;
    if (end && (!next || end->at < *next)) next = end->at;
  }
  return next;
}

std::vector<SiteOrder> SiteOrders::list() const {
  std::vector<SiteOrder> all;
  for (const auto& [key, held] : orders_) all.push_back({key, held.order});
  return all;
}

// Those where the hosting differs, and those with orders for nodes that were not there yet.
void SiteOrders::MarkShards(const std::shared_ptr<const fleet::HostingTable>& base,
                            const std::vector<fleet::Node>& nodes) {
  if (base != base_) {
    for (std::size_t i = 0; i < kShards; ++i) {
      if (base->shard(i) != base_->shard(i)) stale_.set(i);
    }
    base_ = base;
  }
  if (nodes.size() == node_index_.size()) return;
  const auto first_new = static_cast<fleet::NodeIndex>(node_index_.size());
  for (fleet::NodeIndex i = first_new; i < nodes.size(); ++i) {
    node_index_.emplace(nodes[i].name, i);
  }
  for (const auto& [key, held] : orders_) {
    const auto node = node_index_.find(key.node);
    if (node != node_index_.end() && node->second >= first_new) stale_.set(held.shard);
  }
}

std::shared_ptr<const fleet::HostingTable> SiteOrders::Over(
    const std::shared_ptr<const fleet::HostingTable>& base, const std::vector<fleet::Node>& nodes) {
  if (orders_.empty()) return base;  // what is stale then is kept in mind
  MarkShards(base, nodes);
  if (stale_.none()) return builder_.Build();
  for (std::size_t i = 0; i < kShards; ++i) {
    if (stale_.test(i)) builder_.Take(i, base->shard(i));
  }
  std::map<fleet::NodeIndex, std::vector<fleet::SiteReport>> by_node;
  for (const auto& [key, held] : orders_) {
    if (!held.name || !stale_.test(held.shard)) continue;
    const auto node = node_index_.find(key.node);
    if (!key.node.empty() && node == node_index_.end()) continue;
    by_node[key.node.empty() ? answer::kEveryNode : node->second].push_back({.name = *held.name});
  }
  for (const auto& [node, sites] : by_node) builder_.Change(node, sites, {});
  stale_.reset();
  return builder_.Build();
}

}  // namespace dnsd::server
