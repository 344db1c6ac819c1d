#include "tools/dnsd-sim/placement_cluster.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tools/dnsd-sim/placement_split.h"

namespace dnsd::sim {
namespace {

using policy::PlacementAction;
using policy::PlacementReplica;
using policy::PlacementSite;
using policy::ReplicaPhase;

constexpr double kRequestWork = 0.05;  // CPU seconds of one request, for the age of last use
constexpr double kUntaken = 60;        // s that a node that evicts is not chosen, deletion_aware
constexpr double kAbsorbed = 0.02;     // share of the peak that may be unserved

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void Insert(PlacementSite& site, const PlacementReplica& replica) {
  site.replicas.insert(
      std::find_if(site.replicas.begin(), site.replicas.end(),
                   [&](const PlacementReplica& other) { return other.node > replica.node; }),
      replica);
}

}  // namespace

PlacementCluster::PlacementCluster(const PlacementScenario& scenario, const PlacementMethod& method,
                                   double room)
    : scenario_(scenario),
      method_(method),
      random_(scenario.seed + 1),
      events_(DrawEvents(scenario)),
      demands_(scenario, events_.crowds),
      trends_(scenario.sites),
      copying_(scenario.nodes.size()),
      incoming_(scenario.nodes.size()),
      untaken_(scenario.nodes.size(), -1) {
  state_.nodes = scenario.nodes;
  state_.sites.resize(scenario.sites);
  for (PlacementSite& site : state_.sites) {
    site.least = scenario.least;
    site.bytes = static_cast<std::uint64_t>(std::max(1.0, Draw(scenario.bytes, random_)));
  }
  PlaceAtFirst();
  if (room >= 0) GiveQuotas(room);
  if (events_.crowds.empty()) return;
  demands_.At(events_.crowds.front().at, true, demand_);
  tally_.crowd_peak = demand_[events_.crowds.front().site];
}

// By falling demand, each on those nodes that will be idlest with it.
void PlacementCluster::PlaceAtFirst() {
  constexpr std::uint32_t kWeighed = 1000;  // sites for which it matters how large the nodes are
  demands_.At(-1, false, demand_);
  std::vector<double> busy(state_.nodes.size());
  std::set<std::pair<double, std::uint32_t>> by_load;
  for (std::uint32_t i = 0; i < busy.size(); ++i) by_load.insert({0, i});
  const auto load = [&](std::uint32_t i, double more) {
    return (busy[i] + more) / state_.nodes[i].cpus;
  };
  for (std::uint32_t index = 0; index < state_.sites.size(); ++index) {
    PlacementSite& site = state_.sites[index];
    const double part = demand_[index] / site.least;
    std::vector<std::uint32_t> chosen;
    const auto is_chosen = [&](std::uint32_t node) {
      return std::find(chosen.begin(), chosen.end(), node) != chosen.end();
    };
    while (chosen.size() < site.least) {
      std::uint32_t best = by_load.begin()->second;
      for (auto at = by_load.begin(); is_chosen(best); best = (++at)->second) {
      }
      for (std::uint32_t i = 0; index < kWeighed && i < busy.size(); ++i) {
        if (!is_chosen(i) && load(i, part) < load(best, part)) best = i;
      }
      chosen.push_back(best);
      by_load.erase({load(best, 0), best});
      busy[best] += part;
      by_load.insert({load(best, 0), best});
      state_.nodes[best].used += site.bytes;
      Insert(site, {.node = best, .home = chosen.size() == 1, .since = At(-1e6)});
    }
  }
}

void PlacementCluster::GiveQuotas(double room) {
  double bytes = 0;
  for (const PlacementSite& site : state_.sites) bytes += static_cast<double>(site.bytes);
  for (policy::PlacementNode& node : state_.nodes) {
    node.quota = std::max<std::uint64_t>(1, node.used + static_cast<std::uint64_t>(room * bytes));
  }
}

PlacementReplica* PlacementCluster::Find(const Place& place) {
  for (PlacementReplica& replica : state_.sites[place.first].replicas) {
    if (replica.node == place.second) return &replica;
  }
  return nullptr;
}

PlacementTally PlacementCluster::Run() {
  const double end = scenario_.warm_up + scenario_.duration;
  double next_round = 0, next_sample = 0;
  for (double now = 0; now < end; now += scenario_.step) {
    Outages(now);
    demands_.At(now, false, demand_);
    if (method_.kind == PlacementMethod::Kind::kEverywhere) {
      if (measures(now)) CountEverywhere();
      continue;
    }
    nowhere_ = SplitDemand(state_, demand_, copying_);
    if (measures(now)) Count(now);
    if (now >= next_sample) {
      for (std::size_t i = 0; i < trends_.size(); ++i) trends_[i].Add(demand_[i], At(now));
      next_sample += std::max(1.0, scenario_.step);
    }
    if (now >= next_round) {
      if (method_.kind == PlacementMethod::Kind::kRule) Decide(now);
      next_round += Seconds(method_.rules.period);
    }
    Withdraw(now);
    FinishCopies(now);
  }
  if (!events_.crowds.empty() && method_.kind == PlacementMethod::Kind::kRule) {
    const Crowd& crowd = events_.crowds.front();
    const double last = std::max(crowd.at, last_unserved_ + scenario_.step);
    if (last < crowd.at + crowd.lasts - crowd.rise) tally_.absorbed = last - crowd.at;
  }
  return tally_;
}

void PlacementCluster::Outages(double now) {
  for (policy::PlacementNode& node : state_.nodes) {
    node.serves = true;
    node.lost = node.evacuates = false;
  }
  for (const Outage& outage : events_.outages) {
    if (now < outage.at || now >= outage.at + outage.lasts) continue;
    policy::PlacementNode& node = state_.nodes[outage.node];
    if (outage.drained) {
      node.evacuates = true;
      node.serves = false;
    } else {
      node.serves = now < outage.at + scenario_.dead_after;
      node.lost = now >= outage.at + scenario_.lost_after;
    }
  }
  for (std::size_t i = 0; i < state_.nodes.size(); ++i) {
    state_.nodes[i].takes = state_.nodes[i].serves && now >= untaken_[i];
  }
}

void PlacementCluster::Decide(double now) {
  const double hold = Seconds(method_.rules.hold);
  for (PlacementSite& site : state_.sites) site.barred.clear();
  for (const auto& [place, when] : evicted_) {
    if (method_.bars && now < when + hold) {
      state_.sites[place.first].barred.push_back(place.second);
    }
  }
  for (std::size_t i = 0; i < trends_.size(); ++i) {
    state_.sites[i].demand = trends_[i].demand();
    state_.sites[i].trend = trends_[i].trend();
    state_.sites[i].lasting = trends_[i].lasting();
  }
  std::vector<PlacementAction> actions;
  const double begun = CpuSeconds();
  if (method_.told) {
    policy::PlacementState told = state_;
    std::vector<double> demand;
    demands_.At(now, true, demand);
    for (int i = 0; i < 20; ++i) SplitDemand(told, demand, copying_);
    for (std::size_t i = 0; i < demand.size(); ++i) {
      told.sites[i].demand = demand[i];
      told.sites[i].trend = 0;
    }
    actions = policy::Decide(told, method_.rules, At(now));
  } else {
    actions = policy::Decide(state_, method_.rules, At(now));
  }
  const double took = CpuSeconds() - begun;
  if (measures(now)) {
    tally_.decision_sum += took;
    tally_.decision_most = std::max(tally_.decision_most, took);
    ++tally_.rounds;
  }
  for (const PlacementAction& action : actions) {
    const Place place{action.site, action.node};
    if (action.kind == PlacementAction::Kind::kExpand) {
      Begin(action, now);
    } else {
      PlacementReplica& replica = *Find(place);
      replica.phase = ReplicaPhase::kGoing;
      replica.since = At(now);
      going_[place] = now + scenario_.withdraw;
      if (measures(now)) ++tally_.drops;
    }
  }
}

void PlacementCluster::Begin(const PlacementAction& action, double now) {
  const Place place{action.site, action.node};
  const std::uint64_t bytes = state_.sites[action.site].bytes;
  const auto evicted = evicted_.find(place);
  if (measures(now)) {
    ++tally_.copies;
    if (evicted != evicted_.end() && now < evicted->second + Seconds(method_.rules.hold)) {
      ++tally_.thrashed;
    }
  }
  if (!MakeRoom(place, bytes, now)) {
    evicted_[place] = now;  // refused: as if it had been there and gone at once
    if (measures(now)) ++tally_.broken;
    return;
  }
  incoming_[action.node] += bytes;
  Insert(state_.sites[action.site],
         {.node = action.node, .phase = ReplicaPhase::kComing, .since = At(now)});
  if (PlacementReplica* source = Find({action.site, action.sources.front()})) ++source->transfers;
  copies_.Add({.site = action.site,
               .node = action.node,
               .sources = action.sources,
               .starts = now + Seconds(method_.rules.start),
               .bytes = static_cast<double>(bytes)});
}

// As a node does it that is given more than it has room for: what was used longest ago goes, but no
// site's home. False if that is not enough; then nothing goes.
bool PlacementCluster::MakeRoom(const Place& place, std::uint64_t bytes, double now) {
  const std::uint32_t node = place.second;
  const policy::PlacementNode& facts = state_.nodes[node];
  const std::uint64_t wanted = facts.used + incoming_[node] + bytes;
  if (facts.quota == 0 || wanted <= facts.quota) return true;
  std::vector<std::pair<double, std::uint32_t>> oldest;  // last use negated, site
  for (std::uint32_t i = 0; i < state_.sites.size(); ++i) {
    const PlacementReplica* replica = Find({i, node});
    if (replica == nullptr || replica->home || replica->phase != ReplicaPhase::kReady) continue;
    const double interval = kRequestWork / std::max(1e-9, replica->demand);
    oldest.emplace_back(-interval * DrawExponential(random_), i);
  }
  std::sort(oldest.begin(), oldest.end());
  std::uint64_t freed = 0;
  std::size_t count = 0;
  for (; count < oldest.size() && freed < wanted - facts.quota; ++count) {
    freed += state_.sites[oldest[count].second].bytes;
  }
  if (freed < wanted - facts.quota) return false;
  for (std::size_t i = 0; i < count; ++i) Evict({oldest[i].second, node}, now);
  return true;
}

void PlacementCluster::Evict(const Place& place, double now) {
  Remove(place);
  evicted_[place] = now;
  if (measures(now)) ++tally_.evictions;
  if (method_.rules.storage == policy::PlacementRules::Storage::kDeletionAware) {
    untaken_[place.second] = now + kUntaken;
  }
}

void PlacementCluster::Remove(const Place& place) {
  PlacementSite& site = state_.sites[place.first];
  state_.nodes[place.second].used -= site.bytes;
  std::erase_if(site.replicas,
                [&](const PlacementReplica& replica) { return replica.node == place.second; });
}

void PlacementCluster::FinishCopies(double now) {
  std::vector<SiteCopy> broken;
  const std::vector<SiteCopy> whole = copies_.Advance(state_, now, scenario_.step, broken);
  for (const SiteCopy& copy : whole) {
    PlacementReplica& replica = *Find({copy.site, copy.node});
    replica.phase = ReplicaPhase::kReady;
    replica.since = At(now + scenario_.step);
    incoming_[copy.node] -= state_.sites[copy.site].bytes;
    state_.nodes[copy.node].used += state_.sites[copy.site].bytes;
  }
  for (const SiteCopy& copy : broken) {
    incoming_[copy.node] -= state_.sites[copy.site].bytes;
    std::erase_if(state_.sites[copy.site].replicas,
                  [&](const PlacementReplica& replica) { return replica.node == copy.node; });
    if (measures(now)) ++tally_.broken;
  }
  for (const auto* ended : {&whole, &std::as_const(broken)}) {
    for (const SiteCopy& copy : *ended) {
      for (const std::uint32_t node : copy.sources) {
        PlacementReplica* source = Find({copy.site, node});
        if (source == nullptr || source->transfers == 0) continue;
        --source->transfers;
        break;
      }
    }
  }
  std::fill(copying_.begin(), copying_.end(), 0);
  copies_.AddCpus(scenario_.copy_cpu, copying_);
}

void PlacementCluster::Withdraw(double now) {
  for (auto at = going_.begin(); at != going_.end();) {
    if (now < at->second) {
      ++at;
      continue;
    }
    Remove(at->first);
    at = going_.erase(at);
  }
}

void PlacementCluster::Count(double now) {
  const bool crowded = !events_.crowds.empty();
  double unserved = nowhere_, of_crowd = 0;
  for (const policy::PlacementNode& node : state_.nodes) {
    if (node.load > 1) unserved += node.cpus * (node.load - 1);
  }
  if (crowded) {
    for (const PlacementReplica& replica : state_.sites[events_.crowds.front().site].replicas) {
      const double load = state_.nodes[replica.node].load;
      if (load > 1) of_crowd += replica.demand * (1 - 1 / load);
    }
    const Crowd& crowd = events_.crowds.front();
    if (now >= crowd.at && now < crowd.at + crowd.lasts &&
        unserved > kAbsorbed * tally_.crowd_peak) {
      last_unserved_ = now;
    }
  }
  for (const double demand : demand_) tally_.asked += demand * scenario_.step;
  tally_.unserved += unserved * scenario_.step;
  tally_.crowd_unserved += of_crowd * scenario_.step;
}

void PlacementCluster::CountEverywhere() {
  double asked = 0, cpus = 0;
  for (const double demand : demand_) asked += demand;
  for (const policy::PlacementNode& node : state_.nodes) cpus += node.serves ? node.cpus : 0;
  tally_.asked += asked * scenario_.step;
  tally_.unserved += std::max(0.0, asked - cpus) * scenario_.step;
}

}  // namespace dnsd::sim
