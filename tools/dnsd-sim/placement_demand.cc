#include "tools/dnsd-sim/placement_demand.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "tools/dnsd-sim/zipf.h"

namespace dnsd::sim {
namespace {

constexpr double kDay = 86'400;

// How much of a crowd there is, 0 to 1.
double ShapeOf(const Crowd& crowd, double time, bool told) {
  const double since = time - crowd.at, left = crowd.at + crowd.lasts - time;
  if (since < 0 || left <= 0) return 0;
  return std::min({1.0, told ? 1.0 : since / crowd.rise, left / crowd.rise});
}

}  // namespace

PlacementEvents DrawEvents(const PlacementScenario& scenario) {
  PlacementEvents events{scenario.crowds, scenario.outages};
  const RandomEvents& spec = scenario.random;
  Random random(scenario.seed);
  const auto time = [&] { return scenario.warm_up + random.Unit() * scenario.duration; };
  for (std::size_t i = 0; i < spec.crowds; ++i) {
    Crowd crowd = spec.crowd;
    crowd.at = time();
    crowd.site = random.Below(spec.ranks);
    events.crowds.push_back(crowd);
  }
  for (std::size_t i = 0; i < spec.deaths + spec.drains; ++i) {
    events.outages.push_back(
        {.at = time(),
         .lasts = spec.outage,
         .node = random.Below(static_cast<std::uint32_t>(scenario.nodes.size())),
         .drained = i >= spec.deaths});
  }
  return events;
}

PlacementDemand::PlacementDemand(const PlacementScenario& scenario, std::vector<Crowd> crowds)
    : crowds_(std::move(crowds)), daily_(scenario.daily) {
  double cpus = 0;
  for (const policy::PlacementNode& node : scenario.nodes) cpus += node.cpus;
  const Zipf zipf(scenario.sites, scenario.zipf);
  for (std::uint32_t i = 0; i < scenario.sites; ++i) {
    base_.push_back(scenario.load * cpus * zipf.share(i));
  }
}

void PlacementDemand::At(double time, bool told, std::vector<double>& out) const {
  const double factor = 1 - daily_ * std::cos(2 * std::numbers::pi * time / kDay);
  out.resize(base_.size());
  for (std::size_t i = 0; i < base_.size(); ++i) out[i] = factor * base_[i];
  for (const Crowd& crowd : crowds_) {
    out[crowd.site] += factor * base_[crowd.site] * (crowd.factor - 1) * ShapeOf(crowd, time, told);
  }
}

}  // namespace dnsd::sim
