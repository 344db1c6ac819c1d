#include "tools/dnsd-sim/placement_split.h"

#include <algorithm>
#include <cstdint>

namespace dnsd::sim {
namespace {

using policy::PlacementReplica;
using policy::ReplicaPhase;

// The load up to which vessels of these levels and widths are filled by `water` (CPUs).
struct Vessel {
  PlacementReplica* replica;
  double busy, cpus;
};

double LevelOf(std::vector<Vessel>& vessels, double water) {
  std::sort(vessels.begin(), vessels.end(),
            [](const Vessel& a, const Vessel& b) { return a.busy * b.cpus < b.busy * a.cpus; });
  double busy = 0, cpus = 0;
  for (std::size_t i = 0; i < vessels.size(); ++i) {
    busy += vessels[i].busy;
    cpus += vessels[i].cpus;
    const double level = (water + busy) / cpus;
    if (i + 1 == vessels.size() || level * vessels[i + 1].cpus <= vessels[i + 1].busy) return level;
  }
  return 0;
}

}  // namespace

double SplitDemand(policy::PlacementState& state, const std::vector<double>& demand,
                   const std::vector<double>& copying) {
  std::vector<double> busy = copying;
  for (const policy::PlacementSite& site : state.sites) {
    for (const PlacementReplica& replica : site.replicas) busy[replica.node] += replica.demand;
  }
  double nowhere = 0;
  std::vector<Vessel> vessels;
  for (std::size_t i = 0; i < state.sites.size(); ++i) {
    vessels.clear();
    for (PlacementReplica& replica : state.sites[i].replicas) {
      busy[replica.node] -= replica.demand;
      replica.demand = 0;
      if (replica.phase != ReplicaPhase::kReady || !state.nodes[replica.node].serves) continue;
      vessels.push_back(
          {&replica, std::max(0.0, busy[replica.node]), state.nodes[replica.node].cpus});
    }
    if (vessels.empty()) {
      nowhere += demand[i];
      continue;
    }
    const double level = LevelOf(vessels, demand[i]);
    for (const Vessel& vessel : vessels) {
      vessel.replica->demand = std::max(0.0, level * vessel.cpus - vessel.busy);
      busy[vessel.replica->node] += vessel.replica->demand;
    }
  }
  for (std::size_t i = 0; i < state.nodes.size(); ++i) {
    state.nodes[i].load = std::max(0.0, busy[i]) / state.nodes[i].cpus;
  }
  return nowhere;
}

}  // namespace dnsd::sim
