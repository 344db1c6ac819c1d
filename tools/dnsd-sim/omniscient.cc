#include "tools/dnsd-sim/omniscient.h"

#include <algorithm>
#include <cmath>

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

// Marginal delay of one more session by policy::DelayTable's formula, at the mean load that so many
// sessions are; `active`: the share of its time that one has a job at speed 1.
double MeanCost(const WebServer& node, double active) {
  constexpr double kKnee = 0.97;
  const PsNode& machine = node.machine();
  const double m = machine.free_cpus();
  const double job = active / ((1 - active) * machine.speed());  // job time over think time
  const double each = job / (1 + job) / m;
  const double load = each * (static_cast<double>(node.sessions()) + 1);
  const double x = std::min(load, kKnee);
  const double p = std::sqrt(2 * (m + 1)) - 1;
  const double waiting = (p + 1) * std::pow(x, p) * (1 - x) + std::pow(x, p + 1);
  const double delay = 1 + waiting / (m * (1 - x) * (1 - x));
  return (delay + 1000 * std::max(0.0, load - kKnee)) / machine.speed();
}

template <typename CostOf>
NodeId Least(std::span<const WebServer> nodes, Random& random, CostOf cost_of) {
  NodeId best = 0;
  double least = 0;
  std::uint32_t equals = 0;
  for (NodeId i = 0; i < nodes.size(); ++i) {
    const double cost = cost_of(nodes[i]);
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
    return Cost(node, jobs + active_ * (static_cast<double>(node.sessions()) - jobs));
  });
}

NodeId Omniscient::ForSessionByCount(std::span<const WebServer> nodes, Random& random) const {
  return Least(nodes, random, [this](const WebServer& node) {
    const double cost = MeanCost(node, active_);
    if (!node.alive()) return 2 * kLast + cost;
    return node.error_share() > 0 ? kLast * node.error_share() + cost : cost;
  });
}

NodeId Omniscient::ForRequest(std::span<const WebServer> nodes, Random& random) const {
  return Least(nodes, random, [](const WebServer& node) {
    return Cost(node, static_cast<double>(node.machine().jobs()));
  });
}

}  // namespace dnsd::sim
