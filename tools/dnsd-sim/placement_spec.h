// What a simulation of placement is of: nodes with CPUs and disks, sites with a demand and a size,
// crowds, deaths and drains, and the methods that are compared.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "dnsd/policy/placement.h"
#include "tools/dnsd-sim/draws.h"

namespace dnsd::sim {

// All times are seconds since the start, all demands CPUs.

// A site's demand grows to a multiple, stays there, and goes as it came.
struct Crowd {
  double at = 0;
  double rise = 10;
  double lasts = 600;      // rise and fall included
  std::uint32_t site = 0;  // by rank: 0 is asked for most
  double factor = 50;
};

struct Outage {
  double at = 0;
  double lasts = std::numeric_limits<double>::infinity();
  std::uint32_t node = 0;
  bool drained = false;  // else dead
};

// Events at random times, on random nodes and on sites of the first `ranks`.
struct RandomEvents {
  std::size_t crowds = 0, deaths = 0, drains = 0;
  Crowd crowd{};            // what they are like
  std::uint32_t ranks = 1;  // that crowds befall
  double outage = 3600;     // how long deaths and drains last
};

struct PlacementMethod {
  enum class Kind : std::uint8_t {
    kRule,        // policy::Decide with these rules
    kStatic,      // nothing is ever done
    kEverywhere,  // every site on every node: what no placement can exceed
  };
  std::string name;
  Kind kind = Kind::kRule;
  policy::PlacementRules rules{};
  bool told = false;  // knows a crowd's height when it begins
  bool bars = true;   // a site that a node has evicted is not brought back within the hold
};

struct PlacementScenario {
  std::string path, name;
  double warm_up = 0, duration = 600, step = 0.25;
  std::uint64_t seed = 1;
  std::vector<policy::PlacementNode> nodes;
  std::uint32_t sites = 200;
  double zipf = 1;     // exponent
  double load = 0.55;  // mean, of all CPUs
  double daily = 0;    // by how much of it the demand goes up and down in 24 h
  Distribution bytes{.shape = Shape::kConstant, .mean = 1e9};
  std::uint32_t least = 2;
  double dead_after = 3;   // until a dead node is in no answer
  double lost_after = 60;  // until its replicas no longer count
  double withdraw = 10;    // from the answers until it is gone
  double copy_cpu = 0;     // CPU seconds that a GB takes, of each end
  // Room for more replicas than there are at first, in shares of all sites' octets; a run for each.
  // Empty: no quotas.
  std::vector<double> rooms;
  std::vector<Crowd> crowds;
  std::vector<Outage> outages;
  RandomEvents random;
  std::vector<PlacementMethod> methods;
};

}  // namespace dnsd::sim
