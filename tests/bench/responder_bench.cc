// The responder alone: query octets in, response octets out, no socket.
//   build/release/responder_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/zone/zone_builder.h"

namespace dnsd::answer {
namespace {

constexpr std::size_t kMembers = 4;

wire::Name Parse(const std::string& text) { return *wire::Name::Parse(text); }

std::vector<std::uint8_t> Address(std::size_t node) {
  return {10, static_cast<std::uint8_t>(node >> 16), static_cast<std::uint8_t>(node >> 8),
          static_cast<std::uint8_t>(node)};
}

// A zone of `sites` sites, each on four of `nodes` nodes.
std::shared_ptr<const zone::Zone> MakeZone(std::size_t sites, std::size_t nodes,
                                           AddressTable& addresses, const zone::SiteRules& rules) {
  zone::ZoneBuilder builder(Parse("lb.example"), addresses, rules);
  const auto add = [&](const std::string& owner, wire::RrType type,
                       std::span<const std::uint8_t> rdata) {
    builder.Add(Parse(owner), type, 0, rdata, {});
  };
  std::vector<std::uint8_t> soa(2 + 20);  // the root twice, then five numbers
  add("lb.example", wire::RrType::kSoa, soa);
  add("lb.example", wire::RrType::kNs, Parse("ns1.lb.example").wire());
  for (std::size_t i = 0; i < sites; ++i) {
    for (std::size_t m = 0; m < kMembers; ++m) {
      add("site" + std::to_string(i) + ".lb.example", wire::RrType::kA,
          Address((i * kMembers + m) % nodes));
    }
  }
  return builder.Build();
}

// Every address a node of its own, alive, with some load.
FleetView MakeFleet(const AddressTable& addresses) {
  FleetView fleet;
  auto delay = std::make_shared<const policy::DelayTable>(2.0);
  fleet.delay_tables.push_back(delay);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    NodeEntry node;
    node.figures.load_per_session = 0.001F;
    node.figures.background = 0.1F + 0.5F * static_cast<float>(i % 7) / 7;
    node.figures.cpus = 2;
    node.figures.delay = delay.get();
    node.cost = policy::CostOf(node.figures, 0);
    fleet.nodes.push_back(node);
    fleet.node_of.push_back(static_cast<fleet::NodeIndex>(i));
  }
  return fleet;
}

std::vector<std::uint8_t> MakeQuery(const std::string& name, bool edns) {
  std::vector<std::uint8_t> query = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  const wire::Name parsed = Parse(name);
  query.insert(query.end(), parsed.wire().begin(), parsed.wire().end());
  query.insert(query.end(), {0, 1, 0, 1});
  if (edns) {
    query[11] = 1;
    query.insert(query.end(), {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0});
  }
  return query;
}

// What the workers share.
struct World {
  AddressTable addresses;
  zone::SiteRules rules;
  std::unique_ptr<const Served> served;
  FleetView fleet;
};

// Zones of a million sites are made once for all the benchmarks that use them.
const World& WorldOf(std::size_t sites, std::size_t nodes) {
  static std::mutex mutex;
  static std::map<std::pair<std::size_t, std::size_t>, std::unique_ptr<World>> worlds;
  const std::lock_guard lock(mutex);
  auto& world = worlds[{sites, nodes}];
  if (world == nullptr) {
    world = std::make_unique<World>();
    auto zone = MakeZone(sites, nodes, world->addresses, world->rules);
    zone::ZoneSet zones({std::move(zone)}, world->rules.options());
    world->served = std::make_unique<Served>(Served{std::move(zones), locality::Locality()});
    world->fleet = MakeFleet(world->addresses);
  }
  return *world;
}

// A thousand sites of one policy on ten nodes, which report all that a policy may ask.
World WorldOfPolicy(zone::Policy policy) {
  World world;
  zone::SiteOptions options;
  options.policy = policy;
  zone::MemberLists lists;
  lists.weights = {{{*IpPrefix::Parse("10.0.0.1"), 3.0F}}};
  lists.groups = {{{*IpPrefix::Parse("10.0.0.0/29")}}};
  options.weights = policy == zone::Policy::kWeighted || policy == zone::Policy::kWlc ? 1 : 0;
  options.groups = policy == zone::Policy::kFailover ? 1 : 0;
  world.rules.Add("*", options);
  zone::ZoneSet zones({MakeZone(1000, 10, world.addresses, world.rules)}, {{}});
  std::vector<zone::SiteOptions> all = world.rules.options();
  policy::FleetModel model;
  model.SetGauges(policy::AssignGauges(all));
  const auto now = MonotonicTime(std::chrono::hours(1));
  for (fleet::NodeIndex i = 0; i < world.addresses.size(); ++i) {
    model.OnReport(i,
                   {.cpu_utilization = 0.1 + 0.5 * (i % 7) / 7,
                    .cpus = 2,
                    .connections = 100.0 + i % 5,
                    .memory_available_bytes = 1e9 + 1e7 * i,
                    .process_time_seconds = 0.01 + 0.001 * (i % 3)},
                   now, Duration::zero(), std::chrono::seconds(1));
    NodeEntry node;
    node.figures = model.Predict(i, now, 1);
    node.cost = policy::CostOf(node.figures, node.figures.sessions);
    world.fleet.nodes.push_back(node);
    world.fleet.node_of.push_back(i);
  }
  world.fleet.gauges = model.gauges();
  world.fleet.columns = model.Columns(now, std::vector<double>(world.addresses.size(), 1));
  world.fleet.delay_tables = model.delay_tables();
  auto served = std::make_unique<Served>(
      Served{zone::ZoneSet(zones.zones(), std::move(all)), locality::Locality()});
  served->gauges = model.gauges();
  served->members = policy::MemberTables(lists, world.addresses);
  world.served = std::move(served);
  return world;
}

// A thousand sites on ten nodes in four regions, clients' too, as tools/bench --what locality has
// them, and a region for each of `prefixes` more /24.
World WorldOfPlaces(std::size_t prefixes) {
  World world;
  zone::SiteOptions options;
  options.prefer = zone::Prefer::kLocality;
  world.rules.Add("*", options);
  auto zone = MakeZone(1000, 10, world.addresses, world.rules);
  world.fleet = MakeFleet(world.addresses);
  locality::Settings settings;
  settings.regions = {{"r0", {"r0", "r1", "r2", "r3"}},
                      {"r1", {"r1", "r2", "r3", "r0"}},
                      {"r2", {"r2", "r3", "r0", "r1"}},
                      {"r3", {"r3", "r0", "r1", "r2"}}};
  const auto region = [](std::size_t i) { return "r" + std::to_string(i % 4); };
  for (std::size_t i = 0; i < 10; ++i) {
    const IpAddress node = *IpAddress::FromOctets(Address(i));
    settings.nodes.push_back({.addresses = {{node, 32}}, .place = {.region = region(i)}});
  }
  for (std::uint8_t i = 0; i < 4; ++i) {
    const std::uint8_t octets[] = {static_cast<std::uint8_t>(i << 6), 0, 0, 0};
    settings.subnets.push_back({{IpAddress::V4(octets), 2}, {}, region(i)});
  }
  Random random(5);
  for (std::size_t i = 0; i < prefixes; ++i) {
    const auto bits = static_cast<std::uint32_t>(random.Next());
    const std::uint8_t octets[] = {static_cast<std::uint8_t>(bits >> 24),
                                   static_cast<std::uint8_t>(bits >> 16),
                                   static_cast<std::uint8_t>(bits >> 8), 0};
    settings.subnets.push_back({{IpAddress::V4(octets), 24}, {}, region(i)});
  }
  world.served =
      std::make_unique<Served>(Served{zone::ZoneSet({std::move(zone)}, world.rules.options()),
                                      locality::Locality(settings, {}, world.addresses)});
  return world;
}

// Puts a client's /24 into a query with EDNS (RFC 7871).
void AddSubnet(std::vector<std::uint8_t>& query, std::uint32_t network) {
  query.back() = 11;
  query.insert(query.end(),
               {0, 8, 0, 7, 0, 1, 24, 0, static_cast<std::uint8_t>(network >> 16),
                static_cast<std::uint8_t>(network >> 8), static_cast<std::uint8_t>(network)});
}

// Queries for sites at random, each in a slot of its own, as a socket has them.
class Queries {
 public:
  static constexpr std::size_t kCount = 1 << 16;

  Queries(std::size_t sites, bool edns, std::uint64_t seed, bool subnets = false) {
    Random random(seed);
    for (std::size_t i = 0; i < kCount; ++i) {
      const auto site = random.Below(static_cast<std::uint32_t>(sites));
      auto query = MakeQuery("site" + std::to_string(site) + ".lb.example", edns);
      if (subnets) AddSubnet(query, random.Below(1 << 24));
      std::copy(query.begin(), query.end(), octets_.begin() + static_cast<long>(i * kSlot));
      sizes_[i] = static_cast<std::uint8_t>(query.size());
    }
  }
  std::span<const std::uint8_t> operator[](std::size_t i) const {
    return std::span(octets_).subspan(i * kSlot, sizes_[i]);
  }

 private:
  static constexpr std::size_t kSlot = 64;
  std::vector<std::uint8_t> octets_ = std::vector<std::uint8_t>(kCount * kSlot);
  std::vector<std::uint8_t> sizes_ = std::vector<std::uint8_t>(kCount);
};

// Answers of the world's sites, in batches as the UDP socket has them. Each thread is a worker; the
// time is that of one answer.
void Answer(benchmark::State& state, const World& world, std::size_t sites, bool edns,
            bool subnets = false) {
  constexpr std::size_t kBatch = 64;
  const auto worker = static_cast<std::size_t>(state.thread_index());
  WorkerStats stats;
  Responder responder(worker, stats, 1 + worker);
  responder.Adopt(*world.served);
  responder.Adopt(world.fleet);
  const Queries queries(sites, edns, 7 + worker, subnets);
  const IpAddress client = *IpAddress::Parse("192.0.2.1");
  std::vector<Exchange> exchanges(kBatch);
  std::vector<std::uint8_t> out(4096);
  std::size_t next = 0;
  while (state.KeepRunningBatch(kBatch)) {
    for (Exchange& exchange : exchanges) responder.Read(queries[next++], exchange);
    responder.LookAhead(exchanges);
    if (responder.locates_clients()) {
      for (const Exchange& exchange : exchanges) responder.LookAheadAtClient(exchange, client);
      for (const Exchange& exchange : exchanges) responder.LookDeeperAtClient(exchange, client);
    }
    for (const Exchange& exchange : exchanges) {
      benchmark::DoNotOptimize(responder.Respond(exchange, client, Transport::kUdp, out));
    }
    next %= Queries::kCount;
  }
  if (stats.site_answers.value() != static_cast<std::uint64_t>(state.iterations())) {
    state.SkipWithError("not every answer was a site's");
  }
}

// Load-aware answers: range(0) sites, range(1) nodes, range(2) EDNS.
void BM_SiteAnswer(benchmark::State& state) {
  const auto sites = static_cast<std::size_t>(state.range(0));
  Answer(state, WorldOf(sites, static_cast<std::size_t>(state.range(1))), sites,
         state.range(2) != 0);
}
BENCHMARK(BM_SiteAnswer)
    ->ArgNames({"sites", "nodes", "edns"})
    ->Args({1'000, 10, 0})
    ->Args({1'000, 10, 1})
    ->Args({1'000, 10'000, 1})
    ->Args({250'000, 10'000, 1})
    ->Args({1'000'000, 10, 1})
    ->Args({1'000'000, 10'000, 1});
// Two workers beside each other: as fast each as one alone, since they share nothing they write.
BENCHMARK(BM_SiteAnswer)->ArgNames({"sites", "nodes", "edns"})->Args({1'000, 10, 1})->Threads(2);

// The same under every policy.
void BM_PolicyAnswer(benchmark::State& state) {
  constexpr const char* kNames[] = {"least_cost",     "round_robin", "random",  "weighted",
                                    "least_load",     "quota",       "wlc",     "memory_weight",
                                    "dynamic_weight", "hash",        "failover"};
  const World world = WorldOfPolicy(static_cast<zone::Policy>(state.range(0)));
  state.SetLabel(kNames[state.range(0)]);
  Answer(state, world, 1000, true);
}
BENCHMARK(BM_PolicyAnswer)->ArgName("policy")->DenseRange(0, 10);

// By load and place, to queries with a client subnet each: what they take more than BM_SiteAnswer.
void BM_PlaceAnswer(benchmark::State& state) {
  const World world = WorldOfPlaces(static_cast<std::size_t>(state.range(0)));
  Answer(state, world, 1000, true, true);
}
BENCHMARK(BM_PlaceAnswer)->ArgName("prefixes")->Arg(0)->Arg(20'000);

}  // namespace
}  // namespace dnsd::answer

BENCHMARK_MAIN();
