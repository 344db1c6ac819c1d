// The longest-prefix table at 1,000,000 prefixes of both families, and where a client is in it.
// Clients are drawn from the prefixes at random, so hardly any two look at the same memory.
//   build/release/locality_bench
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <vector>

#include "dnsd/base/random.h"
#include "dnsd/locality/prefix_table.h"

namespace dnsd::locality {
namespace {

constexpr std::size_t kPrefixes = 1'000'000;
constexpr std::uint32_t kValues = 50'000;

// A prefix of a length as they are in databases of addresses: IPv4 from /12 to /24 and some single
// addresses; IPv6 from /20 to /48 and some /56 and /64, in what is allocated.
IpPrefix RandomPrefix(Random& random) {
  std::array<std::uint8_t, 16> octets{};
  for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random.Next());
  const std::uint32_t kind = random.Below(10);
  if (random.Below(2) == 0) {
    octets[0] = static_cast<std::uint8_t>(1 + random.Below(223));
    const unsigned length = kind == 0   ? 12 + random.Below(8)
                            : kind == 1 ? 25 + random.Below(8)
                                        : 18 + random.Below(7);
    return {IpAddress::V4(std::span(octets).first<4>()).Masked(length),
            static_cast<std::uint8_t>(length)};
  }
  static constexpr std::uint8_t kFirst[][2] = {{0x20, 0x01}, {0x24, 0x00}, {0x24, 0x08},
                                               {0x26, 0x00}, {0x26, 0x07}, {0x28, 0x04},
                                               {0x2A, 0x00}, {0x2A, 0x02}, {0x2C, 0x0F}};
  const auto& first = kFirst[random.Below(9)];
  octets[0] = first[0];
  octets[1] = first[1];
  octets[2] &= 0x1F;  // what is allocated of it
  const unsigned length = kind == 0   ? 20 + random.Below(12)
                          : kind == 1 ? 56 + 8 * random.Below(2)
                                      : 32 + random.Below(17);
  return {IpAddress::V6(octets).Masked(length), static_cast<std::uint8_t>(length)};
}

// An address in the prefix, the bits past it at random.
IpAddress Within(const IpPrefix& prefix, Random& random) {
  std::array<std::uint8_t, 16> octets{};
  const auto fixed = prefix.address.octets();
  for (std::size_t i = 0; i < fixed.size(); ++i) {
    const unsigned kept = prefix.length > 8 * i
                              ? std::min<unsigned>(8, prefix.length - static_cast<unsigned>(8 * i))
                              : 0U;
    const unsigned free_bits = 0xFFU >> kept;
    octets[i] = static_cast<std::uint8_t>(fixed[i] | (random.Next() & free_bits));
  }
  return *IpAddress::FromOctets(std::span(octets).first(fixed.size()));
}

struct Bench {
  Bench() {
    Random random(1);
    std::vector<PrefixValue> prefixes;
    prefixes.reserve(kPrefixes);
    for (std::size_t i = 0; i < kPrefixes; ++i) {
      prefixes.push_back({RandomPrefix(random), 1 + random.Below(kValues)});
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const IpPrefix& prefix = prefixes[random.Below(kPrefixes)].prefix;
      clients[i] = Within(prefix, random);
    }
    table = PrefixTable(RangesOf(prefixes, IpFamily::kV4), RangesOf(prefixes, IpFamily::kV6));
  }
  static const Bench& Get() {
    static const Bench bench;
    return bench;
  }

  PrefixTable table;
  std::vector<IpAddress> clients = std::vector<IpAddress>(1U << 20);
};

// Clients one after the other, as a worker has them.
void BM_Find(benchmark::State& state) {
  const Bench& bench = Bench::Get();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench.table.Find(bench.clients[next++ % bench.clients.size()]));
  }
  state.counters["ranges"] = static_cast<double>(bench.table.ranges());
  state.counters["MiB"] = static_cast<double>(bench.table.octets()) / (1 << 20);
}
BENCHMARK(BM_Find);

// Which client is next depends on the last one's value: the whole time of one look-up.
void BM_FindAlone(benchmark::State& state) {
  const Bench& bench = Bench::Get();
  std::size_t next = 0;
  for (auto _ : state) {
    const Found found = bench.table.Find(bench.clients[next % bench.clients.size()]);
    next = next + 1 + (found.value & 1U);
  }
}
BENCHMARK(BM_FindAlone);

// The same by a worker that reads a batch before it answers: what is looked up some `ahead` clients
// later is asked for now.
void BM_FindAlonePrefetched(benchmark::State& state) {
  const Bench& bench = Bench::Get();
  const auto ahead = static_cast<std::size_t>(state.range(0));
  std::size_t next = 0;
  for (auto _ : state) {
    // One client or two further each time: half of those asked for are the ones that come.
    bench.table.Prefetch(bench.clients[(next + ahead) % bench.clients.size()]);
    bench.table.Prefetch(bench.clients[(next + ahead + 1) % bench.clients.size()]);
    const Found found = bench.table.Find(bench.clients[next % bench.clients.size()]);
    next = next + 1 + (found.value & 1U);
  }
}
BENCHMARK(BM_FindAlonePrefetched)->ArgName("ahead")->Arg(16);

// The sum of the others' cost: a client from the array and nothing else.
void BM_ClientAlone(benchmark::State& state) {
  const Bench& bench = Bench::Get();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Position::Of(bench.clients[next++ % bench.clients.size()]));
  }
}
BENCHMARK(BM_ClientAlone);

}  // namespace
}  // namespace dnsd::locality

BENCHMARK_MAIN();
