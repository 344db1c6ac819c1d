// What a decision is made of, gathered from the fleet.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/fleet.h"
#include "dnsd/fleet/hosting.h"
#include "dnsd/placement/ledger.h"
#include "dnsd/placement/marks.h"
#include "dnsd/placement/replica_times.h"
#include "dnsd/placement/settings.h"
#include "dnsd/placement/site_demands.h"
#include "dnsd/policy/placement.h"

namespace dnsd::placement {

// Everything that is known at one moment. Borrows; for one call.
struct World {
  const fleet::Fleet& fleet;
  const fleet::HostingTable& hosting;
  MonotonicTime now;
  WallTime wall;
  // Whether an operator has taken the site, or the node at the site, out of the answers; empty: no.
  std::function<bool(const std::string& site, const std::string& node)> is_ordered_out{};

  bool IsOrderedOut(const std::string& site, const std::string& node) const {
    return is_ordered_out && is_ordered_out(site, node);
  }
};

// The hosts that are named for the site, and the one on the node; null: none is.
std::span<const fleet::Host> HostsOf(const World& world, const std::string& site);
const fleet::Host* HostAt(const World& world, const std::string& site, fleet::NodeIndex node);

// The nodes whose addresses are in the site's pool, rising; null: there is no such site. Sites of
// one pool share it.
using PoolNodes = std::shared_ptr<const std::vector<fleet::NodeIndex>>;
using PoolOf = std::function<PoolNodes(const std::string& site)>;

// The state of one round, and what its positions mean: nodes are the fleet's, by NodeIndex.
struct Facts {
  policy::PlacementState state;
  std::vector<std::string> sites;  // by position in state.sites
};

// Whether answers may name the node.
inline bool Serves(const fleet::Node& node) {
  return fleet::TierOf(node.state) != fleet::Tier::kExcluded;
}
// Whether its reporter is there, and makes and withdraws replicas.
inline bool Obeys(const fleet::Node& node) {
  return node.storage.takes_replicas && node.stream != fleet::kNoStream;
}
// Whether the node hosts a site because it hosts all of its pools. `exception`: what it says of the
// site, null: nothing.
inline bool HostsUnnamed(const fleet::Node& node, const fleet::Host* exception) {
  return !node.declares_hosting && node.reported && (exception == nullptr || exception->answers());
}
// Dead or gone for so long that it is not waited for any more.
bool IsLost(const fleet::Node& node, Duration repair_after, MonotonicTime now);

// Gathers the sites about which there may be anything to decide: those that something is asked of,
// that have fewer or more replicas than their least, that stand on a node that goes, or have an
// action in hand.
class FactsGatherer {
 public:
  FactsGatherer(const Settings& settings, const SiteDemands& demands, const Ledger& ledger,
                const Marks& marks, const Bars& bars, ReplicaTimes& times, const PoolOf& pool_of)
      : settings_(settings),
        demands_(demands),
        ledger_(ledger),
        marks_(marks),
        bars_(bars),
        times_(times),
        pool_of_(pool_of) {}

  Facts Gather(const World& world);

 private:
  void AddNodes(const World& world, Facts& facts) const;
  void AddSite(const World& world, const std::string& name, std::span<const fleet::Host> hosts,
               Facts& facts) const;
  void AddReplicas(const World& world, const std::string& name, std::span<const fleet::Host> hosts,
                   policy::PlacementSite& site) const;
  void AddActions(const World& world, const std::string& name, policy::PlacementSite& site) const;
  void AddPool(const World& world, const std::string& name, std::span<const fleet::Host> hosts,
               policy::PlacementSite& site) const;
  bool IsQuiet(const World& world, const policy::PlacementSite& site) const;

  const Settings& settings_;
  const SiteDemands& demands_;
  const Ledger& ledger_;
  const Marks& marks_;
  const Bars& bars_;
  ReplicaTimes& times_;
  const PoolOf& pool_of_;
  std::unordered_map<std::string, std::vector<const Action*>> in_hand_;  // by site
};

}  // namespace dnsd::placement
