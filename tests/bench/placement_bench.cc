// One round of placement: 1,000 nodes and 100,000 sites of two or three replicas, most of them
// idle.
//   build/release/placement_bench
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "dnsd/base/random.h"
#include "dnsd/policy/placement.h"

namespace dnsd::policy {
namespace {

constexpr std::uint32_t kNodes = 1'000;
constexpr std::uint32_t kSites = 100'000;
constexpr MonotonicTime kNow{std::chrono::hours(10)};
constexpr MonotonicTime kLongAgo{std::chrono::hours(1)};

// Zipf demand at the mean load `load` on nodes of 1, 2 and 4 CPUs, each site's half on each of two
// nodes; every third site has an idle replica too. Disks are filled to `disk`.
PlacementState Cluster(double load, double disk) {
  PlacementState state{.nodes = std::vector<PlacementNode>(kNodes),
                       .sites = std::vector<PlacementSite>(kSites)};
  double cpus = 0, weights = 0;
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    state.nodes[i].cpus = 1U << (i % 3);
    state.nodes[i].group = i % 20;
    cpus += state.nodes[i].cpus;
  }
  for (std::uint32_t i = 1; i <= kSites; ++i) weights += std::pow(i, -0.8);
  Random random(1);
  for (std::uint32_t i = 0; i < kSites; ++i) {
    PlacementSite& site = state.sites[i];
    site.demand = site.lasting = load * cpus * std::pow(i + 1, -0.8) / weights;
    site.bytes = 1'000'000 + random.Below(1'000'000'000);
    const std::size_t count = 2 + (i % 3 == 0 ? 1 : 0);
    while (site.replicas.size() < count) {
      const std::uint32_t node = random.Below(kNodes);
      auto at = site.replicas.begin();
      while (at != site.replicas.end() && at->node < node) ++at;
      if (at != site.replicas.end() && at->node == node) continue;
      const double demand = site.replicas.size() < 2 ? site.demand / 2 : 0;
      site.replicas.insert(at, {.node = node, .demand = demand, .since = kLongAgo});
      state.nodes[node].load += demand / state.nodes[node].cpus;
      state.nodes[node].used += site.bytes;
    }
  }
  for (PlacementNode& node : state.nodes) {
    node.quota = static_cast<std::uint64_t>(static_cast<double>(node.used) / disk);
  }
  return state;
}

// Loads levelled, as answers by load level them.
void Level(PlacementState& state, double load) {
  for (PlacementNode& node : state.nodes) node.load = load;
}

void Run(benchmark::State& bench, const PlacementState& state, const PlacementRules& rules = {}) {
  std::size_t actions = 0;
  for (auto _ : bench) actions = Decide(state, rules, kNow).size();
  bench.counters["actions"] = static_cast<double>(actions);
}

void BM_Quiet(benchmark::State& bench) {
  PlacementState state = Cluster(0.5, 0.7);
  Level(state, 0.5);
  Run(bench, state);
}
void BM_Crowd(benchmark::State& bench) {
  PlacementState state = Cluster(0.5, 0.7);
  Level(state, 0.5);
  PlacementSite& site = state.sites[1000];
  site.demand = 100;
  site.trend = 10;
  for (PlacementReplica& replica : site.replicas) {
    replica.demand = site.demand / static_cast<double>(site.replicas.size());
    state.nodes[replica.node].load += replica.demand / state.nodes[replica.node].cpus;
  }
  Run(bench, state);
}
void BM_Deaths(benchmark::State& bench) {
  PlacementState state = Cluster(0.5, 0.7);
  Level(state, 0.5);
  for (std::uint32_t i = 0; i < 50; ++i) {
    PlacementNode& node = state.nodes[20 * i];
    node.lost = true;
    node.serves = node.takes = false;
  }
  Run(bench, state);
}
// Loads as they fall: half of the nodes are too busy, and so is every fourth site.
void BM_Unlevelled(benchmark::State& bench) { Run(bench, Cluster(0.6, 0.7)); }
// Nobody has anything to spare: every site wants what nobody has.
void BM_Overload(benchmark::State& bench) {
  PlacementState state = Cluster(1.2, 0.7);
  Level(state, 1.2);
  Run(bench, state);
}
// CPUs are to be had, but no disk: room has to be found.
void BM_FullDisks(benchmark::State& bench) { Run(bench, Cluster(0.6, 1.0)); }
// 500,000 replicas that may not be had anywhere: all nodes but their own are full for good.
void BM_NothingMayGo(benchmark::State& bench) {
  PlacementState state = Cluster(0.6, 1.0);
  for (PlacementSite& site : state.sites) {
    for (PlacementReplica& replica : site.replicas) replica.pinned = true;
  }
  Run(bench, state);
}
void BM_Eager(benchmark::State& bench) {
  PlacementState state = Cluster(0.3, 0.7);
  Level(state, 0.3);
  Run(bench, state, {.contract = PlacementRules::Contract::kEager});
}

BENCHMARK(BM_Quiet)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Crowd)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Deaths)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Unlevelled)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Overload)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_FullDisks)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_NothingMayGo)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Eager)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dnsd::policy

BENCHMARK_MAIN();
