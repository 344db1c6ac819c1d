#include "dnsd/policy/least_cost.h"

#include <algorithm>
#include <cmath>

namespace dnsd::policy {

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

}  // namespace dnsd::policy
