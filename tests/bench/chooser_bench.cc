// The choice of a member alone, under every policy, for pools of 4 and of 64: what a site's answer
// costs beside look-up and encoding.
//   build/release/chooser_bench
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "dnsd/answer/site_chooser.h"
#include "dnsd/locality/rtt_table.h"
#include "dnsd/zone/zone_builder.h"

namespace dnsd::answer {
namespace {

using zone::Policy;

constexpr const char* kNames[] = {"least_cost",     "round_robin", "random",  "weighted",
                                  "least_load",     "quota",       "wlc",     "memory_weight",
                                  "dynamic_weight", "hash",        "failover"};

// One pool of `members` nodes of as many loads, and what a worker needs to choose from it.
struct Bench {
  Bench(Policy policy, std::size_t members) {
    options.policy = policy;
    zone::MemberLists lists;
    if (policy == Policy::kWeighted || policy == Policy::kWlc) {
      lists.weights = {{{*IpPrefix::Parse("10.0.0.1"), 3.0F}}};
      options.weights = 1;
    } else if (policy == Policy::kFailover) {
      lists.groups = {{{*IpPrefix::Parse("10.0.0.0/24")}}};
      options.groups = 1;
    }
    std::vector<zone::SiteOptions> all{options};
    model.SetGauges(policy::AssignGauges(all));
    options = all[0];
    const auto now = MonotonicTime(std::chrono::hours(1));
    const std::vector<double> warm(members, 1);
    for (std::uint32_t i = 0; i < members; ++i) {
      const std::uint8_t address[] = {10, 0, 0, static_cast<std::uint8_t>(i + 1)};
      octets.insert(octets.end(), std::begin(address), std::end(address));
      ids.push_back(addresses.Intern(IpAddress::V4(address)));
      model.OnReport(i,
                     {.cpu_utilization = 0.1 + 0.01 * (i % 7),
                      .cpus = 64,
                      .connections = 100.0 + i % 5,
                      .memory_available_bytes = 1e9 + 1e7 * (i % 9),
                      .process_time_seconds = 0.01 + 0.001 * (i % 3)},
                     now, Duration::zero(), std::chrono::seconds(1));
      NodeEntry node;
      node.figures = model.Predict(i, now, 1);
      node.cost = policy::CostOf(node.figures, node.figures.sessions);
      fleet.nodes.push_back(node);
      fleet.node_of.push_back(i);
    }
    fleet.gauges = model.gauges();
    fleet.columns = model.Columns(now, warm);
    zone::ZoneBuilder builder(*wire::Name::Parse("lb.example"), addresses, rules);
    std::vector<std::uint8_t> soa(22);
    const wire::Name apex = *wire::Name::Parse("lb.example");
    builder.Add(apex, wire::RrType::kSoa, 0, soa, {});
    builder.Add(apex, wire::RrType::kNs, 0, apex.wire(), {});
    for (std::size_t i = 0; i < members; ++i) {
      builder.Add(*wire::Name::Parse("www.lb.example"), wire::RrType::kA, 0,
                  std::span(octets).subspan(4 * i, 4), {});
    }
    served = std::make_unique<Served>(
        Served{zone::ZoneSet({builder.Build()}, {options}), locality::Locality()});
    served->gauges = model.gauges();
    served->members = policy::MemberTables(lists, addresses);
    chooser.Adopt(*served);
    chooser.Adopt(fleet);
  }

  zone::SiteOptions options;
  AddressTable addresses;
  zone::SiteRules rules;
  std::vector<std::uint8_t> octets;
  std::vector<AddressId> ids;
  policy::FleetModel model;
  FleetView fleet;
  std::unique_ptr<Served> served;
  WorkerStats stats;
  Random random{1};
  SiteChooser chooser{0, stats, random};
};

std::vector<IpAddress> Clients() {
  std::vector<IpAddress> clients;
  for (std::uint8_t i = 0; i < 64; ++i) {
    const std::uint8_t octets[] = {192, 0, i, 1};
    clients.push_back(IpAddress::V4(octets));
  }
  return clients;
}

void Run(benchmark::State& state, Bench& bench) {
  const wire::Name name = *wire::Name::Parse("www.lb.example");
  const auto clients = Clients();
  std::size_t next = 0;
  for (auto _ : state) {
    const SiteQuery query{{bench.ids, bench.octets, 4},    bench.options, 60, 12345, name.wire(),
                          clients[next++ % clients.size()]};
    benchmark::DoNotOptimize(bench.chooser.Choose(query).members.data());
  }
}

void BM_Choose(benchmark::State& state) {
  Bench bench(static_cast<Policy>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  state.SetLabel(kNames[state.range(0)]);
  Run(state, bench);
}
BENCHMARK(BM_Choose)
    ->ArgNames({"policy", "members"})
    ->ArgsProduct({benchmark::CreateDenseRange(0, 10, 1), {4, 64}});

// least_cost, and each client's prefix with a round-trip time to seven members, or as many as there
// are.
void BM_ChooseMeasured(benchmark::State& state) {
  const auto members = static_cast<std::size_t>(state.range(0));
  Bench bench(Policy::kLeastCost, members);
  const auto now = MonotonicTime(std::chrono::hours(1));
  locality::RttTable table({}, 42, now);
  for (fleet::NodeIndex node = 0; node < std::min<std::size_t>(7, members); ++node) {
    std::vector<fleet::RttSample> samples;
    for (const IpAddress& client : Clients()) {
      const auto milliseconds = static_cast<float>(10 + (node * 37 + client.octets()[2]) % 90);
      samples.push_back({client, 1, milliseconds, milliseconds});
    }
    table.Add(node, samples, now);
  }
  table.Build(now + std::chrono::seconds(1));
  bench.fleet.rtts = table.view();
  bench.chooser.Adopt(bench.fleet);
  Run(state, bench);
}
BENCHMARK(BM_ChooseMeasured)->ArgName("members")->Arg(4)->Arg(64);

}  // namespace
}  // namespace dnsd::answer

BENCHMARK_MAIN();
