// The reporter put together: samples, checks and watches, and keeps every dnsd informed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "dnsd/base/random.h"
#include "reporter/access_logs.h"
#include "reporter/config.h"
#include "reporter/event_loop.h"
#include "reporter/fallback_responder.h"
#include "reporter/health_monitor.h"
#include "reporter/heartbeat_client.h"
#include "reporter/hosting_watch.h"
#include "reporter/replicas.h"
#include "reporter/rtt_meter.h"
#include "reporter/sampler.h"
#include "reporter/server_memory.h"
#include "reporter/statistics.h"

namespace dnsd::reporter {

// Whether the load has moved far enough for a report out of turn.
bool HasMoved(const heartbeat::v1::Load& reported, const heartbeat::v1::Load& now);

// How long a report out of turn has to wait at `now`, the last report having gone at `beat`: there
// are at most five a second.
Duration WaitForTurn(MonotonicTime beat, MonotonicTime now);

// Belongs to the loop's thread.
class Agent : private Replicas::Node {
 public:
  Agent(event_base* base, Mailbox& mailbox, Config config, std::uint64_t seed);

  // Called once, when the first streams are opened.
  void OnReady(std::function<void()> ready) { ready_ = std::move(ready); }
  // Goes on with another configuration. A stream stays open when nothing of its own has changed.
  void Reload(Config config);
  // Tells every dnsd that the node leaves; `left` is called when all have been told, or after a
  // second.
  void Stop(std::function<void()> left);

 private:
  using Load = heartbeat::v1::Load;

  void Build();
  void BuildSampler();
  void BuildSource();
  void BuildStatistics();
  void BuildRtts();
  void BuildLogs();
  void BuildHosting();
  void WatchSite(const std::string& site);
  void SetClock();
  void Tick();
  bool ReadyToReport(MonotonicTime now) const;
  static Identity IdentityIn(const Config& config);
  void OpenStreams();
  void CloseStreams(const Config& next);
  ChannelSecurity Security() const;

  void Sample(MonotonicTime now);
  void Beat(MonotonicTime now, bool urgent);
  void BeatSoon();
  Load LoadSoFar(MonotonicTime now) const;
  std::uint64_t own_sessions() const;
  void SampleLogs(MonotonicTime now, Load& load);

  void NodeHealthChanged();
  // ---- agent_sites.cc ----
  void FolderChanged(const SiteContents& sites);
  void SitesChanged(const SiteContents& sites);
  void RefreshSite(const std::string& name);
  const SiteContents& FolderOrList() const;
  void BuildFallback();
  void LookAgain(const std::string& site) override;
  void CheckAnew(const std::string& site) override;
  bool IsHealthy(const std::string& site) const override;
  void ReplicaTurned(const std::string& site) override;
  void TasksTurned() override;

  void HealthChanged(const std::string& subject);
  void CheckLeft();

  event_base* base_;
  Mailbox& mailbox_;
  Config config_;
  Random random_;
  NodeState state_;
  SiteContents contents_;  // of the hosted sites, as last heard

  std::optional<Sampler> sampler_;
  std::optional<LoadSource> source_;
  std::optional<Statistics> statistics_;
  std::uint64_t past_sessions_ = 0;  // of statistics that are no more
  std::optional<ServerMemory> memory_;
  std::optional<RttMeter> rtts_;
  std::unique_ptr<AccessLogs> logs_;
  HealthMonitor health_;
  std::optional<HostingWatch> watch_;
  Replicas replicas_;
  std::unique_ptr<FallbackResponder> fallback_;
  std::vector<std::unique_ptr<HeartbeatClient>> clients_;
  std::vector<std::unique_ptr<HeartbeatClient>> leaving_;  // told of their end, until it is written

  Duration period_{};  // of the samples
  MonotonicTime started_;
  MonotonicTime beat_;  // the last heartbeat
  Timer clock_;
  Timer urgent_;  // changes out of turn; those before it fires go in one heartbeat
  Timer leave_check_;
  MonotonicTime leave_limit_;
  std::function<void()> ready_, left_;
};

}  // namespace dnsd::reporter
