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
#include "dnsd/policy/fleet_averages.h"
#include "dnsd/policy/least_cost.h"
#include "dnsd/policy/report_facts.h"

namespace dnsd::policy {

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
  // Of the node's requests, those that failed: 0 to 1, over some 10 s; of the last few alone once
  // most of these have failed.
  double ErrorShare(fleet::NodeIndex node) const;
  const FleetAverages& averages() const { return averages_; }
  std::vector<std::shared_ptr<const DelayTable>> delay_tables() const;

 private:
  static constexpr std::size_t kCeilingReports = 3;

  struct NodeModel {
    bool reported = false;
    MonotonicTime sampled;
    FadingSums given;  // to the fleet's averages
    SessionTimes::Node times;
    Duration interval = std::chrono::seconds(1);
    const DelayTable* delay = nullptr;
    double cpus = 1;
    double sessions = 0;  // A, as of `sampled`
    // e: sums weighted by requests.
    double work = 0;           // requests times load
    double work_sessions = 0;  // requests times active sessions
    double work_requests = 0;  // requests
    double background = 0;     // r
    // Load that the last report took off, which goes evenly within an interval.
    double relief = 0;
    MonotonicTime relieved_at;
    std::array<double, kCeilingReports> loads{};  // z of the last reports
    std::size_t next_load = 0;
    // Guards.
    double errors = 0, requests = 0;  // decayed over 10 s
    double recent_errors = 0, recent_requests = 0;
    double memory = 0;
    // The same over some seconds, and its ups and downs, decayed over 30 s.
    double smooth_memory = 0, memory_moved = 0, memory_seconds = 0;
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
  // x, unless below 0, as workers are told it.
  double LoadAt(fleet::NodeIndex node, MonotonicTime now) const;
  static double ReliefLeft(const NodeModel& node, MonotonicTime now);
  static void Relieve(NodeModel& node, double relief, double load_per_session, MonotonicTime now);
  static double Suspicion(const NodeModel& node);
  static double GuardFactor(const NodeModel& node);
  static double MemoryFactor(const NodeModel& node);
  static void TakeErrors(NodeModel& node, const ReportFacts& facts, double requests, double dt);
  static void TakeMemory(NodeModel& node, const ReportFacts& facts, double dt);
  static void TakeWork(NodeModel& node, const ReportFacts& facts, double requests, double load,
                       double active, double dt);
  void TakeSessions(NodeModel& node, const ReportFacts& facts, double sps, double dt, double tau);
  void TakeBackground(NodeModel& node, double load, double active, double dt);

  FleetAverages averages_;
  std::vector<NodeModel> nodes_;                             // by NodeIndex
  std::map<int, std::shared_ptr<const DelayTable>> tables_;  // by size class
};

}  // namespace dnsd::policy
