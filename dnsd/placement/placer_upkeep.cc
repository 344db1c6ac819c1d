// What keeps replicas as they should be: updates, looking over, making anew.
#include <set>
#include <span>
#include <utility>

#include "dnsd/placement/placer.h"
#include "dnsd/wire/name.h"

namespace dnsd::placement {
namespace {

using Kind = Action::Kind;

constexpr std::size_t kVerifiedARound = 50;  // one a node

}  // namespace

// Replicas behind their home are brought up to its version, one of a site at a time.
void Placer::Update(const World& world) {
  if (!settings_.updates) return;
  const auto& nodes = world.fleet.nodes();
  for (const auto& [site, behind] : freshness_.behind()) {
    if (!MayBegin(upkeep_, world.now)) return;
    if (marks_.frozen.contains(site) || ledger_.IsBusy(site)) continue;
    const fleet::Host* home = HostAt(world, site, behind.home);
    if (home == nullptr || !home->answers() || !Serves(nodes[behind.home])) continue;
    for (const auto& [index, since] : behind.nodes) {
      const fleet::Node& node = nodes[index];
      if (!Obeys(node)) continue;
      if (bars_.Has({site, node.name}, world.now)) continue;
      Action action{.kind = Kind::kUpdate, .site = site, .node = node.name};
      action.sources = {nodes[behind.home].name};
      action.why = "the home, " + nodes[behind.home].name + ", has version " +
                   std::to_string(behind.content_version);
      BeginAction(world, std::move(action));
      break;
    }
  }
}

// Those that have been looked over and are not what they should be.
void Placer::RemakeNotWhole(const World& world) {
  for (auto at = not_whole_.begin(); at != not_whole_.end() && MayBegin(upkeep_, world.now);) {
    const auto& [site, node] = *at;
    const fleet::NodeIndex index = world.fleet.Find(node);
    const bool may = index != fleet::kNoNode && HostAt(world, site, index) != nullptr &&
                     !marks_.frozen.contains(site);
    if (may && ledger_.IsBusy(site)) {
      ++at;
      continue;
    }
    if (may && !SourcesFor(world, site, index).empty()) {
      Action action{.kind = Kind::kUpdate, .site = site, .node = node};
      action.why = "looked over, it is not whole";
      BeginAction(world, std::move(action));
    }
    at = not_whole_.erase(at);
  }
}

// Replicas that have long not been ready are made anew where they are.
void Placer::Mend(const Facts& facts, const World& world) {
  const auto& nodes = world.fleet.nodes();
  for (std::size_t i = 0; i < facts.sites.size(); ++i) {
    if (facts.state.sites[i].frozen || ledger_.IsBusy(facts.sites[i])) continue;
    for (const policy::PlacementReplica& replica : facts.state.sites[i].replicas) {
      if (replica.phase != policy::ReplicaPhase::kUnwell || replica.home) continue;
      if (world.now < replica.since + settings_.rules.grace) continue;
      const fleet::Node& node = nodes[replica.node];
      const SiteAtNode where{facts.sites[i], node.name};
      if (!facts.state.nodes[replica.node].takes || bars_.Has(where, world.now) ||
          world.IsOrderedOut(where.first, where.second)) {
        continue;
      }
      if (SourcesFor(world, where.first, replica.node).empty()) continue;
      if (!MayBegin(upkeep_, world.now)) return;
      Action action{.kind = Kind::kUpdate, .site = where.first, .node = where.second};
      action.why = "it has long not been ready there";
      BeginAction(world, std::move(action));
      break;
    }
  }
}

// Where updates are not announced, or not believed: each replica looks its content over, one of a
// node at a time.
void Placer::Verify(const World& world) {
  if (settings_.verify_every == Duration::zero()) return;
  if (unverified_.empty() && world.now >= verified_ + settings_.verify_every) {
    verified_ = world.now;
    FillVerification(world);
  }
  std::set<std::string> asked;
  for (const auto& [id, action] : ledger_.actions()) {
    if (action.kind == Kind::kVerify) asked.insert(action.node);
  }
  for (std::size_t i = 0; i < kVerifiedARound && !unverified_.empty(); ++i) {
    const auto [site, node] = unverified_.back();
    if (!MayBegin(upkeep_, world.now) || asked.contains(node)) return;
    unverified_.pop_back();
    const fleet::NodeIndex index = world.fleet.Find(node);
    if (index == fleet::kNoNode || world.fleet.nodes()[index].stream == fleet::kNoStream) continue;
    if (ledger_.IsBusy(site) || HostAt(world, site, index) == nullptr) continue;
    Action action{.kind = Kind::kVerify, .site = site, .node = node};
    action.why = "it is time";
    BeginAction(world, std::move(action));
    asked.insert(node);
  }
}

void Placer::FillVerification(const World& world) {
  const auto& nodes = world.fleet.nodes();
  world.hosting.ForEach(
      [&](std::span<const std::uint8_t> octets, std::span<const fleet::Host> hosts) {
        for (const fleet::Host& host : hosts) {
          if (host.node >= nodes.size() || host.home || !host.answers()) continue;
          if (!nodes[host.node].storage.takes_replicas) continue;
          unverified_.emplace_back(wire::NameToString(octets), nodes[host.node].name);
        }
      });
}

}  // namespace dnsd::placement
