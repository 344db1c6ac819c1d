#include "reporter/site_demand.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace dnsd::reporter {
namespace {

constexpr double kMemorySeconds = 2;
constexpr double kNothing = 0.01;  // requests a second
constexpr double kMakesRoom = 1;   // likewise
constexpr double kMove = 0.1;      // of the rate told, and requests a second

void Add(Demand& out, unsigned status, std::uint64_t octets) {
  out.requests += 1;
  out.errors += status >= 500 ? 1 : 0;
  out.octets += static_cast<double>(octets);
}

// `rate` after `seconds` in which `count` came.
void Fold(Demand& rate, const Demand& count, double keep, double seconds) {
  const auto fold = [=](double& mean, double sum) {
    mean = keep * mean + (1 - keep) * sum / seconds;
  };
  fold(rate.requests, count.requests);
  fold(rate.errors, count.errors);
  fold(rate.octets, count.octets);
}

}  // namespace

void DemandMeter::Count(std::string_view site, unsigned status, std::uint64_t octets) {
  Add(total_count_, status, octets);
  if (site.empty()) return;
  auto at = counts_.find(site);
  if (at == counts_.end()) {
    if (counts_.size() == kMostSites) return;
    at = counts_.emplace(site, Demand{}).first;
  }
  Add(at->second, status, octets);
}

void DemandMeter::Advance(MonotonicTime now) {
  if (started_ && now <= time_) return;
  const double seconds = Seconds(now - time_);
  const bool first = !std::exchange(started_, true);
  time_ = now;
  const Demands counts = std::exchange(counts_, {});
  const Demand total = std::exchange(total_count_, {});
  if (first) return;  // no time that they came in
  known_ = true;
  const double keep = std::exp(-seconds / kMemorySeconds);
  Fold(total_, total, keep, seconds);
  for (auto& [name, rate] : rates_) {
    const auto at = counts.find(name);
    Fold(rate, at == counts.end() ? Demand{} : at->second, keep, seconds);
  }
  for (const auto& [name, count] : counts) {
    if (rates_.size() == kMostSites) break;
    const auto [at, is_new] = rates_.try_emplace(name);
    if (is_new) Fold(at->second, count, keep, seconds);
  }
  const double least = rates_.size() == kMostSites ? kMakesRoom : kNothing;
  std::erase_if(rates_, [=](const auto& site) { return site.second.requests < least; });
}

void DemandNews::Tell(const Demands& now, heartbeat::v1::Heartbeat& out) {
  if (full_) told_.clear();
  struct Move {
    double size;
    const std::string* name;
    Demand demand;
  };
  std::vector<Move> moves;
  const auto add = [&moves](const std::string& name, double told, const Demand& demand) {
    const double size = std::abs(demand.requests - told);
    const bool gone = demand.requests == 0 && told > 0;
    if (gone || size > kMove * (1 + told)) moves.push_back({size, &name, demand});
  };
  for (const auto& [name, demand] : now) {
    const auto at = told_.find(name);
    add(name, at == told_.end() ? 0 : at->second, demand);
  }
  for (const auto& [name, told] : told_) {
    if (!now.contains(name)) add(name, told, Demand{});
  }
  if (moves.empty() && !full_) return;
  const std::size_t most = std::min<std::size_t>(moves.size(), kMostTold);
  std::partial_sort(moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(most), moves.end(),
                    [](const Move& a, const Move& b) { return a.size > b.size; });
  moves.resize(most);
  auto& news = *out.mutable_demand();
  news.set_full(std::exchange(full_, false));
  for (const Move& move : moves) {
    auto& site = *news.add_sites();
    site.set_name(*move.name);
    site.set_rps(move.demand.requests);
    site.set_eps(move.demand.errors);
    site.set_bytes_per_second(move.demand.octets);
  }
  for (const auto& site : news.sites()) {
    if (site.rps() > 0) {
      told_[site.name()] = site.rps();
    } else {
      told_.erase(site.name());
    }
  }
}

}  // namespace dnsd::reporter
