// The zone store alone: loading a file of many sites, what it holds, and looking names up.
//   build/release/tests/bench/zone_bench
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dnsd/base/random.h"
#include "dnsd/zone/loader.h"

namespace dnsd::zone {
namespace {

constexpr std::size_t kMembers = 4;
constexpr std::uint32_t kAddresses = 10'000;  // that the members are of
constexpr std::size_t kBatch = 32;            // names looked up together

wire::Name SiteName(std::size_t site) {
  return *wire::Name::Parse("site" + std::to_string(site) + ".lb.example");
}

// A zone file of `sites` sites, gone with its object. Its pools are 25, or one for each site.
class ZoneText {
 public:
  ZoneText(std::size_t sites, bool own_pools)
      : path_(std::filesystem::temp_directory_path() /
              ("zone_bench_" + std::to_string(getpid()) + "_" + std::to_string(sites) +
               (own_pools ? "_own" : ""))) {
    std::ofstream out(path_, std::ios::binary);
    out << "$TTL 60\n@ 3600 SOA ns1 hostmaster 1 3600 600 86400 5\n@ 3600 NS ns1\n"
           "ns1 3600 A 192.0.2.53\n";
    Random random(1);
    for (std::size_t site = 0; site < sites; ++site) {
      const std::uint32_t first =
          own_pools ? random.Below(kAddresses) : static_cast<std::uint32_t>(site % 25 * kMembers);
      const std::uint32_t step = own_pools ? 1 + random.Below(kAddresses / kMembers - 1) : 1;
      for (std::uint32_t m = 0; m < kMembers; ++m) {
        const std::uint32_t n = (first + m * step) % kAddresses;
        out << "site" << site << " A 10.0." << n / 256 << '.' << n % 256 << '\n';
      }
    }
  }
  ~ZoneText() { std::remove(path_.c_str()); }
  ZoneText(const ZoneText&) = delete;
  ZoneText& operator=(const ZoneText&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::shared_ptr<const Zone> Load(const ZoneText& text, AddressTable& addresses) {
  const SiteRules rules;
  auto loaded = LoadZone(text.path(), *wire::Name::Parse("lb.example"), addresses, rules);
  if (loaded.ok()) return std::move(loaded->zone);
  std::cerr << loaded.status() << '\n';
  std::exit(1);
}

// The private memory of this process, in octets.
std::size_t PrivateOctets() {
  std::ifstream in("/proc/self/smaps_rollup");
  std::size_t sum = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Private_")) sum += std::stoul(line.substr(line.find(':') + 1)) * 1024;
  }
  return sum;
}

// range(0) sites; range(1): whether each has its own pool.
void BM_Load(benchmark::State& state) {
  const auto sites = static_cast<std::size_t>(state.range(0));
  const ZoneText text(sites, state.range(1) != 0);
  malloc_trim(0);
  const std::size_t before = PrivateOctets();
  std::size_t held = 0;
  for (auto _ : state) {
    AddressTable addresses;
    const auto zone = Load(text, addresses);
    state.PauseTiming();
    malloc_trim(0);
    held = PrivateOctets() - std::min(before, PrivateOctets());
    state.ResumeTiming();
  }
  state.counters["octets/site"] = static_cast<double>(held) / static_cast<double>(sites);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(sites * kMembers));
}
BENCHMARK(BM_Load)
    ->ArgNames({"sites", "own_pools"})
    ->Args({250'000, 0})
    ->Args({250'000, 1})
    ->Args({1'000'000, 0})
    ->Args({1'000'000, 1})
    ->Unit(benchmark::kMillisecond);

// A name with its hash, small: reading the questions must not cost what looking them up does.
struct Question {
  std::uint64_t hash;
  std::array<std::uint8_t, 39> octets;
  std::uint8_t size;

  std::span<const std::uint8_t> name() const { return std::span(octets).first(size); }
};

std::vector<Question> AskForAny(std::size_t sites) {
  Random random(2);
  std::vector<Question> questions(kBatch * 8192);
  for (Question& question : questions) {
    const wire::Name name = SiteName(random.Below(static_cast<std::uint32_t>(sites)));
    question.hash = name.Hash();
    question.size = static_cast<std::uint8_t>(name.wire().size());
    std::ranges::copy(name.wire(), question.octets.begin());
  }
  return questions;
}

std::uint32_t LookUp(const Zone& zone, const Question& question) {
  const Node* node = zone.FindExact(question.hash, question.name());
  return zone.pool(zone.FindRrset(*node, wire::RrType::kA)->pool).members[1];
}

// Names at random, each with its site's pool. range(0) sites; range(1): whether each has its own
// pool; range(2): whether a batch is brought into the cache first.
void BM_LookUp(benchmark::State& state) {
  const auto sites = static_cast<std::size_t>(state.range(0));
  const ZoneText text(sites, state.range(1) != 0);
  AddressTable addresses;
  const auto zone = Load(text, addresses);
  const std::vector<Question> questions = AskForAny(sites);
  std::size_t next = 0;
  while (state.KeepRunningBatch(kBatch)) {
    const auto batch = std::span(questions).subspan(next, kBatch);
    next = next + kBatch == questions.size() ? 0 : next + kBatch;
    if (state.range(2) != 0) {
      for (const Question& question : batch) zone->Prefetch(question.hash);
      for (const Question& question : batch) zone->PrefetchNode(question.hash);
      for (const Question& question : batch) zone->PrefetchData(question.hash);
    }
    std::uint32_t sum = 0;
    for (const Question& question : batch) sum += LookUp(*zone, question);
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(BM_LookUp)
    ->ArgNames({"sites", "own_pools", "prefetch"})
    ->ArgsProduct({{1'000, 250'000, 1'000'000}, {0, 1}, {0, 1}});

}  // namespace
}  // namespace dnsd::zone

BENCHMARK_MAIN();
