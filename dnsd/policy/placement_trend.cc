#include <cassert>
#include <cmath>

#include "dnsd/policy/placement.h"

namespace dnsd::policy {
namespace {

constexpr double kDemandHalf = 1;     // s, after which half of a sample has faded
constexpr double kTrendTime = 3;      // s, of the slope
constexpr double kLastingTime = 600;  // s

// Share of the way to a new value, after `seconds`.
double Gain(double seconds, double time) { return -std::expm1(-seconds / time); }

}  // namespace

void SiteTrend::Add(double demand, MonotonicTime now) {
  assert(std::isfinite(demand) && demand >= 0);
  if (!started_) {
    demand_ = lasting_ = demand;
    time_ = now;
    started_ = true;
    return;
  }
  const double seconds = Seconds(now - time_);
  if (seconds <= 0) return;
  time_ = now;
  const double before = demand_;
  demand_ += (1 - std::exp2(-seconds / kDemandHalf)) * (demand - demand_);
  trend_ += Gain(seconds, kTrendTime) * ((demand_ - before) / seconds - trend_);
  lasting_ += Gain(seconds, kLastingTime) * (demand - lasting_);
  // What is as good as nothing is nothing, so that a site gets idle at last.
  if (demand == 0 && demand_ < 1e-9) demand_ = trend_ = 0;
}

}  // namespace dnsd::policy
