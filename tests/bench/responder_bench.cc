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
    world->served = std::make_unique<Served>(Served{std::move(zones), policy::Closeness()});
    world->fleet = MakeFleet(world->addresses);
  }
  return *world;
}

// Queries for sites at random, each in a slot of its own, as a socket has them.
class Queries {
 public:
  static constexpr std::size_t kCount = 1 << 16;

  Queries(std::size_t sites, bool edns, std::uint64_t seed) {
    Random random(seed);
    for (std::size_t i = 0; i < kCount; ++i) {
      const auto site = random.Below(static_cast<std::uint32_t>(sites));
      const auto query = MakeQuery("site" + std::to_string(site) + ".lb.example", edns);
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

// Load-aware answers, in batches as the UDP socket has them: range(0) sites, range(1) nodes,
// range(2) EDNS. Each thread is a worker; the time is that of one answer.
void BM_SiteAnswer(benchmark::State& state) {
  constexpr std::size_t kBatch = 64;
  const auto sites = static_cast<std::size_t>(state.range(0));
  const World& world = WorldOf(sites, static_cast<std::size_t>(state.range(1)));
  const auto worker = static_cast<std::size_t>(state.thread_index());
  WorkerStats stats;
  Responder responder(worker, stats, 1 + worker);
  responder.Adopt(*world.served);
  responder.Adopt(world.fleet);
  const Queries queries(sites, state.range(2) != 0, 7 + worker);
  const IpAddress client = *IpAddress::Parse("192.0.2.1");
  std::vector<Exchange> exchanges(kBatch);
  std::vector<std::uint8_t> out(4096);
  std::size_t next = 0;
  while (state.KeepRunningBatch(kBatch)) {
    for (Exchange& exchange : exchanges) responder.Read(queries[next++], exchange);
    responder.LookAhead(exchanges);
    for (const Exchange& exchange : exchanges) {
      benchmark::DoNotOptimize(responder.Respond(exchange, client, Transport::kUdp, out));
    }
    next %= Queries::kCount;
  }
  if (stats.site_answers.value() != static_cast<std::uint64_t>(state.iterations())) {
    state.SkipWithError("not every answer was a site's");
  }
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

}  // namespace
}  // namespace dnsd::answer

BENCHMARK_MAIN();
