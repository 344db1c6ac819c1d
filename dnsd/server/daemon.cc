#include "dnsd/server/daemon.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <future>
#include <random>
#include <thread>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/dnstap.h"
#include "dnsd/server/order_targets.h"
#include "dnsd/server/page_assets.h"
#include "dnsd/server/placement_json.h"
#include "dnsd/server/query_log.h"
#include "dnsd/server/service_manager.h"
#include "dnsd/server/status_json.h"

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;

// The control loop reports every quarter of a second, a worker every second; after this long they
// are stuck.
constexpr Duration kStuck = 10s;
constexpr Duration kStoreTime = 2s;  // that an order waits for the disk

std::uint64_t RandomSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

unsigned WorkerCount(const Config& config) {
  if (config.workers > 0) return config.workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

// The configured limits, and fewer clients where the process may not open so many descriptors.
TcpLimits TcpLimitsWithin(TcpLimits limits, unsigned workers) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return limits;
  const unsigned possible = ClientsWithin(files.rlim_cur, workers, limits.clients);
  if (possible < limits.clients) {
    spdlog::warn(
        "tcp.clients {} on {} workers takes more than half of the {} files that may be open: {} "
        "on each instead; raise the limit (LimitNOFILE), or lower tcp.clients",
        limits.clients, workers, files.rlim_cur, possible);
  }
  limits.clients = possible;
  return limits;
}

}  // namespace

Daemon::Daemon(const Options& options, const Config& config, Program program,
               std::unique_ptr<Predecessor> predecessor)
    : options_(options),
      config_(config),
      program_(std::move(program)),
      predecessor_(std::move(predecessor)),
      fleet_(std::make_shared<const answer::FleetView>()) {}

Daemon::~Daemon() { Stop(); }

absl::Status Daemon::Start() {
  observed_.started = std::chrono::system_clock::now();
  if (!config_.ready_file.empty() && predecessor_ == nullptr) RemoveReadyFile(config_.ready_file);
  InheritedSockets sockets = predecessor_ == nullptr ? InheritedSockets::FromServiceManager()
                                                     : predecessor_->TakeSockets();
  auto loaded = LoadServed(config_, addresses_);
  if (!loaded.ok()) return loaded.status();
  for (const std::string& warning : loaded->warnings) spdlog::warn("{}", warning);
  served_ = std::make_unique<Published<answer::Served>>(std::move(loaded->served));
  observed_.served = served_.get();
  DNSD_RETURN_IF_ERROR(OpenTaps());
  MakeWorkers();
  BuildReloader();
  if (predecessor_ != nullptr) {
    for (const Endpoint& listen : config_.listen) {
      DNSD_RETURN_IF_ERROR(CheckBind(listen, sockets));
    }
    predecessor_->AwaitReleased();
    DNSD_RETURN_IF_ERROR(StartControl());
    // A new socket gets its share of the queries from now on: not before all but this is done.
    DNSD_RETURN_IF_ERROR(BindWorkers(std::move(sockets)));
  } else {
    DNSD_RETURN_IF_ERROR(BindWorkers(std::move(sockets)));
    DNSD_RETURN_IF_ERROR(StartControl());
  }
  DNSD_RETURN_IF_ERROR(StartHttp());
  DNSD_RETURN_IF_ERROR(StartControlPorts());
  if (tap_reader_ != nullptr) tap_reader_->Start();
  for (const auto& worker : workers_) worker->Start();
  events_.Add({.text = "dnsd " DNSD_VERSION " serves " + Summary()});
  if (!config_.ready_file.empty()) {
    DNSD_RETURN_IF_ERROR(WriteReadyFile(config_.ready_file, ReadyLines()));
  }
  ready_ = true;
  if (predecessor_ != nullptr) predecessor_->Serving();
  predecessor_.reset();
  NotifyReady(Summary());
  StoreSockets(Sockets());
  StartWatchdog();
  return absl::OkStatus();
}

absl::Status Daemon::OpenTaps() {
  const TapConfig& config = config_.taps;
  if (!config.any()) return absl::OkStatus();
  std::vector<TapReader::Output> outputs;
  if (!config.query_log.empty()) {
    auto log = QueryLog::Open(config.query_log);
    if (!log.ok()) return log.status();
    outputs.push_back({"query_log", kTapLog, *std::move(log)});
  }
  if (config.dnstap) {
    auto dnstap = Dnstap::Open(*config.dnstap);
    if (!dnstap.ok()) return dnstap.status();
    outputs.push_back({"dnstap", kTapStream, *std::move(dnstap)});
  }
  std::vector<QueryTap*> taps;
  for (unsigned i = 0; i < WorkerCount(config_); ++i) {
    taps.push_back(taps_.emplace_back(std::make_unique<QueryTap>(config.samples)).get());
  }
  tap_reader_ = std::make_unique<TapReader>(std::move(taps), std::move(outputs));
  observed_.taps = [this] { return tap_reader_->status(); };
  return absl::OkStatus();
}

void Daemon::MakeWorkers() {
  const TcpLimits limits = TcpLimitsWithin(config_.tcp, WorkerCount(config_));
  for (unsigned i = 0; i < WorkerCount(config_); ++i) {
    workers_.push_back(std::make_unique<Worker>(i, *served_, fleet_, limits, RandomSeed()));
    observed_.workers.push_back(&workers_.back()->stats());
    if (!taps_.empty()) workers_.back()->set_tap(taps_[i].get());
  }
}

absl::Status Daemon::BindWorkers(InheritedSockets sockets) {
  for (const Endpoint& listen : config_.listen) {
    auto bound = Bind(listen, workers_.size(), sockets);
    if (!bound.ok()) return bound.status();
    for (std::size_t i = 0; i < bound->shares.size(); ++i) {
      DNSD_RETURN_IF_ERROR(workers_[i % workers_.size()]->Add(std::move(bound->shares[i])));
    }
    observed_.dns.push_back(bound->endpoint);
    spdlog::info("DNS on {}, UDP and TCP, {} workers", bound->endpoint.ToString(), workers_.size());
  }
  for (const std::string& left : sockets.left()) {
    spdlog::warn("a socket on {} was handed over, which 'listen' does not have: closed", left);
  }
  return absl::OkStatus();
}

absl::Status Daemon::StartControl() {
  if (!config_.state_dir.empty()) {
    auto store = StateStore::Open(config_.state_dir);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    auto placement = PlacementStore::Open(config_.state_dir);
    if (!placement.ok()) return placement.status();
    placement_store_ = *std::move(placement);
  } else {
    store_ = StateStore::InMemory(std::exchange(kept_, nullptr));
  }
  loop_ = std::make_unique<ControlLoop>(
      ControlLoop::Parts{.config = config_.heartbeat,
                         .addresses = &addresses_,
                         .fleet = &fleet_,
                         .workers = observed_.workers,
                         .store = store_.get(),
                         .events = &events_,
                         .gauges = served_->Get()->gauges,
                         .measured = config_.measured,
                         .rtt_seed = RandomSeed(),
                         .placement = config_.placement,
                         .served = served_.get(),
                         .answer_rates = [this] { return AnswerRates(); },
                         .placement_store = placement_store_.get()});
  observed_.fleet = [this] { return loop_->status(); };
  observed_.streams = [this] { return control_ == nullptr ? 0 : control_->stream_count(); };
  if (config_.heartbeat.listen) {
    control_ = std::make_unique<ControlService>(config_.heartbeat, loop_->inbox());
    observed_.faults = &control_->faults();
  }
  DNSD_RETURN_IF_ERROR(loop_->Start(control_.get()));
  if (!config_.state_dir.empty()) {
    history_ = std::make_unique<History>(
        config_.state_dir + "/history.db", config_.history, [this] { return loop_->status(); },
        events_);
    observed_.history = [this] { return history_->health(); };
  }
  if (control_ == nullptr) return absl::OkStatus();
  DNSD_RETURN_IF_ERROR(control_->Start());
  observed_.heartbeat = control_->bound();
  spdlog::info("heartbeats on {}{}", control_->bound().ToString(),
               config_.heartbeat.tls.any() ? ", TLS" : ", plain text");
  return absl::OkStatus();
}

ControlActions Daemon::Actions() {
  ControlActions actions;
  actions.status_json = [this] {
    return StatusJson(observed_, MonotonicClock::now(), std::chrono::system_clock::now());
  };
  actions.order = [this](const std::vector<std::string>& words, const fleet::OrderChange& change) {
    return Order(words, change);
  };
  actions.stored = [this] { return store_->AwaitWritten(kStoreTime); };
  actions.explain = [this](const ExplainQuestion& question) { return Explain(question); };
  actions.sites = [this](const std::vector<std::string>& patterns) { return Sites(patterns); };
  actions.placement = [this] { return PlacementJson(*loop_->status()->placement); };
  actions.place = [this](const PlacementOrder& order) { return loop_->Place(order); };
  actions.placement_stored = [this] {
    if (placement_store_ == nullptr) return std::string("there is no state_dir to store it in");
    const std::string error = placement_store_->AwaitWritten(kStoreTime);
    return error.empty() ? error : "it is begun once it is stored, which it is not: " + error;
  };
  actions.events = &events_;
  actions.reload = [this](const std::string& zone, const std::function<bool()>& is_cancelled) {
    const int signal = zone.empty() ? SIGHUP : kReloadZonesSignal;
    return reloader_->Await(
        zone, [signal] { kill(getpid(), signal); }, is_cancelled);
  };
  actions.history = [this](const std::string& subject, std::uint64_t seconds) {
    return HistoryOf(subject, seconds);
  };
  return actions;
}

absl::Status Daemon::StartControlPorts() {
  if (!config_.control_socket.empty()) {
    socket_ = std::make_unique<ControlSocket>(config_.control_socket, Actions());
    DNSD_RETURN_IF_ERROR(socket_->Start());
    spdlog::info("control on {}", socket_->path());
  }
  if (!config_.control_remote.listen) return absl::OkStatus();
  remote_ = std::make_unique<ControlRemote>(config_.control_remote, Actions());
  DNSD_RETURN_IF_ERROR(remote_->Start());
  spdlog::info("control on {}{}", remote_->bound().ToString(),
               config_.control_remote.tls.any() ? ", TLS" : ", plain text");
  return absl::OkStatus();
}

void Daemon::BuildReloader() {
  Reloader::Parts parts;
  parts.options = options_;
  parts.config = config_;
  parts.addresses = addresses_;
  parts.served = served_.get();
  parts.take_addresses = [this](AddressTable grown, std::vector<policy::Gauge> gauges) {
    TakeAddresses(std::move(grown), std::move(gauges));
  };
  parts.take_grants = [this](std::vector<ReporterGrant> grants) {
    config_.heartbeat.grants = grants;
    if (control_ != nullptr) control_->SetGrants(std::move(grants));
  };
  parts.take_measured = [this](MeasuredConfig measured) {
    config_.measured = measured;
    if (loop_ != nullptr) loop_->Post([this, measured] { loop_->SetMeasured(measured); });
  };
  parts.take_placement = [this](const placement::Settings& settings) {
    config_.placement = settings;
    if (loop_ != nullptr) loop_->Post([this, settings] { loop_->SetPlacement(settings); });
  };
  parts.hand_over = [this] { return HandOver(); };
  reloader_ = std::make_unique<Reloader>(std::move(parts), observed_.started);
  observed_.reload = [this] { return reloader_->status(); };
}

// Returns once the control thread has bound the nodes to the new addresses, and reads what the new
// sites' policies ask: zones published earlier would take a dead node's address for one that nobody
// reports.
void Daemon::TakeAddresses(AddressTable addresses, std::vector<policy::Gauge> gauges) {
  if (loop_ == nullptr) {
    addresses_ = std::move(addresses);
    return;
  }
  std::promise<void> done;
  loop_->Post([&] {
    addresses_ = std::move(addresses);
    loop_->SetGauges(std::move(gauges));
    loop_->RebindAddresses();
    done.set_value();
  });
  done.get_future().wait();
}

void Daemon::Reload() {
  NotifyReloading(MonotonicClock::now());
  spdlog::info("reloading");
  if (tap_reader_ != nullptr) tap_reader_->Reopen();
  TellOfReload(reloader_->Reload(std::chrono::system_clock::now()));
}

void Daemon::ReloadZones() {
  const auto result = reloader_->ReloadZones(std::chrono::system_clock::now());
  if (result) TellOfReload(*result);
}

void Daemon::TellOfReload(const absl::Status& result) {
  if (handed_over_) return;
  if (result.ok()) {
    events_.Add({.kind = Event::Kind::kReload, .text = "reloaded: " + Summary()});
  } else {
    events_.Add({.kind = Event::Kind::kReload,
                 .gravity = Event::Gravity::kError,
                 .text = "not reloaded, the old state goes on serving:\n" + Message(result)});
  }
  NotifyReady(result.ok() ? Summary() : "the last reload failed; the old state serves");
}

bool Daemon::FreeReplaced() {
  // Zones are many small pieces, which the allocator would keep.
  if (served_->Sweep() > 0) malloc_trim(0);
  return served_->has_retired();
}

void Daemon::Stop() {
  const bool alone = !handed_over_ && predecessor_ == nullptr;  // else it is the other's to tell
  if (alone) NotifyStopping();
  watchdog_.reset();
  if (std::exchange(ready_, false) && alone && !config_.ready_file.empty()) {
    RemoveReadyFile(config_.ready_file);
  }
  for (const auto& worker : workers_) worker->BeginStop(handed_over_);
  for (const auto& worker : workers_) worker->Join();
  if (tap_reader_ != nullptr) tap_reader_->Stop();
  StopServices();
}

std::string Daemon::Fault(bool of_workers_alone) const {
  const MonotonicTime now = MonotonicClock::now();
  if (!of_workers_alone && loop_ == nullptr) return "there is no control loop";
  if (!of_workers_alone && now - loop_->status()->built >= kStuck) {
    return "the control loop is stuck";
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (now - workers_[i]->ticked() >= kStuck) return "worker " + std::to_string(i) + " is stuck";
  }
  return "";
}

// Of the busiest sites, a second.
std::vector<std::pair<std::string, double>> Daemon::AnswerRates() {
  if (loop_ == nullptr) return {};                                    // it is being made
  if (!config_.http_listen) activity_.Update(MonotonicClock::now());  // else the HTTP port does
  std::vector<std::pair<std::string, double>> rates;
  for (const auto& [site, counts] : activity_.Get().sites)
    rates.emplace_back(site, counts.all.rate);
  return rates;
}

absl::StatusOr<ControlActions::Ordered> Daemon::Order(const std::vector<std::string>& words,
                                                      const fleet::OrderChange& change) {
  const bool takes_back = change.order.kind == fleet::Order::Kind::kNone;
  const auto targets =
      ReadTargets(words, takes_back, *served_->Get(), *fleet_.Get(), *loop_->status());
  if (!targets.ok()) return targets.status();
  ControlActions::Ordered ordered;
  if (!targets->nodes.empty()) {
    auto nodes = loop_->SetOrder(targets->nodes, change);
    if (!nodes.ok()) return nodes.status();
    ordered.nodes = *std::move(nodes);
  }
  if (!targets->sites.empty()) {
    auto sites = loop_->SetSiteOrders(targets->sites, change);
    if (!sites.ok()) return sites.status();
    ordered.sites = *std::move(sites);
  }
  return ordered;
}

std::vector<std::pair<std::string, std::string>> Daemon::ReadyLines() const {
  std::vector<std::pair<std::string, std::string>> lines;
  for (std::size_t i = 0; i < observed_.dns.size(); ++i) {
    lines.emplace_back(i == 0 ? "dns" : "dns." + std::to_string(i), observed_.dns[i].ToString());
  }
  if (control_ != nullptr) lines.emplace_back("heartbeat", control_->bound().ToString());
  if (socket_ != nullptr) lines.emplace_back("control", socket_->path());
  if (remote_ != nullptr) lines.emplace_back("remote_control", remote_->bound().ToString());
  if (http_ != nullptr) lines.emplace_back("http", http_->bound().ToString());
  lines.emplace_back("pid", std::to_string(getpid()));
  return lines;
}

// "2 zones, 8 sites"
std::string Daemon::Summary() const {
  const auto served = served_->Get();
  std::size_t sites = 0;
  for (const auto& zone : served->zones.zones()) sites += zone->site_count();
  const std::size_t zones = served->zones.zones().size();
  return std::to_string(zones) + (zones == 1 ? " zone, " : " zones, ") + std::to_string(sites) +
         (sites == 1 ? " site" : " sites");
}

}  // namespace dnsd::server
