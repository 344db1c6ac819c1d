// `least_cost`, the control loop's half: learns from reports what a session costs each node, and
// predicts each node's load between reports. Formulas and their evidence: docs/policies.md.
//
//   report ──> facts ──┬──> fleet's averages: tau, kappa, mean load of a session
//                      └──> node: A active sessions, e load of one, r the rest
//   own answers ───────────> node: those since its report
//                                └──> Predict(now) ──> CostFigures ──> workers
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/heartbeat.h"
#include "dnsd/fleet/node_state.h"
#include "dnsd/policy/least_cost.h"
#include "dnsd/policy/report_facts.h"

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

  // tau: how long a session is active, in seconds, for a node that reports each `interval`.
  double SessionSeconds(Duration interval) const;
  // kappa: sessions of the whole system per answer of this dnsd.
  double SessionsPerAnswer() const;
  // CPUs busy per active session.
  double CpusPerSession() const;

 private:
  double Bounded(FadingSums::Kind kind, double rate, double least, const FadingSums& own) const;
  void Add(FadingSums::Kind kind, double amount, FadingSums& own);

  FadingSums all_;
};

// Used by one thread. Never yields a NaN or an infinity, whatever is reported.
class CostModel {
 public:
  // Takes a report in. `sampled`: when its figures were true, on dnsd's clock; `age`: how long
  // before its arrival that was.
  void OnReport(fleet::NodeIndex node, const fleet::Load& load, MonotonicTime sampled, Duration age,
                Duration interval);
  // This dnsd gave `count` more addresses of the node out.
  void AddAnswers(fleet::NodeIndex node, double count, MonotonicTime now);

  // `warm_up` multiplies the cost. The figures' table lives as long as delay_tables().
  CostFigures Predict(fleet::NodeIndex node, MonotonicTime now, double warm_up) const;
  // The connections that its last report gave and those that answers since have brought; where
  // connections are not reported, active sessions.
  float ConnectionsAt(fleet::NodeIndex node, const fleet::Load& reported, MonotonicTime now) const;
  // Of the node's requests, those that failed: 0 to 1, over some 10 s.
  double ErrorShare(fleet::NodeIndex node) const;
  const FleetAverages& averages() const { return averages_; }
  std::vector<std::shared_ptr<const DelayTable>> delay_tables() const;

 private:
  static constexpr std::size_t kCeilingReports = 3;

  struct NodeModel {
    bool reported = false;
    MonotonicTime sampled;
    FadingSums given;  // to the fleet's averages
    Duration interval = std::chrono::seconds(1);
    const DelayTable* delay = nullptr;
    double cpus = 1;
    double sessions = 0;  // A, as of `sampled`
    // e: sums weighted by requests.
    double work = 0;                              // requests times load
    double work_sessions = 0;                     // requests times active sessions
    double work_requests = 0;                     // requests
    double background = 0;                        // r
    std::array<double, kCeilingReports> loads{};  // z of the last reports
    std::size_t next_load = 0;
    // Guards.
    double errors = 0, requests = 0;  // decayed over 10 s
    double memory = 0;
    unsigned swapping_reports = 0;  // in a row
    // Own answers since the report.
    double answers = 0;        // all
    double answers_alive = 0;  // decayed like sessions, as of answers_at
    MonotonicTime answers_at;
  };

  NodeModel& At(fleet::NodeIndex node);
  const DelayTable* TableFor(double cpus);
  double LoadPerSession(const NodeModel& node) const;
  static double ErrorShareOf(const NodeModel& node);
  static double GuardFactor(const NodeModel& node);
  static void TakeErrors(NodeModel& node, const ReportFacts& facts, double requests, double dt);
  void TakeSessions(NodeModel& node, const ReportFacts& facts, double sps, double dt, double tau);
  void TakeBackground(NodeModel& node, double load, double active, double dt);

  FleetAverages averages_;
  std::vector<NodeModel> nodes_;                             // by NodeIndex
  std::map<int, std::shared_ptr<const DelayTable>> tables_;  // by size class
};

}  // namespace dnsd::policy
