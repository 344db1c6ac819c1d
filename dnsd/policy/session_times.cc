#include "dnsd/policy/session_times.h"

#include <algorithm>
#include <cmath>

namespace dnsd::policy {
namespace {

constexpr double kKeptSeconds = 60;
// What each is behind before any report: sessions of some seconds are the rule, and that nobody
// keeps connections open is not.
constexpr std::array<double, SessionTimes::kTried> kPrior{2, 1, 0, 2, 4, 6};
// Nodes' requests come in sessions, so that their counts vary more than independent ones: misfits
// differ by so much before one is believed e times less.
constexpr double kTemper = 4;
// One report sets nothing farther behind the best: it may be false.
constexpr double kMostMisfit = 9;
constexpr double kWorstMisfit = 1e100;  // finite, so that differences are
constexpr double kLongest = 30;         // that connections may be a session's time
constexpr double kLeastSeconds = 1e-3;
constexpr double kLeastExplained = 1e-6;  // session-seconds; fewer explain nothing

}  // namespace

void SessionTimes::Take(const Rates& rates, MonotonicTime now, Node& node) {
  const double dt = rates.seconds;
  const double keep = std::exp(-dt / kKeptSeconds);
  const double follow = rates.requests - rates.sessions;
  std::array<double, kTried> mean{};  // over the interval, of what explains requests
  for (std::size_t k = 0; k < kSeconds.size(); ++k) {
    const double fade = -std::expm1(-dt / kSeconds[k]);
    const double steady = rates.sessions * kSeconds[k];
    double& sessions = node.sessions[k];
    if (!node.known) sessions = steady;
    mean[k] = steady + (sessions - steady) * fade * kSeconds[k] / dt;
    sessions += (steady - sessions) * fade;
  }
  const double open = rates.connections.value_or(0);
  mean[kConnections] = node.known ? (open + node.connections) / 2 : open;
  node.connections = open;

  if (node.known && node.following > 0) {
    const double variance = std::max(1.0, node.following / kKeptSeconds * dt);
    std::array<double, kTried> misfit{};
    for (std::size_t k = 0; k < kTried; ++k) {
      const double each =
          node.explained[k] > kLeastExplained ? node.following / node.explained[k] : 0;
      const double off = (follow - each * mean[k]) * dt;
      misfit[k] = std::min(off * off / variance, kWorstMisfit);
    }
    const double most = *std::ranges::min_element(misfit) + kMostMisfit;
    const double fleet_keep = std::exp(-std::max(0.0, Seconds(now - at_)) / kKeptSeconds);
    at_ = std::max(at_, now);
    following_ = following_ * fleet_keep + follow * dt;
    requests_ = requests_ * fleet_keep + rates.requests * dt;
    for (std::size_t k = 0; k < kTried; ++k) {
      misfit_[k] = misfit_[k] * fleet_keep + std::min(misfit[k], most);
    }
    Judge();
  }
  node.following = std::max(0.0, node.following * keep + follow * dt);
  for (std::size_t k = 0; k < kTried; ++k) {
    node.explained[k] = node.explained[k] * keep + mean[k] * dt;
  }
  node.known = true;
}

void SessionTimes::Judge() {
  const double least = *std::ranges::min_element(misfit_);
  double sum = 0;
  for (std::size_t k = 0; k < kTried; ++k) {
    shares_[k] = std::exp(-(misfit_[k] - least + kPrior[k]) / kTemper);
    sum += shares_[k];
  }
  for (double& share : shares_) share /= sum;
}

double SessionTimes::FollowingShare() const {
  if (requests_ <= 0) return 0;
  return std::clamp(following_ / requests_, 0.0, 1.0);
}

double SessionTimes::SecondsOf(double connected) const {
  double log = 0;
  for (std::size_t k = 0; k < kTried; ++k) {
    const double most = k == kConnections ? kLongest : kSeconds[k];
    log += shares_[k] * std::log(std::max(kLeastSeconds, std::min(connected, most)));
  }
  const double following = FollowingShare();
  return following * std::exp(log) + (1 - following) * std::min(connected, kLongestConnected);
}

}  // namespace dnsd::policy
