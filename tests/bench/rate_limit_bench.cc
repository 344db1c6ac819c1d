// What response rate limiting adds to one response.
//   build/release/rate_limit_bench
#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

#include "dnsd/answer/rate_limit.h"
#include "dnsd/base/random.h"

namespace dnsd::answer {
namespace {

// Accounts for as many (client, name) pairs as there is room for, or a few.
struct Pair {
  IpAddress client;
  LimitSubject subject;
};

std::vector<Pair> MakePairs(std::size_t count) {
  std::vector<Pair> pairs;
  Random random(7);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bits = random.Next();
    const std::uint8_t octets[4] = {10, static_cast<std::uint8_t>(bits),
                                    static_cast<std::uint8_t>(bits >> 8), 1};
    pairs.push_back({IpAddress::V4(octets), {ResponseClass::kAnswer, random.Next(), 1}});
  }
  return pairs;
}

// `pairs` clients and names in turn, at `rate` responses a second and account, a million responses
// a second in all; `all`: limited together too.
void Run(benchmark::State& state, std::size_t pair_count, std::uint32_t rate, std::uint32_t all) {
  RateLimitSettings settings;
  settings.rates.fill(rate);
  settings.all_rate = all;
  RateLimiter limiter(settings, 1);
  const std::vector<Pair> pairs = MakePairs(pair_count);
  std::size_t next = 0;
  std::uint64_t asked = 0;
  std::uint64_t sent = 0;
  for (auto _ : state) {
    const Pair& pair = pairs[next];
    if (++next == pairs.size()) next = 0;
    const std::chrono::milliseconds now(++asked / 1000);
    const Verdict verdict = limiter.Judge(pair.client, pair.subject, now);
    sent += verdict == Verdict::kSend ? 1 : 0;
    benchmark::DoNotOptimize(verdict);
  }
  state.counters["sent"] =
      benchmark::Counter(static_cast<double>(sent) / static_cast<double>(asked));
}

// One account, always in the cache, never limited.
void BM_HotKey(benchmark::State& state) { Run(state, 1, 1'000'000, 0); }
// An account that a flood has overdrawn.
void BM_LimitedKey(benchmark::State& state) { Run(state, 1, 10, 0); }
// As many accounts as there is room for, each asked for rarely.
void BM_FullTable(benchmark::State& state) { Run(state, 65'536, 100, 0); }
// Each response another account: all are made, and push one out.
void BM_FreshKey(benchmark::State& state) { Run(state, 1'000'000, 100, 0); }
// Two accounts a response.
void BM_HotKeyAndAll(benchmark::State& state) { Run(state, 1, 1'000'000, 1'000'000); }
BENCHMARK(BM_HotKey);
BENCHMARK(BM_LimitedKey);
BENCHMARK(BM_FullTable);
BENCHMARK(BM_FreshKey);
BENCHMARK(BM_HotKeyAndAll);

}  // namespace
}  // namespace dnsd::answer

BENCHMARK_MAIN();
