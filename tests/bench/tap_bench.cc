// What the query log and dnstap cost a worker: a query that is not in the sample, and one that is.
#include <benchmark/benchmark.h>

#include <array>

#include "dnsd/server/query_tap.h"

namespace dnsd::server {
namespace {

constexpr std::array<std::uint8_t, 40> kQuery{};
constexpr std::array<std::uint8_t, 120> kResponse{};
const Endpoint kClient{};

void BM_NotInTheSample(benchmark::State& state) {
  QueryTap tap({.log = 1'000'000'000});
  for (auto _ : state) tap.Tell(kQuery, kResponse, kClient, answer::Transport::kUdp);
}
BENCHMARK(BM_NotInTheSample);

// The reader's part is left out of the time.
void BM_Told(benchmark::State& state) {
  constexpr int kBatch = 2000;  // less than a ring holds
  QueryTap tap({.log = 1, .stream = 1});
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) {
      tap.Tell(kQuery, kResponse, kClient, answer::Transport::kUdp);
    }
    state.PauseTiming();
    while (tap.Take()) {
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
  if (tap.dropped() > 0) state.SkipWithError("the ring was full");
}
BENCHMARK(BM_Told);

// A dead reader: the ring is full.
void BM_Dropped(benchmark::State& state) {
  QueryTap tap({.stream = 1}, 256);
  for (auto _ : state) tap.Tell(kQuery, kResponse, kClient, answer::Transport::kUdp);
}
BENCHMARK(BM_Dropped);

}  // namespace
}  // namespace dnsd::server

BENCHMARK_MAIN();
