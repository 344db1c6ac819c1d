#include "tools/dnsd-sim/placement_copies.h"

#include <algorithm>
#include <limits>
#include <map>

namespace dnsd::sim {

const SiteCopy* SiteCopies::On(std::uint32_t site, std::uint32_t node) const {
  const auto at = std::find_if(copies_.begin(), copies_.end(), [&](const SiteCopy& copy) {
    return copy.site == site && copy.node == node;
  });
  return at == copies_.end() ? nullptr : &*at;
}

bool SiteCopies::IsSource(const policy::PlacementState& state, const SiteCopy& copy,
                          std::uint32_t node) const {
  if (!state.nodes[node].serves && !state.nodes[node].evacuates) return false;
  if (On(copy.site, node) != nullptr) return true;
  for (const policy::PlacementReplica& replica : state.sites[copy.site].replicas) {
    if (replica.node == node) return replica.phase != policy::ReplicaPhase::kComing;
  }
  return false;
}

std::vector<SiteCopy> SiteCopies::Advance(const policy::PlacementState& state, double now,
                                          double step, std::vector<SiteCopy>& broken) {
  std::map<std::uint32_t, double> out, in;  // copies that share a node's bandwidth
  std::vector<SiteCopy> kept, whole;
  for (SiteCopy& copy : copies_) {
    std::erase_if(copy.sources, [&](std::uint32_t node) { return !IsSource(state, copy, node); });
    if (copy.sources.empty() || !state.nodes[copy.node].serves) {
      broken.push_back(copy);
      continue;
    }
    if (copy.starts < now + step) {
      ++out[copy.sources.front()];
      ++in[copy.node];
    }
    kept.push_back(copy);
  }
  copies_ = std::move(kept);
  flows_.clear();
  for (SiteCopy& copy : copies_) {
    const double time = std::min(step, now + step - copy.starts);
    if (time <= 0) continue;
    const std::uint32_t source = copy.sources.front();
    const double rate = std::min(state.nodes[source].bandwidth / out[source],
                                 state.nodes[copy.node].bandwidth / in[copy.node]);
    const SiteCopy* relay = On(copy.site, source);
    const double had = relay == nullptr ? copy.bytes : relay->done;
    const double done = std::min({copy.done + rate * time, had, copy.bytes});
    if (done > copy.done) {
      flows_.push_back({source, copy.node, (done - copy.done) / step});
      copy.done = done;
    }
    if (copy.done >= copy.bytes) whole.push_back(copy);
  }
  std::erase_if(copies_, [](const SiteCopy& copy) { return copy.done >= copy.bytes; });
  return whole;
}

void SiteCopies::AddCpus(double seconds_per_gb, std::vector<double>& cpus) const {
  for (const Flow& flow : flows_) {
    cpus[flow.from] += seconds_per_gb * flow.rate / 1e9;
    cpus[flow.to] += seconds_per_gb * flow.rate / 1e9;
  }
}

}  // namespace dnsd::sim
