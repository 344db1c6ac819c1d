// A node: its machine, what runs on it besides, and what its reporter says of it.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/fleet/heartbeat.h"
#include "tools/dnsd-sim/background.h"
#include "tools/dnsd-sim/ps_node.h"
#include "tools/dnsd-sim/scenario.h"

namespace dnsd::sim {

class WebServer {
 public:
  explicit WebServer(const NodeSpec& spec, const SessionSpec& sessions);

  PsNode& machine() { return machine_; }
  const PsNode& machine() const { return machine_; }
  Background& background() { return background_; }

  // What befalls it. A dead one has no job, and its connections are gone.
  bool alive() const { return alive_; }
  double error_share() const { return error_share_; }
  // Counts its deaths: a session of another life is lost.
  std::uint32_t life() const { return life_; }
  // The jobs it had.
  std::vector<JobId> Die(double now);
  void Revive() { alive_ = true; }
  void SetSlowness(double factor, double now) { machine_.SetSpeed(spec_.speed / factor, now); }
  void SetErrorShare(double share) { error_share_ = share; }
  // Of its background; a share set by an event overrides what its own course says.
  void ApplyBackground(double now);
  void OverrideBackground(std::optional<double> share, double now);

  // Sessions, as its kernel and its web server count them.
  void Open() { ++opened_, ++connections_, ++sessions_; }
  void EndSession() { --sessions_; }
  void Close() { --connections_; }
  void CountRequest(double response, bool failed);
  std::size_t sessions() const { return sessions_; }  // under way: a job, or a client that thinks

  // The reporter's: reads the run queue (several times an interval), and sums up since the last
  // Report.
  void Tick();
  double CpuSinceReport(double now);
  double reported_cpu() const { return reported_cpu_; }
  fleet::Load Report(double now);

 private:
  const NodeSpec spec_;
  const double memory_per_connection_;
  PsNode machine_;
  Background background_;
  std::optional<double> override_;
  bool alive_ = true;
  double error_share_ = 0;
  std::uint32_t life_ = 0;
  std::size_t connections_ = 0, sessions_ = 0;

  // Since the last report.
  double reported_at_ = 0;
  double reported_busy_ = 0;
  double reported_cpu_ = 0;
  double queue_sum_ = 0;
  unsigned ticks_ = 0;
  std::uint64_t opened_ = 0, requests_ = 0, failed_ = 0;
  double response_sum_ = 0;
};

}  // namespace dnsd::sim
