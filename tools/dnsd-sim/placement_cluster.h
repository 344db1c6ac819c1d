// A hosting cluster as a fluid: demand flows to the nodes that have the sites, copies take time,
// nodes die and drain, full disks evict; and a method decides each period.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "dnsd/base/random.h"
#include "tools/dnsd-sim/placement_copies.h"
#include "tools/dnsd-sim/placement_demand.h"
#include "tools/dnsd-sim/placement_spec.h"

namespace dnsd::sim {

struct PlacementTally {
  double asked = 0, unserved = 0;  // CPU seconds, of all sites
  double crowd_unserved = 0;       // of the first crowd's site
  double crowd_peak = 0;           // CPUs
  double absorbed = -1;  // s after the first crowd began until no more than 2 % was unserved; below
                         // 0: not before it ended
  std::uint64_t copies = 0, drops = 0, evictions = 0;
  std::uint64_t broken = 0;    // copies that came to nothing
  std::uint64_t thrashed = 0;  // copies to where the same was evicted within the hold
  std::uint64_t below = 0;     // rounds times sites that were below their least, no node being lost
  std::uint64_t rounds = 0;
  double decision_sum = 0, decision_most = 0;  // s of CPU
};

class PlacementCluster {
 public:
  // `room`: of the scenario's rooms; below 0: no quotas.
  PlacementCluster(const PlacementScenario& scenario, const PlacementMethod& method, double room);

  PlacementTally Run();

 private:
  using Place = std::pair<std::uint32_t, std::uint32_t>;  // site, node

  void PlaceAtFirst();
  void GiveQuotas(double room);
  void Outages(double now);
  void Decide(double now);
  void Begin(const policy::PlacementAction& action, double now);
  bool MakeRoom(const Place& place, std::uint64_t bytes, double now);
  void Evict(const Place& place, double now);
  void FinishCopies(double now);
  void Withdraw(double now);
  void Remove(const Place& place);
  void Count(double now);
  void CountEverywhere();
  policy::PlacementReplica* Find(const Place& place);
  bool measures(double now) const { return now >= scenario_.warm_up; }
  static MonotonicTime At(double seconds) {
    return MonotonicTime(std::chrono::hours(1000)) + FromSeconds(seconds);
  }

  const PlacementScenario& scenario_;
  const PlacementMethod& method_;
  Random random_;
  PlacementEvents events_;
  PlacementDemand demands_;
  policy::PlacementState state_;
  std::vector<policy::SiteTrend> trends_;
  std::vector<double> demand_, copying_;
  std::vector<std::uint64_t> incoming_;  // octets on their way, by node
  std::vector<double> untaken_;          // until when a node is not chosen
  SiteCopies copies_;
  std::map<Place, double> going_;    // when a withdrawal ends
  std::map<Place, double> evicted_;  // when
  double nowhere_ = 0;
  double last_unserved_ = -1;  // when more than 2 % of the first crowd's peak was unserved
  PlacementTally tally_;
};

}  // namespace dnsd::sim
