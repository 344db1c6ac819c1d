#include "dnsd/policy/fleet_averages.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dnsd::policy {
namespace {

constexpr double kAverageSeconds = 30;
// What is supposed before anything is known, and how many sessions, answers or requests it takes
// to outweigh it.
constexpr double kPriorSessionSeconds = 1;
constexpr double kPriorSessions = 5;
constexpr double kPriorAnswers = 10;
constexpr double kPriorCpusPerSession = 0.05;
constexpr double kPriorRequests = 50;

// What any node may report without the others' figures bearing it out.
constexpr double kPlainSessions = 10;  // new ones a second
constexpr double kPlainActive = 40;    // connections, active sessions
constexpr double kPlainCpus = 4;       // busy
constexpr double kPlainRequests = 100;
constexpr double kAlone = 10;  // times as much while no other node reports

constexpr double kLeastEcho = 0.1;
constexpr double kMostEcho = 100;
constexpr double kLeastCpusPerSession = 1e-4;
constexpr double kMostCpusPerSession = 4;

}  // namespace

void FadingSums::Advance(MonotonicTime now) {
  if (now <= at) return;
  const double keep = std::exp(-Seconds(now - at) / kAverageSeconds);
  at = now;
  for (double& sum : sums) sum *= keep;
}

void FleetAverages::Advance(MonotonicTime now, FadingSums& own) {
  all_.Advance(now);
  own.Advance(all_.at);
}

// 1, or less if `rate` is above what one node may give.
double FleetAverages::Bounded(FadingSums::Kind kind, double rate, double least,
                              const FadingSums& own) const {
  // Less than this may be rounding.
  constexpr double kLeastSeconds = 1e-3;
  const double seconds = all_.sums[FadingSums::kSeconds] - own.sums[FadingSums::kSeconds];
  const double others = std::max(0.0, all_.sums[kind] - own.sums[kind]);
  const double most =
      seconds > kLeastSeconds ? std::max(least, kMostTimes * others / seconds) : kAlone * least;
  return rate > most ? most / rate : 1;
}

double FleetAverages::WeightOf(const Rates& rates, FadingSums& own) {
  const double weight =
      std::min({Bounded(FadingSums::kSessions, rates.sessions, kPlainSessions, own),
                Bounded(FadingSums::kConnectionSeconds, rates.connections, kPlainActive, own),
                Bounded(FadingSums::kCpuSeconds, rates.cpus, kPlainCpus, own),
                Bounded(FadingSums::kRequests, rates.requests, kPlainRequests, own)});
  Add(FadingSums::kSeconds, rates.seconds, own);
  return weight;
}

void FleetAverages::Add(FadingSums::Kind kind, double amount, FadingSums& own) {
  all_.sums[kind] += amount;
  own.sums[kind] += amount;
}

void FleetAverages::AddSessions(double sessions, double connection_seconds, FadingSums& own) {
  Add(FadingSums::kSessions, sessions, own);
  Add(FadingSums::kConnectionSeconds, connection_seconds, own);
}

void FleetAverages::AddEcho(double sessions, double answers) {
  all_.sums[FadingSums::kEchoSessions] += sessions;
  all_.sums[FadingSums::kEchoAnswers] += answers;
}

void FleetAverages::AddWork(const Rates& rates, double active, double weight, FadingSums& own) {
  const double bounded = Bounded(FadingSums::kSessionSeconds, active, kPlainActive, own);
  const double seconds = rates.seconds * std::min(weight, bounded);
  Add(FadingSums::kCpuSeconds, rates.cpus * seconds, own);
  Add(FadingSums::kSessionSeconds, active * seconds, own);
  Add(FadingSums::kRequests, rates.requests * seconds, own);
}

void FleetAverages::AddLoad(double load, double seconds, FadingSums& own) {
  Add(FadingSums::kLoadSeconds, load * seconds, own);
  Add(FadingSums::kLoadedSeconds, seconds, own);
}

double FleetAverages::SessionSeconds(Duration interval) const {
  const double tau =
      (all_.sums[FadingSums::kConnectionSeconds] + kPriorSessionSeconds * kPriorSessions) /
      (all_.sums[FadingSums::kSessions] + kPriorSessions);
  return std::max(Seconds(interval) / 2, times_.SecondsOf(tau));
}

double FleetAverages::SessionsPerAnswer() const {
  return std::clamp((all_.sums[FadingSums::kEchoSessions] + kPriorAnswers) /
                        (all_.sums[FadingSums::kEchoAnswers] + kPriorAnswers),
                    kLeastEcho, kMostEcho);
}

// Few sessions say little: what else runs on the nodes would be taken for theirs, and one answer
// seem to fill a node. So the prior fades as requests are seen, as for a single node's e.
double FleetAverages::CpusPerSession() const {
  const double seen =
      all_.sums[FadingSums::kCpuSeconds] /
      std::max(all_.sums[FadingSums::kSessionSeconds], std::numeric_limits<double>::min());
  return Shrink(std::clamp(seen, kLeastCpusPerSession, kMostCpusPerSession), kPriorCpusPerSession,
                all_.sums[FadingSums::kRequests]);
}

double FleetAverages::MeanLoad() const {
  return all_.sums[FadingSums::kLoadSeconds] /
         std::max(all_.sums[FadingSums::kLoadedSeconds], std::numeric_limits<double>::min());
}

double Shrink(double value, double prior, double requests) {
  const double h = requests / (requests + kPriorRequests);
  return std::exp(h * std::log(value) + (1 - h) * std::log(prior));
}

}  // namespace dnsd::policy
