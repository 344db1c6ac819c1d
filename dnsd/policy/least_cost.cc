#include "dnsd/policy/least_cost.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace dnsd::policy {
namespace {

// 2^x over [0, 1].
constexpr std::size_t kPowerSteps = 256;
const std::array<float, kPowerSteps + 2> kPowers = [] {
  std::array<float, kPowerSteps + 2> powers{};
  for (std::size_t i = 0; i < powers.size(); ++i) {
    powers[i] = static_cast<float>(std::exp2(static_cast<double>(i) / kPowerSteps));
  }
  return powers;
}();

constexpr float kMostExponent = 80;  // far above any load that is looked at

}  // namespace

DelayTable::DelayTable(double cpus) : cpus_(cpus) {
  const double p = std::sqrt(2 * (cpus + 1)) - 1;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const double x = static_cast<double>(i) * kKnee / kSteps;
    const double waiting = (p + 1) * std::pow(x, p) * (1 - x) + std::pow(x, p + 1);
    values_[i] = static_cast<float>(1 + waiting / (cpus * (1 - x) * (1 - x)));
  }
}

float DelayTable::At(float x) const {
  constexpr float kKneeFloat = static_cast<float>(kKnee);
  // In this order a NaN becomes 0.
  const float held = std::min(kKneeFloat, std::max(0.0F, x));
  const float place = held * (static_cast<float>(kSteps) / kKneeFloat);
  const auto step = std::min(static_cast<std::size_t>(place), kSteps);
  const float below = values_[step];
  return below + (place - static_cast<float>(step)) * (values_[step + 1] - below);
}

float CostOf(const CostFigures& figures, float sessions) {
  constexpr float kKnee = static_cast<float>(DelayTable::kKnee);
  const float load = std::max(0.0F, figures.load_per_session * sessions + figures.background);
  constexpr float kPerKnee = 1 / kKnee;  // a product: the division took as long as all the rest
  const float y = (load + figures.load_per_session) * kPerKnee;
  const float delay = figures.delay == nullptr ? 1.0F : figures.delay->At(y);
  return figures.factor * (figures.load_per_session * figures.cpus * delay +
                           figures.overload_price * std::max(0.0F, y - kKnee));
}

float LoadWith(const CostFigures& figures, float sessions) {
  return std::max(0.0F, figures.load_per_session * sessions + figures.background) +
         figures.load_per_session;
}

float PriceOf(const Gauge& gauge, const CostFigures& figures, float sessions) {
  switch (gauge.kind) {
    case GaugeKind::kLoadCost:
      return figures.factor * LoadWith(figures, sessions);
    case GaugeKind::kExponentialCost: {
      const float most = kMostExponent / gauge.log_base;
      const float e = std::min(figures.load_per_session, most);
      const float x = std::min(LoadWith(figures, sessions) - figures.load_per_session, most - e);
      const float growth = PowerOfTwo(gauge.log_base * e) - 1;
      return figures.factor * (PowerOfTwo(gauge.log_base * x) * growth + figures.memory_price);
    }
    case GaugeKind::kConnections:
      return figures.factor * (sessions + kIdleSessions);
    default:
      return CostOf(figures, sessions);
  }
}

float PowerOfTwo(float x) {
  // In this order a NaN becomes the least.
  const float held = std::min(126.0F, std::max(-126.0F, x));
  const float whole = std::floor(held);
  const float place = (held - whole) * kPowerSteps;
  const auto step = static_cast<std::size_t>(place);
  const float fraction =
      kPowers[step] + (place - static_cast<float>(step)) * (kPowers[step + 1] - kPowers[step]);
  const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(whole) + 127);
  return fraction * std::bit_cast<float>(exponent << 23);
}

}  // namespace dnsd::policy
