// The responder alone: query octets in, response octets out, no socket.
//   build/release/tests/bench/responder_bench
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <memory>
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

// Load-aware answers: range(0) sites, range(1) nodes, range(2) EDNS.
void BM_SiteAnswer(benchmark::State& state) {
  const auto sites = static_cast<std::size_t>(state.range(0));
  const auto nodes = static_cast<std::size_t>(state.range(1));
  AddressTable addresses;
  const zone::SiteRules rules;
  const Served served{
      zone::ZoneSet({MakeZone(sites, nodes, addresses, rules)}, rules.options()), policy::Closeness(), 1232};
  const FleetView fleet = MakeFleet(addresses);
  WorkerStats stats;
  Responder responder(0, stats, 1);
  responder.Adopt(served);
  responder.Adopt(fleet);
  std::vector<std::vector<std::uint8_t>> queries;
  Random random(2);
  for (int i = 0; i < 100'000; ++i) {
    const auto site = random.Below(static_cast<std::uint32_t>(sites));
    queries.push_back(
        MakeQuery("site" + std::to_string(site) + ".lb.example", state.range(2) != 0));
  }
  const IpAddress client = *IpAddress::Parse("192.0.2.1");
  std::vector<std::uint8_t> out(4096);
  std::size_t next = 0;
  for (auto _ : state) {
    if (++next == queries.size()) next = 0;
    benchmark::DoNotOptimize(responder.Respond(queries[next], client, Transport::kUdp, out));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(BM_SiteAnswer)
    ->ArgNames({"sites", "nodes", "edns"})
    ->Args({1'000, 10, 0})
    ->Args({1'000, 10, 1})
    ->Args({1'000, 10'000, 1})
    ->Args({1'000'000, 10'000, 1});

}  // namespace
}  // namespace dnsd::answer

BENCHMARK_MAIN();
