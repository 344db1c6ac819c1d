#include "tools/dnsd-sim/omniscient.h"

#include <algorithm>

namespace dnsd::sim {
namespace {

constexpr double kLast = 1e12;

// Time that a unit of work takes on a node with n jobs.
double Delay(const PsNode& machine, double n) {
  const double rate = std::min(1.0, machine.free_cpus() / std::max(1.0, n));
  return 1 / (machine.speed() * rate);
}

double Cost(const WebServer& node, double n) {
  const PsNode& machine = node.machine();
  const double cost = Delay(machine, n + 1);
  if (!node.alive()) return 2 * kLast + cost;
  return node.error_share() > 0 ? kLast * node.error_share() + cost : cost;
}

template <typename JobsOf>
NodeId Least(std::span<const WebServer> nodes, Random& random, JobsOf jobs_of) {
  NodeId best = 0;
  double least = 0;
  std::uint32_t equals = 0;
  for (NodeId i = 0; i < nodes.size(); ++i) {
    const double cost = Cost(nodes[i], jobs_of(nodes[i]));
    if (equals > 0 && cost > least) continue;
    equals = equals > 0 && cost == least ? equals + 1 : 1;
    if (equals == 1 || random.Below(equals) == 0) best = i;
    least = cost;
  }
  return best;
}

}  // namespace

NodeId Omniscient::ForSession(std::span<const WebServer> nodes, Random& random) const {
  return Least(nodes, random, [this](const WebServer& node) {
    const auto jobs = static_cast<double>(node.machine().jobs());
    return jobs + active_ * (static_cast<double>(node.sessions()) - jobs);
  });
}

NodeId Omniscient::ForRequest(std::span<const WebServer> nodes, Random& random) const {
  return Least(nodes, random,
               [](const WebServer& node) { return static_cast<double>(node.machine().jobs()); });
}

}  // namespace dnsd::sim
