#include "dnsd/placement/site_demands.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace dnsd::placement {
namespace {

constexpr double kLoadSeconds = 2;      // over which a node's load is smoothed
constexpr double kRequestSeconds = 30;  // and what a request takes
constexpr double kLeastRequests = 1;    // a second, for that to be learnt

double CpusOf(const fleet::Node& node) { return std::max(0.01, node.load.cpus.value_or(1)); }

// policy.md's reported load: the CPU while it is free, growing slowly beyond.
double LoadNow(const fleet::Node& node) {
  const double cpu = node.load.cpu_utilization.value_or(0);
  const double runnable = node.load.run_queue.value_or(0) / CpusOf(node);
  return cpu + 0.5 * std::log1p(std::max(cpu, runnable) - cpu);
}

bool Serves(const fleet::Node& node) {
  return node.reported && fleet::TierOf(node.state) != fleet::Tier::kExcluded;
}

}  // namespace

void SiteDemands::Sample(const std::vector<fleet::Node>& nodes,
                         const std::vector<Answered>& answered, MonotonicTime now) {
  if (!IsDue(now)) return;
  const double passed = started_ ? Seconds(now - sampled_) : 0;
  sampled_ = now;
  started_ = true;
  const double keep = std::exp(-passed / kLoadSeconds);
  const std::size_t known = loads_.size();
  loads_.resize(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const double load = LoadNow(nodes[i]);
    loads_[i] = i < known ? loads_[i] * keep + load * (1 - keep) : load;
  }
  LearnRequests(nodes, std::exp(-passed / kRequestSeconds));
  std::unordered_map<std::string, double> sums;
  for (const fleet::Node& node : nodes) {
    if (!Serves(node)) continue;
    for (const auto& [site, rates] : node.demand.sites()) {
      sums[site] += rates.rps * cpus_per_request_;
    }
  }
  for (const Answered& site : answered) sums.try_emplace(site.site, site.cpus);
  for (const auto& [site, sum] : sums) trends_[site].Add(sum, now);
  for (auto at = trends_.begin(); at != trends_.end();) {
    if (!sums.contains(at->first)) at->second.Add(0, now);
    at = at->second.idle() ? trends_.erase(at) : std::next(at);
  }
}

void SiteDemands::LearnRequests(const std::vector<fleet::Node>& nodes, double keep) {
  double cpus = 0, requests = 0;
  for (const fleet::Node& node : nodes) {
    const double rps = node.demand.rps();
    if (!Serves(node) || rps <= 0 || !node.load.cpu_utilization) continue;
    cpus += *node.load.cpu_utilization * CpusOf(node);
    requests += rps;
  }
  cpus_ = cpus_ * keep + cpus * (1 - keep);
  requests_ = requests_ * keep + requests * (1 - keep);
  if (requests_ >= kLeastRequests) cpus_per_request_ = cpus_ / requests_;
}

const policy::SiteTrend* SiteDemands::Find(const std::string& site) const {
  const auto at = trends_.find(site);
  return at == trends_.end() ? nullptr : &at->second;
}

double SiteDemands::At(const fleet::Node& node, const std::string& site) const {
  const auto at = node.demand.sites().find(site);
  return at == node.demand.sites().end() ? 0 : at->second.rps * cpus_per_request_;
}

}  // namespace dnsd::placement
