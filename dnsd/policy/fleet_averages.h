// What all nodes have in common, learnt from their reports: see cost_model.h.
#pragma once

#include <array>
#include <cstdint>

#include "dnsd/base/clock.h"
#include "dnsd/policy/session_times.h"

namespace dnsd::policy {

// Sums that fade over 30 s, begun at zero.
struct FadingSums {
  enum Kind : std::uint8_t {
    kSeconds,  // that reports covered
    kSessions,
    kConnectionSeconds,
    kEchoSessions,
    kEchoAnswers,
    kCpuSeconds,
    kSessionSeconds,
    kRequests,
    kLoadSeconds,    // load times the seconds
    kLoadedSeconds,  // of reports that tell a load
    kKinds,
  };

  void Advance(MonotonicTime now);

  MonotonicTime at;
  std::array<double, kKinds> sums{};
};

// What all nodes have in common. Each is a ratio of fading sums, begun with a few sessions' worth
// of a plausible value, so that the first reports neither divide by nothing nor count for
// everything.
//
// A figure that no other node comes near may be a lie or a fault. So one report weighs what makes
// it at most kMostTimes the mean of what the other nodes gave lately, or a plausible least.
class FleetAverages {
 public:
  static constexpr double kMostTimes = 4;

  // What one report says, a second; `seconds` is what it covers.
  struct Rates {
    double seconds = 0;
    double sessions = 0;
    double connections = 0;
    double cpus = 0;  // busy
    double requests = 0;
  };

  // Lets the sums fade to `now`; likewise those of one node.
  void Advance(MonotonicTime now, FadingSums& own);
  // How much a report of the node counts, 0 to 1, and notes that it came.
  double WeightOf(const Rates& rates, FadingSums& own);
  void AddSessions(double sessions, double connection_seconds, FadingSums& own);
  void AddEcho(double sessions, double answers);
  // `active`: its active sessions, bounded here like the rest.
  void AddWork(const Rates& rates, double active, double weight, FadingSums& own);

  void AddLoad(double load, double seconds, FadingSums& own);
  // Of a report that tells both sessions and requests; `times`: what is kept of its node.
  void AddRequests(const SessionTimes::Rates& rates, MonotonicTime now, SessionTimes::Node& times) {
    times_.Take(rates, now, times);
  }

  // tau: how long a session is active, in seconds, for a node that reports each `interval`.
  double SessionSeconds(Duration interval) const;
  // How far open connections are to be taken for active sessions, 0 to 1.
  double ConnectionsShare() const { return times_.ConnectionsShare(); }
  // kappa: sessions of the whole system per answer of this dnsd.
  double SessionsPerAnswer() const;
  // CPUs busy per active session.
  double CpusPerSession() const;
  // z, of the nodes that report one; 0 while none does.
  double MeanLoad() const;

 private:
  double Bounded(FadingSums::Kind kind, double rate, double least, const FadingSums& own) const;
  void Add(FadingSums::Kind kind, double amount, FadingSums& own);

  FadingSums all_;
  SessionTimes times_;
};

// `value` moved towards `prior`, in the logarithm, as far as kPriorRequests outweigh `requests`.
double Shrink(double value, double prior, double requests);

}  // namespace dnsd::policy
