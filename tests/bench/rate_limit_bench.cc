// What response rate limiting adds to one response.
//   build/release/rate_limit_bench
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <vector>

#include "dnsd/answer/rate_limit.h"
#include "dnsd/answer/responder.h"
#include "dnsd/base/random.h"
#include "dnsd/zone/zone_builder.h"

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

// A thousand names of four addresses each.
constexpr std::size_t kNames = 1000;

std::shared_ptr<const zone::Zone> MakeZone(AddressTable& addresses, const zone::SiteRules& rules) {
  const auto name = [](const std::string& text) { return *wire::Name::Parse(text); };
  zone::ZoneBuilder builder(name("lb.example"), addresses, rules);
  const std::vector<std::uint8_t> soa(2 + 20);  // the root twice, then five numbers
  builder.Add(name("lb.example"), wire::RrType::kSoa, 0, soa, {});
  builder.Add(name("lb.example"), wire::RrType::kNs, 0, name("ns1.lb.example").wire(), {});
  for (std::size_t i = 0; i < kNames; ++i) {
    for (std::uint8_t member = 1; member <= 4; ++member) {
      const std::uint8_t address[] = {10, 0, 0, member};
      builder.Add(name("site" + std::to_string(i) + ".lb.example"), wire::RrType::kA, 0, address,
                  {});
    }
  }
  return builder.Build();
}

std::vector<std::uint8_t> MakeQuery(const std::string& text) {
  std::vector<std::uint8_t> query = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  const wire::Name name = *wire::Name::Parse(text);
  query.insert(query.end(), name.wire().begin(), name.wire().end());
  query.insert(query.end(), {0, 1, 0, 1});
  return query;
}

// The whole responder, in batches as the UDP socket has them: names at random for 64 client
// prefixes at random, so about as many accounts as there is room for. range(0): 0 without limits, 1
// with, 2 with that of all responses too; no response is over them. The time is that of one
// response.
void BM_Responder(benchmark::State& state) {
  constexpr std::size_t kBatch = 64;
  AddressTable addresses;
  const zone::SiteRules rules;
  Served served{zone::ZoneSet({MakeZone(addresses, rules)}, rules.options()), locality::Locality()};
  if (state.range(0) > 0) {
    served.rate_limit.emplace().rates.fill(RateLimitSettings::kMostRate);
    if (state.range(0) > 1) served.rate_limit->all_rate = RateLimitSettings::kMostRate;
  }
  const FleetView fleet;
  WorkerStats stats;
  Responder responder(0, stats, 1);
  responder.Adopt(served);
  responder.Adopt(fleet);
  std::vector<std::vector<std::uint8_t>> queries;
  std::vector<IpAddress> clients;
  Random random(7);
  for (std::size_t i = 0; i < 1 << 16; ++i) {
    queries.push_back(MakeQuery("site" + std::to_string(random.Below(kNames)) + ".lb.example"));
    const std::uint8_t client[] = {192, 0, static_cast<std::uint8_t>(random.Below(64)), 1};
    clients.push_back(IpAddress::V4(client));
  }
  std::vector<Exchange> exchanges(kBatch);
  std::vector<std::uint8_t> out(4096);
  std::size_t asked = 0;
  while (state.KeepRunningBatch(kBatch)) {
    const std::size_t first = asked % queries.size();
    responder.set_time(std::chrono::milliseconds(asked / 500));
    for (std::size_t i = 0; i < kBatch; ++i) responder.Read(queries[first + i], exchanges[i]);
    responder.LookAhead(exchanges);
    for (std::size_t i = 0; i < kBatch && responder.limits_rates(); ++i) {
      responder.LookAheadAtLimit(exchanges[i], clients[first + i]);
    }
    for (std::size_t i = 0; i < kBatch; ++i) {
      benchmark::DoNotOptimize(
          responder.Respond(exchanges[i], clients[first + i], Transport::kUdp, out));
    }
    asked += kBatch;
  }
}
BENCHMARK(BM_Responder)->ArgName("limits")->Arg(0)->Arg(1)->Arg(2);

}  // namespace
}  // namespace dnsd::answer

BENCHMARK_MAIN();
