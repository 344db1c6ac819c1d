#include "reporter/agent.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dnsd/base/log.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using heartbeat::v1::Load;

constexpr double kMove = 0.2;           // of a utilisation, that is worth a report out of turn
constexpr Duration kMostOften = 200ms;  // reports out of turn, and samples
constexpr Duration kStartLimit = 2s;    // to wait for first results before the first report
constexpr Duration kLeaveLimit = 1s;
}  // namespace

bool HasMoved(const Load& reported, const Load& now) {
  const auto apart = [](double a, double b) { return std::abs(a - b) >= kMove - 1e-9; };
  return apart(reported.cpu_utilization(), now.cpu_utilization()) ||
         apart(reported.application_utilization(), now.application_utilization());
}

Duration WaitForTurn(MonotonicTime beat, MonotonicTime now) {
  return std::clamp<Duration>(kMostOften - (now - beat), Duration::zero(), kMostOften);
}

Agent::Agent(event_base* base, Mailbox& mailbox, Config config, std::uint64_t seed)
    : base_(base),
      mailbox_(mailbox),
      config_(std::move(config)),
      random_(seed),
      health_(base, Random(random_.Next()),
              [this](const std::string& subject) { HealthChanged(subject); }),
      replicas_(base, *this, Random(random_.Next())),
      clock_(base, [this] { Tick(); }),
      urgent_(base, [this] { Beat(MonotonicClock::now(), true); }),
      leave_check_(base, [this] { CheckLeft(); }) {
  Build();
}

// Everything but the streams, from the configuration. What it does not change goes on: a sampler
// needs its last sample, and a service under check keeps its verdict.
void Agent::Build() {
  started_ = MonotonicClock::now();
  BuildSampler();
  BuildSource();
  BuildStatistics();
  BuildRtts();
  if (config_.health) {
    HealthCheckConfig check = *config_.health;
    if (!check.address) check.address = config_.addresses.front();
    health_.Watch("", check);
  } else {
    health_.Forget("");
  }
  NodeHealthChanged();
  BuildLogs();
  BuildHosting();
  SetClock();
}

void Agent::BuildSampler() {
  const Sampler::Options options{"/", config_.cgroup, {config_.ports, config_.addresses}};
  if (!config_.kernel_load) {
    sampler_.reset();
  } else if (!sampler_ || sampler_->options() != options) {
    sampler_.emplace(options);
    sampler_->Tick(started_);
  }
}

void Agent::BuildSource() {
  if (source_ && source_->config() == config_.load_source) return;
  source_.emplace(base_, config_.load_source);
  source_->ReadFile(started_);
  source_->StartCommand();
}

void Agent::BuildStatistics() {
  const bool kept =
      statistics_ && config_.statistics && statistics_->config() == *config_.statistics;
  if (!kept) {
    if (statistics_) past_sessions_ += statistics_->sessions();
    statistics_.reset();
    if (config_.statistics) statistics_.emplace(base_, *config_.statistics);
  }
  if (!config_.server.any()) {
    memory_.reset();
  } else if (!memory_ || memory_->processes() != config_.server) {
    memory_.emplace(FileRoot(), config_.server);
  }
}

void Agent::BuildRtts() {
  const ConnectionFilter filter{config_.ports, config_.addresses};
  if (!config_.rtt.enabled) {
    rtts_.reset();
    state_.rtts = {state_.rtts.number + 1, {}};
  } else if (!rtts_ || rtts_->config() != config_.rtt || rtts_->filter() != filter) {
    rtts_.emplace(config_.rtt, filter);
  }
}

void Agent::BuildLogs() {
  if ((logs_ ? logs_->config() : std::vector<AccessLogConfig>()) == config_.access_logs) return;
  logs_.reset();
  state_.demand.clear();
  if (config_.access_logs.empty()) return;
  logs_ = std::make_unique<AccessLogs>(base_, config_.access_logs, [this](const std::string& site) {
    return state_.hosts_all || contents_.contains(site);
  });
}

// The sampling period: a whole part of the shortest interval that any dnsd wants, so that a
// heartbeat falls on a sample.
void Agent::SetClock() {
  Duration interval = clients_.empty() ? config_.interval : clients_.front()->interval();
  for (const auto& client : clients_) interval = std::min(interval, client->interval());
  const auto parts = (interval + kMostOften - 1ns) / kMostOften;
  const Duration period = interval / parts;
  if (period == period_ && clock_.pending()) return;
  period_ = period;
  clock_.Every(period_);
}

void Agent::Tick() {
  const MonotonicTime now = MonotonicClock::now();
  if (sampler_) sampler_->Tick(now);
  source_->ReadFile(now);
  if (clients_.size() < config_.dnsd.size()) {
    if (ReadyToReport(now)) OpenStreams();
    if (clients_.empty()) return;
  }
  SetClock();
  Duration interval = clients_.front()->interval();
  for (const auto& client : clients_) interval = std::min(interval, client->interval());
  if (now - beat_ >= interval - period_ / 2) {
    source_->StartCommand();
    return Beat(now, urgent_.pending());
  }
  const bool may = now - beat_ >= kMostOften - 10ms;
  if (may && HasMoved(state_.load, LoadSoFar(now))) Beat(now, true);
}

// A report before the first results would call a node idle or unhealthy that is not.
bool Agent::ReadyToReport(MonotonicTime now) const {
  return (health_.all_known() && source_->settled()) || now - started_ >= kStartLimit;
}

Identity Agent::IdentityIn(const Config& config) {
  return {config.node, config.addresses, config.interval, config.token, config.place};
}

// To every dnsd that has none.
void Agent::OpenStreams() {
  if (clients_.empty()) Sample(MonotonicClock::now());
  for (const std::string& dnsd : config_.dnsd) {
    const auto is_of = [&](const auto& client) { return client->dnsd() == dnsd; };
    if (std::any_of(clients_.begin(), clients_.end(), is_of)) continue;
    clients_.push_back(std::make_unique<HeartbeatClient>(
        base_, mailbox_, state_, IdentityIn(config_), dnsd, Security(), random_.Next()));
    clients_.back()->OnTasks(
        [this, dnsd](const heartbeat::v1::Tasks& tasks) { replicas_.Take(dnsd, tasks); });
    clients_.back()->OnLost([this, dnsd] { replicas_.Lost(dnsd); });
  }
  if (ready_) std::exchange(ready_, nullptr)();
}

ChannelSecurity Agent::Security() const {
  if (!config_.tls.any()) return {grpc::InsecureChannelCredentials(), ""};
  const TlsConfig& tls = config_.tls;
  return {grpc::SslCredentials({tls.ca_pem, tls.key_pem, tls.certificate_pem}), tls.server_name};
}

// The load as it would be reported now: what decides whether it has moved.
Load Agent::LoadSoFar(MonotonicTime now) const {
  Load load;
  if (sampler_ && sampler_->cpu_utilization()) {
    load.set_cpu_utilization(*sampler_->cpu_utilization());
  }
  if (const Load* source = source_->Find(now)) load.MergeFrom(*source);
  return load;
}

// Sessions to this node that nobody but the reporter has opened.
std::uint64_t Agent::own_sessions() const {
  return health_.sessions() + past_sessions_ + (statistics_ ? statistics_->sessions() : 0);
}

void Agent::SampleLogs(MonotonicTime now, Load& load) {
  const DemandMeter& demand = logs_->Read(now);
  if (!demand.known()) return;
  load.set_rps(demand.total().requests);
  load.set_eps(demand.total().errors);
  state_.demand = demand.sites();
  for (const auto& [site, asked] : state_.demand) {
    if (asked.requests > 0) replicas_.Use(site);
  }
}

// What each says counts over what those before it said. New sessions are the kernel's where it
// counts them: it knows them without those of the health checks. So does of requests whoever counts
// fewer: nginx's own count has the health checks' in it, and a log may have them too. That matters
// where the log alone tells errors, as they are a share of the requests.
void Agent::Sample(MonotonicTime now) {
  Load load;
  if (sampler_) load = sampler_->Read(now, own_sessions());
  if (health_.response_seconds()) load.set_process_time_seconds(*health_.response_seconds());
  if (logs_) SampleLogs(now, load);
  const Load* statistics = statistics_ ? statistics_->Find(now) : nullptr;
  if (statistics != nullptr) {
    const auto sps = load.has_sps() ? std::optional(load.sps()) : std::nullopt;
    const bool errors_of_log = load.has_eps() && !statistics->has_eps();
    const auto rps = errors_of_log ? std::optional(load.rps()) : std::nullopt;
    load.MergeFrom(*statistics);
    if (sps) load.set_sps(*sps);
    if (rps) load.set_rps(std::min(*rps, load.rps()));
  }
  if (memory_ && load.has_connections()) {
    memory_->Take(load.connections(), now);
    if (memory_->per_connection()) load.set_memory_per_connection_bytes(*memory_->per_connection());
  }
  if (const Load* source = source_->Find(now)) load.MergeFrom(*source);
  if (auto prefixes = rtts_ ? rtts_->Read(now) : std::nullopt) {
    state_.rtts = {state_.rtts.number + 1, *std::move(prefixes)};
  }
  state_.storage = replicas_.StorageNow();
  state_.load = std::move(load);
  state_.sampled = beat_ = now;
}

void Agent::Beat(MonotonicTime now, bool urgent) {
  urgent_.Stop();  // what it would have told is told now
  Sample(now);
  for (const auto& client : clients_) client->Report(now, urgent);
  replicas_.Told();
}

void Agent::BeatSoon() {
  if (!urgent_.pending()) urgent_.After(WaitForTurn(beat_, MonotonicClock::now()));
}

void Agent::HealthChanged(const std::string& subject) {
  const HealthState& health = *health_.Find(subject);
  const std::string what = subject.empty() ? "node" : "site " + subject;
  if (health.healthy()) {
    spdlog::info("{} is healthy", what);
  } else {
    spdlog::warn("{} is not healthy: {}", what, health.detail());
  }
  if (subject.empty()) {
    NodeHealthChanged();
  } else {
    replicas_.HealthChanged(subject);
    RefreshSite(subject);
  }
  BeatSoon();
}

void Agent::NodeHealthChanged() {
  const HealthState* health = health_.Find("");
  state_.health.set_healthy(health == nullptr || health->healthy());
  state_.health.set_detail(health == nullptr ? "" : ShortDetail(health->detail()));
}

// Lets go of the streams that `next` does not want as they are. A dnsd that is told no more, and
// one that knew the node by another name, hears that it leaves.
void Agent::CloseStreams(const Config& next) {
  const bool same = IdentityIn(next) == IdentityIn(config_) && next.tls == config_.tls;
  std::vector<std::string> lost;
  for (auto& client : clients_) {
    const bool wanted =
        std::find(next.dnsd.begin(), next.dnsd.end(), client->dnsd()) != next.dnsd.end();
    if (wanted && same) continue;
    lost.push_back(client->dnsd());
    auto former = std::exchange(client, nullptr);
    if (wanted && next.node == config_.node) continue;
    former->Leave("configuration changed");
    leaving_.push_back(std::move(former));
  }
  std::erase(clients_, nullptr);
  for (const std::string& dnsd : lost) replicas_.Lost(dnsd);
  if (leaving_.empty()) return;
  leave_limit_ = MonotonicClock::now() + kLeaveLimit;
  leave_check_.Every(20ms);
}

void Agent::Reload(Config config) {
  if (left_) return;
  CloseStreams(config);
  config_ = std::move(config);
  Build();
}

void Agent::Stop(std::function<void()> left) {
  left_ = std::move(left);
  clock_.Stop();
  urgent_.Stop();
  for (auto& client : clients_) {
    client->Leave("the reporter stops");
    leaving_.push_back(std::move(client));
  }
  clients_.clear();
  leave_limit_ = MonotonicClock::now() + kLeaveLimit;
  leave_check_.Every(20ms);
}

void Agent::CheckLeft() {
  const bool late = MonotonicClock::now() >= leave_limit_;
  std::erase_if(leaving_, [late](const auto& client) { return late || client->finished(); });
  if (!leaving_.empty()) return;
  if (left_ && mailbox_.posters() > 0) return;  // streams that were let go are about to end
  leave_check_.Stop();
  if (left_) left_();
}

}  // namespace dnsd::reporter
