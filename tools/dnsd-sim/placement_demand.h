// What is asked of each site, over time.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/base/random.h"
#include "tools/dnsd-sim/placement_spec.h"

namespace dnsd::sim {

// The scenario's crowds and outages, those at random included.
struct PlacementEvents {
  std::vector<Crowd> crowds;
  std::vector<Outage> outages;
};
PlacementEvents DrawEvents(const PlacementScenario& scenario);

class PlacementDemand {
 public:
  PlacementDemand(const PlacementScenario& scenario, std::vector<Crowd> crowds);

  // CPUs by site at a time. `told`: a crowd has its height as soon as it begins.
  void At(double time, bool told, std::vector<double>& out) const;

 private:
  std::vector<double> base_;
  std::vector<Crowd> crowds_;
  double daily_;
};

}  // namespace dnsd::sim
