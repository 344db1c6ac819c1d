// The running dnsd: every object, built and handed to the others in one place.
//
//   sockets ──> workers <── Published<Served> <── zones <── Reloader
//                  │  └──── Published<FleetView> <── ControlLoop <── inbox <── ControlService
//                  └─ counters ──> Observed ──> Metrics, status page ──> StatusHttp
#pragma once

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/base/address_table.h"
#include "dnsd/base/snapshot.h"
#include "dnsd/base/status.h"
#include "dnsd/server/activity.h"
#include "dnsd/server/config.h"
#include "dnsd/server/control_loop.h"
#include "dnsd/server/control_remote.h"
#include "dnsd/server/control_service.h"
#include "dnsd/server/control_socket.h"
#include "dnsd/server/events.h"
#include "dnsd/server/history.h"
#include "dnsd/server/load_served.h"
#include "dnsd/server/metrics.h"
#include "dnsd/server/observed.h"
#include "dnsd/server/options.h"
#include "dnsd/server/overview.h"
#include "dnsd/server/placement_store.h"
#include "dnsd/server/reload.h"
#include "dnsd/server/site_watch.h"
#include "dnsd/server/sockets.h"
#include "dnsd/server/state_store.h"
#include "dnsd/server/status_http.h"
#include "dnsd/server/successor.h"
#include "dnsd/server/tap_reader.h"
#include "dnsd/server/watchdog.h"
#include "dnsd/server/work_thread.h"
#include "dnsd/server/worker.h"

namespace dnsd::server {

// What has main call ReloadZones.
inline constexpr int kReloadZonesSignal = SIGUSR1;

// Used by main's thread alone.
class Daemon {
 public:
  // `program` is what HandOver starts; `predecessor`, if any, whom this dnsd follows.
  Daemon(const Options& options, const Config& config, Program program,
         std::unique_ptr<Predecessor> predecessor);
  ~Daemon();  // stops

  // Loads, binds, serves; says where. After an error nothing runs.
  absl::Status Start();
  // Whole or not at all; a failure is logged, and the old state goes on serving.
  void Reload();
  // Likewise the zones alone that somebody asked for on the control socket.
  void ReloadZones();
  // Frees what reloads have replaced, as far as no thread still reads it; true if some is left,
  // and this wants to be called again.
  bool FreeReplaced();
  // Starts the program anew, and lets it take over sockets and state (successor.h). An error:
  // nobody follows, which is logged, and all is as before.
  absl::Status HandOver();
  // Whether a new process serves, and this one is to stop: after HandOver, or a Reload of what a
  // running process cannot change.
  bool handed_over() const { return handed_over_; }
  // Answers what is in hand, and ends every thread.
  void Stop();

 private:
  static constexpr std::size_t kSearches = 32;  // that may wait

  void MakeWorkers();
  absl::Status BindWorkers(InheritedSockets sockets);
  absl::Status OpenTaps();
  absl::Status StartServices();
  absl::Status TakeBack();
  void StopServices();
  void DropServices();  // and gives up what they had
  bool WaitInVain() const;
  absl::Status Follow(Successor& successor);
  void StartWatchdog();
  std::vector<int> Sockets() const;
  absl::Status StartControl();
  absl::Status StartHttp();
  absl::Status StartControlPorts();
  ControlActions Actions();
  void BuildReloader();
  void TellOfReload(const absl::Status& result);
  void TakeAddresses(AddressTable addresses, std::vector<policy::Gauge> gauges);
  std::string Fault(bool of_workers_alone = false) const;
  HttpReply HistoryPage(const HttpQuery& query) const;
  absl::StatusOr<std::string> HistoryOf(const std::string& subject, std::uint64_t seconds) const;
  absl::StatusOr<std::string> Explain(const ExplainQuestion& question) const;
  absl::StatusOr<ControlActions::Ordered> Order(const std::vector<std::string>& words,
                                                const fleet::OrderChange& change);
  std::string Sites(const std::vector<std::string>& patterns) const;
  std::vector<std::pair<std::string, double>> AnswerRates();
  void WatchSites();
  std::vector<std::pair<std::string, std::string>> ReadyLines() const;
  std::string Summary() const;

  const Options options_;
  Config config_;  // as started, but for what a reload changes of it at once
  const Program program_;
  std::unique_ptr<Predecessor> predecessor_;  // until we serve
  AddressTable addresses_;                    // the control thread's while the loop runs

  std::unique_ptr<Published<answer::Served>> served_;
  Published<answer::FleetView> fleet_;
  Events events_{&std::chrono::system_clock::now};
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<PlacementStore> placement_store_;  // null where there is no state_dir
  // Without a state_dir: what the services knew that were dropped last, if they were.
  std::shared_ptr<const StoredState> kept_;
  std::vector<std::unique_ptr<QueryTap>> taps_;  // a worker's each; none if nobody wants them
  std::unique_ptr<TapReader> tap_reader_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<ControlLoop> loop_;
  std::unique_ptr<ControlService> control_;
  std::unique_ptr<Reloader> reloader_;
  Observed observed_;
  Activity activity_{observed_, config_.http_busiest_sites};
  Metrics metrics_{observed_, activity_};
  WorkThread searches_{kSearches};
  Overview overview_{observed_, activity_, events_, fleet_,
                     [this](auto work) { return searches_.Do(std::move(work)); }};
  SiteWatch site_watch_{events_};  // the HTTP thread's
  std::unique_ptr<StatusHttp> http_;
  std::unique_ptr<ControlSocket> socket_;
  std::unique_ptr<Watchdog> watchdog_;
  std::unique_ptr<ControlRemote> remote_;
  std::unique_ptr<History> history_;  // null where there is no state_dir
  bool ready_ = false;
  bool handed_over_ = false;
};

}  // namespace dnsd::server
