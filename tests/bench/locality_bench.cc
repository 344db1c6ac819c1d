// The longest-prefix table at 1,000,000 prefixes of both families, and where a client is in it.
// Clients are drawn from the prefixes at random, so hardly any two look at the same memory.
//   build/release/locality_bench
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "dnsd/base/huge_vector.h"
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

// A cycle through as much memory as the table takes, in lines of the cache, in an order that nobody
// could foresee: each step is one visit to memory that waits for the one before. What a look-up
// that waits for the last one cannot be faster than, unless it finds its line in a cache.
template <typename Vector>
void Chase(benchmark::State& state) {
  struct alignas(64) Step {
    std::uint32_t next;
  };
  const std::size_t count = Bench::Get().table.octets() / sizeof(Step);
  typename Vector::template Of<Step> steps(count);
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  Random random(3);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[random.Below(static_cast<std::uint32_t>(i))]);
  }
  for (std::size_t i = 0; i < count; ++i) steps[order[i]].next = order[(i + 1) % count];
  std::uint32_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(at = steps[at].next);
}
struct SmallPages {
  template <typename T>
  using Of = std::vector<T>;
};
struct HugePages {
  template <typename T>
  using Of = HugeVector<T>;
};
BENCHMARK(Chase<SmallPages>)->Name("BM_Memory/pages:small");
BENCHMARK(Chase<HugePages>)->Name("BM_Memory/pages:huge");

// As a worker looks clients up: a batch is asked for, then what that has led to, then all are
// found. The time is that of one client, all of it.
void BM_FindInBatch(benchmark::State& state) {
  const Bench& bench = Bench::Get();
  const auto batch = static_cast<std::size_t>(state.range(0));
  std::size_t next = 0;
  while (state.KeepRunningBatch(state.range(0))) {
    const auto clients = std::span(bench.clients).subspan(next, batch);
    for (const IpAddress& client : clients) bench.table.Prefetch(client);
    for (const IpAddress& client : clients) bench.table.PrefetchDeeper(client);
    for (const IpAddress& client : clients) benchmark::DoNotOptimize(bench.table.Find(client));
    next = (next + batch) % bench.clients.size();
  }
  state.counters["ranges"] = static_cast<double>(bench.table.ranges());
  state.counters["MiB"] = static_cast<double>(bench.table.octets()) / (1 << 20);
}
BENCHMARK(BM_FindInBatch)->ArgName("batch")->Arg(16)->Arg(32);

// One by one, none waiting for the one before: the processor overlaps a few.
void BM_Find(benchmark::State& state) {
  const Bench& bench = Bench::Get();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench.table.Find(bench.clients[next++ % bench.clients.size()]));
  }
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
