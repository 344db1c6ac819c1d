// The measured round-trip times at 1,000,000 prefixes, two in three of IPv4, with four nodes each:
// a lookup of clients at random, a second's news from the reporters, and memory.
//   build/release/rtt_bench
#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <span>
#include <vector>

#include "dnsd/base/random.h"
#include "dnsd/locality/rtt_table.h"

namespace dnsd::locality {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kPrefixes = 1'000'000;
constexpr fleet::NodeIndex kNodes = 4;

// The prefix of that number: 10.0.0.0/24 upwards, or 2001::/48 upwards.
IpAddress Prefix(std::uint32_t i) {
  std::array<std::uint8_t, 16> octets{};
  if (i % 3 != 0) {
    octets = {static_cast<std::uint8_t>(10 + (i >> 16)), static_cast<std::uint8_t>(i >> 8),
              static_cast<std::uint8_t>(i)};
    return IpAddress::V4(std::span(octets).first<4>());
  }
  octets = {0x20,
            0x01,
            0x0d,
            static_cast<std::uint8_t>(i >> 16),
            static_cast<std::uint8_t>(i >> 8),
            static_cast<std::uint8_t>(i)};
  return IpAddress::V6(octets);
}

// A client of that prefix.
IpAddress Client(std::uint32_t i, std::uint8_t host) {
  std::array<std::uint8_t, 16> octets{};
  const IpAddress prefix = Prefix(i);
  std::ranges::copy(prefix.octets(), octets.begin());
  octets[prefix.size() - 1] = host;
  return *IpAddress::FromOctets(std::span(octets).first(prefix.size()));
}

std::size_t ResidentOctets() {
  std::ifstream in("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * 4096;
}

struct Bench {
  Bench() {
    const std::size_t before = ResidentOctets();
    for (fleet::NodeIndex node = 0; node < kNodes; ++node) {
      for (std::uint32_t i = 0; i < kPrefixes;) {
        now += 1s;
        // Of several nodes at once: one alone would take an hour.
        for (fleet::NodeIndex at = node; at < 700 && i < kPrefixes; at += kNodes) {
          std::vector<fleet::RttSample> samples;
          for (; samples.size() < 256 && i < kPrefixes; ++i) {
            samples.push_back({Prefix(i), 1, static_cast<float>(1 + random.Below(200)), 1});
          }
          table.Add(at, samples, now);
        }
        table.Build(now);
      }
    }
    resident = ResidentOctets() - before;
  }
  Random random{1};
  MonotonicTime now{1h};
  RttTable table{{.max_prefixes = kPrefixes + kPrefixes / 8}, 7, now};
  std::size_t resident = 0;
};

Bench& Shared() {
  static Bench bench;
  return bench;
}

// `unknown`: 0 clients of known prefixes, 1 of others. `batch`: 1 each by itself; 16 as a worker
// has them, who calls for the memory of all before it looks at any.
void Find(benchmark::State& state) {
  Bench& bench = Shared();
  Random random(2);
  std::vector<IpAddress> clients;
  for (std::uint32_t i = 0; i < 1U << 20; ++i) {
    const std::uint32_t prefix =
        random.Below(kPrefixes) + (state.range(0) == 0 ? 0 : 3 * kPrefixes);
    clients.push_back(Client(prefix, static_cast<std::uint8_t>(random.Next())));
  }
  const auto view = bench.table.view();
  std::size_t next = 0, found = 0;
  const auto batch = static_cast<std::size_t>(state.range(1));
  while (state.KeepRunningBatch(state.range(1))) {
    const auto some = std::span(clients).subspan(next, batch);
    next = (next + batch) % clients.size();
    for (const IpAddress& client : some) {
      if (batch > 1) view->Prefetch(client);
    }
    for (const IpAddress& client : some) {
      if (batch > 1) view->PrefetchDeeper(client);
    }
    for (const IpAddress& client : some) {
      const auto rtts = view->Find(client);
      found += rtts.empty() ? 0 : rtts[0].node + 1U;
      benchmark::DoNotOptimize(found);
    }
  }
  if ((found > 0) != (state.range(0) == 0)) state.SkipWithError("not what was put in");
  state.counters["prefixes"] = static_cast<double>(bench.table.counts().prefixes);
  state.counters["figures"] = static_cast<double>(bench.table.counts().figures);
  state.counters["MB"] = static_cast<double>(bench.table.counts().octets) / 1e6;
  state.counters["resident_MB"] = static_cast<double>(bench.resident) / 1e6;
}
BENCHMARK(Find)->ArgNames({"unknown", "batch"})->ArgsProduct({{0, 1}, {1, 16}});

// `nodes` of 256 samples each, of prefixes at random, and the view that follows.
void Build(benchmark::State& state) {
  Bench& bench = Shared();
  for (auto _ : state) {
    state.PauseTiming();
    bench.now += 2s;
    std::vector<std::vector<fleet::RttSample>> news(static_cast<std::size_t>(state.range(0)));
    for (auto& samples : news) {
      for (int i = 0; i < 256; ++i) {
        samples.push_back({Prefix(bench.random.Below(kPrefixes)), 3,
                           static_cast<float>(1 + bench.random.Below(200)), 1});
      }
    }
    state.ResumeTiming();
    fleet::NodeIndex node = 0;
    for (const auto& samples : news) bench.table.Add(node++, samples, bench.now);
    bench.table.Build(bench.now);
  }
}
BENCHMARK(Build)->ArgName("nodes")->Arg(1)->Arg(10)->Arg(200)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dnsd::locality

BENCHMARK_MAIN();
