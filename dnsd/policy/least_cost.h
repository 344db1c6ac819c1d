// The worker's half of the prices that follow own answers (`least_cost` and its like): what one
// more session would cost a node, from figures that the control loop publishes. Formulas and their
// evidence: docs/policies.md.
#pragma once

#include <array>
#include <cstdint>

#include "dnsd/policy/gauge.h"

namespace dnsd::policy {

// M(x, m): the marginal delay of one more session on an m-CPU processor-sharing node at
// utilisation x (Sakasegawa's approximation), tabulated over x in [0, kKnee] for one m.
//   M(x, m) = 1 + ((p+1) x^p (1-x) + x^(p+1)) / (m (1-x)^2),  p = sqrt(2(m+1)) - 1
// Immutable once built. At() interpolates linearly: no logarithm, no power.
class DelayTable {
 public:
  static constexpr double kKnee = 0.9;
  static constexpr std::size_t kSteps = 180;

  explicit DelayTable(double cpus);  // cpus > 0
  // `x` is held to [0, kKnee].
  float At(float x) const;
  double cpus() const { return cpus_; }

 private:
  double cpus_;
  std::array<float, kSteps + 2> values_;
};

// One node's figures as published; what a worker needs to price it.
struct CostFigures {
  float sessions = 0;                 // A: active sessions, all dnsd's answers so far counted
  float load_per_session = 0;         // e: share of the node's CPUs that one session takes
  float background = 0;               // r: load that sessions do not explain
  float sessions_per_answer = 1;      // kappa, times (all workers' answers / this worker's) at use
  float cpus = 1;                     // m
  float overload_price = 50;          // 1000 * mean CPUs busy per session: slope beyond the knee
  float factor = 1;                   // warm-up, error and memory guards: 1 and upwards
  float memory_price = 0;             // of a session's memory, where cost is exponential
  const DelayTable* delay = nullptr;  // for this m; owned by the published fleet
};

// The cost of one more session: least is best. With x = max(0, e A + r), y = (x + e) / 0.9:
//   factor * (e m M(min(y, 0.9), m) + overload_price * max(0, y - 0.9))
// `sessions` stands in for figures.sessions, so that a worker prices its own answers.
float CostOf(const CostFigures& figures, float sessions);

// x + e: the load with one more session; held to 0 and upwards.
float LoadWith(const CostFigures& figures, float sessions);

// The same figures under any gauge that follows answers:
//   kDelayCost        CostOf
//   kLoadCost         factor * (x + e)
//   kExponentialCost  factor * (base^(x + e) - base^x + memory_price)
//   kConnections      factor * (sessions + kIdleSessions), `sessions` being connections
// All grow with `sessions`. None is a NaN or infinite.
float PriceOf(const Gauge& gauge, const CostFigures& figures, float sessions);

// What an idle node's load or connections count as, so that guards and weights tell idle nodes
// apart as well.
inline constexpr float kIdleSessions = 0.01F;

// 2^x from a table, to within 1e-5 of it; x is held to [-126, 126].
float PowerOfTwo(float x);

}  // namespace dnsd::policy
