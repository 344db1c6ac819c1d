#include "dnsd/placement/facts.h"

#include <algorithm>
#include <map>

#include "dnsd/wire/name.h"

namespace dnsd::placement {
namespace {

using policy::PlacementNode;
using policy::PlacementReplica;
using policy::PlacementSite;
using policy::ReplicaPhase;

PlacementReplica* FindReplica(PlacementSite& site, fleet::NodeIndex node) {
  const auto at = std::ranges::lower_bound(site.replicas, node, {}, &PlacementReplica::node);
  return at != site.replicas.end() && at->node == node ? &*at : nullptr;
}

PlacementReplica& ReplicaAt(PlacementSite& site, fleet::NodeIndex node) {
  const auto at = std::ranges::lower_bound(site.replicas, node, {}, &PlacementReplica::node);
  if (at != site.replicas.end() && at->node == node) return *at;
  return *site.replicas.insert(at, {.node = node});
}

// The room for replicas: the quota, or what the disk has.
std::uint64_t QuotaOf(const fleet::Storage& storage) {
  if (storage.quota_bytes != 0 || storage.free_bytes == 0) return storage.quota_bytes;
  return storage.used_bytes + storage.free_bytes;
}

}  // namespace

std::span<const fleet::Host> HostsOf(const World& world, const std::string& site) {
  const auto name = wire::Name::Parse(site);
  if (!name) return {};
  return world.hosting.Find(name->Hash(), name->wire());
}

const fleet::Host* HostAt(const World& world, const std::string& site, fleet::NodeIndex node) {
  const auto hosts = HostsOf(world, site);
  const auto at = std::ranges::find(hosts, node, &fleet::Host::node);
  return at == hosts.end() ? nullptr : &*at;
}

bool IsLost(const fleet::Node& node, Duration repair_after, MonotonicTime now) {
  return node.is_gone() && now >= node.heard + repair_after;
}

Facts FactsGatherer::Gather(const World& world) {
  Facts facts;
  AddNodes(world, facts);
  in_hand_.clear();
  for (const auto& [id, action] : ledger_.actions()) {
    if (!action.is_over()) in_hand_[action.site].push_back(&action);
  }
  world.hosting.ForEach(
      [&](std::span<const std::uint8_t> octets, std::span<const fleet::Host> hosts) {
        AddSite(world, wire::NameToString(octets), hosts, facts);
      });
  return facts;
}

void FactsGatherer::AddNodes(const World& world, Facts& facts) const {
  std::map<std::string, std::uint32_t> groups;
  const auto& nodes = world.fleet.nodes();
  facts.state.nodes.reserve(nodes.size());
  for (fleet::NodeIndex i = 0; i < nodes.size(); ++i) {
    const fleet::Node& node = nodes[i];
    PlacementNode& out = facts.state.nodes.emplace_back();
    out.cpus = std::max(0.01, node.load.cpus.value_or(1));
    out.load = demands_.LoadOf(i);
    out.serves = Serves(node);
    out.lost = IsLost(node, settings_.repair_after, world.now);
    out.evacuates = node.order.kind != fleet::Order::Kind::kNone;
    const bool is_well =
        node.state == fleet::NodeState::kAlive || node.state == fleet::NodeState::kWarming;
    out.takes = is_well && !out.evacuates && node.declares_hosting && Obeys(node);
    out.quota = QuotaOf(node.storage);
    out.used = node.storage.used_bytes;
    if (settings_.spread && !node.place.region.empty()) {
      const auto next = static_cast<std::uint32_t>(groups.size() + 1);
      out.group = groups.try_emplace(node.place.region, next).first->second;
    }
  }
}

void FactsGatherer::AddSite(const World& world, const std::string& name,
                            std::span<const fleet::Host> hosts, Facts& facts) const {
  PlacementSite site;
  const SiteSettings& rule = settings_.Of(name);
  site.least = rule.least;
  site.most = rule.most;
  site.frozen = marks_.frozen.contains(name);
  if (const policy::SiteTrend* trend = demands_.Find(name)) {
    site.demand = trend->demand();
    site.trend = trend->trend();
    site.lasting = trend->lasting();
  }
  AddReplicas(world, name, hosts, site);
  AddActions(world, name, site);
  if (site.replicas.empty() || IsQuiet(world, site)) return;
  AddPool(world, name, hosts, site);
  for (PlacementReplica& replica : site.replicas) {
    const std::string& node = world.fleet.nodes()[replica.node].name;
    replica.since = times_.Note({name, node}, replica.phase, world.now);
  }
  facts.sites.push_back(name);
  facts.state.sites.push_back(std::move(site));
}

void FactsGatherer::AddReplicas(const World& world, const std::string& name,
                                std::span<const fleet::Host> hosts, PlacementSite& site) const {
  const auto& nodes = world.fleet.nodes();
  for (const fleet::Host& host : hosts) {
    if (host.node >= nodes.size() || !nodes[host.node].declares_hosting) continue;
    PlacementReplica& replica = site.replicas.emplace_back();
    replica.node = host.node;
    const fleet::Node& node = nodes[host.node];
    const bool is_well = host.answers() && !world.IsOrderedOut(name, node.name);
    replica.phase = is_well ? ReplicaPhase::kReady : ReplicaPhase::kUnwell;
    replica.home = host.home;
    // Where nobody would withdraw it, or that went wrong of late, it stays.
    replica.pinned = marks_.pinned.contains({name, node.name}) || !Obeys(node) ||
                     bars_.Has({name, node.name}, world.now);
    replica.demand = demands_.At(node, name);
    site.bytes = std::max(site.bytes, host.bytes);
  }
}

void FactsGatherer::AddActions(const World& world, const std::string& name,
                               PlacementSite& site) const {
  const auto in_hand = in_hand_.find(name);
  if (in_hand == in_hand_.end()) return;
  for (const Action* action : in_hand->second) {
    const fleet::NodeIndex node = world.fleet.Find(action->node);
    if (node == fleet::kNoNode) continue;
    if (action->kind == Action::Kind::kContract) {
      if (PlacementReplica* replica = FindReplica(site, node)) {
        replica->phase = ReplicaPhase::kGoing;
      }
      continue;
    }
    if (action->kind == Action::Kind::kVerify) continue;
    if (action->kind == Action::Kind::kExpand) ReplicaAt(site, node).phase = ReplicaPhase::kComing;
    if (action->sources.empty()) continue;
    PlacementReplica* source = FindReplica(site, world.fleet.Find(action->sources.front()));
    if (source != nullptr) ++source->transfers;
  }
}

// Nodes that host whatever their pools have are replicas as well; those where it went wrong of late
// may not have the site.
void FactsGatherer::AddPool(const World& world, const std::string& name,
                            std::span<const fleet::Host> hosts, PlacementSite& site) const {
  static const auto kNobody = std::make_shared<const std::vector<fleet::NodeIndex>>();
  const auto& nodes = world.fleet.nodes();
  site.pool = pool_of_(name);
  if (site.pool == nullptr) site.pool = kNobody;
  for (const fleet::NodeIndex node : *site.pool) {
    if (node >= nodes.size()) continue;
    const auto excepted = std::ranges::find(hosts, node, &fleet::Host::node);
    const fleet::Host* exception = excepted == hosts.end() ? nullptr : &*excepted;
    if (HostsUnnamed(nodes[node], exception)) ReplicaAt(site, node);
  }
  bars_.ForEachNode(name, world.now, [&](const std::string& node) {
    if (const auto index = world.fleet.Find(node); index != fleet::kNoNode) {
      site.barred.push_back(index);
    }
  });
  std::ranges::sort(site.barred);
}

// Nothing is asked of it, and it has what it is to have.
bool FactsGatherer::IsQuiet(const World& world, const PlacementSite& site) const {
  if (site.demand > 0 || site.lasting > 0 || site.replicas.size() != site.least) return false;
  return std::ranges::all_of(site.replicas, [&](const PlacementReplica& replica) {
    const fleet::Node& node = world.fleet.nodes()[replica.node];
    return replica.phase == ReplicaPhase::kReady && Serves(node) &&
           node.order.kind == fleet::Order::Kind::kNone;
  });
}

}  // namespace dnsd::placement
