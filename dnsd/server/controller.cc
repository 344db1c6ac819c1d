#include "dnsd/server/controller.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dnsd/base/log.h"

namespace dnsd::server {
namespace {

constexpr Duration kAnsweringPeriod = std::chrono::milliseconds(50);  // own answers decay
constexpr Duration kIdlePeriod = std::chrono::milliseconds(250);      // are answers given again?
constexpr Duration kWarmingPeriod = std::chrono::seconds(1);          // a ramp's steps
constexpr Duration kReportPeriod = std::chrono::milliseconds(250);
constexpr Duration kSignOfLife = std::chrono::seconds(1);  // a report, though nothing changed
constexpr Duration kSavePeriod = std::chrono::seconds(3);
// Later than this, it was dnsd that was stopped; then reporters get this long to be heard.
constexpr Duration kStall = std::chrono::milliseconds(500);
constexpr Duration kAfterStall = std::chrono::seconds(2);
constexpr std::size_t kWarningsPerStep = 20;
constexpr std::size_t kBusiestShown = 10;  // sites of a node, in the status
constexpr double kRecentSeconds = 1;       // over which workers' shares of the answers are seen
constexpr Duration kMeasuredPeriod = std::chrono::milliseconds(5);  // parts of a large table
constexpr double kFailingShare = 0.5;                               // of the requests
constexpr double kTriedAgainShare = 0.25;  // once that is so, until it is no more than this

fleet::FleetOptions OptionsOf(const HeartbeatConfig& config) {
  return {.max_nodes = answer::kMaxNodes,
          .suspect_after = config.suspect_after,
          .dead_after = config.dead_after,
          .warm_up = config.warm_up,
          .restart_grace = config.restart_grace};
}

// Of an event that has one.
const fleet::Heartbeat& BeatOf(const fleet::Event& event) {
  const auto* hello = std::get_if<fleet::Hello>(&event.what);
  return hello != nullptr ? hello->state : std::get<fleet::Heartbeat>(event.what);
}

Duration AgeOf(const fleet::Event& event) {
  return std::clamp<Duration>(BeatOf(event).age, Duration::zero(), std::chrono::minutes(1));
}

Event EventOf(const std::string& node, const fleet::Transition& transition) {
  const bool is_worse = fleet::TierOf(transition.to) > fleet::TierOf(transition.from);
  const std::string to = fleet::NameOf(transition.to);
  return {.kind = Event::Kind::kState,
          .gravity = is_worse ? Event::Gravity::kWarning : Event::Gravity::kInfo,
          .node = node,
          .state = to,
          .text = fleet::NameOf(transition.from) + (" -> " + to) + ": " + transition.reason};
}

}  // namespace

Controller::Controller(const ControlParts& parts, MonotonicTime now, WallTime wall)
    : parts_(parts),
      fleet_(OptionsOf(parts.config), *parts.addresses, now),
      model_(parts.gauges),
      clocks_(now, wall),
      workers_(parts.workers.size()),
      counted_(now),
      stepped_(now),
      saved_(now),
      next_wake_(now) {
  if (parts.measured.enabled) rtts_.emplace(parts.measured.table, parts.rtt_seed, now);
  if (parts.served != nullptr) placement_.emplace(parts, now);
  Restore(now, wall);
  SkipAnswers();
  CountAnswers(now);
  StepPlacement(now);
  Publish(now);
  Report(now);
}

// A stored load stands for a first report, so that the first answer is right.
void Controller::Restore(MonotonicTime now, WallTime wall) {
  if (parts_.store == nullptr) return;
  const StoredState& stored = parts_.store->restored();
  RestoreSiteOrders(stored.site_orders, now, wall);
  for (fleet::StoredNode node : stored.nodes) {
    if (node.order.end) node.order.end->at = now + (node.order.end->wall - wall);
    const fleet::NodeIndex index = fleet_.Restore(node);
    if (index != fleet::kNoNode) {
      model_.OnReport(index, node.load, now, Duration::zero(), fleet_.nodes()[index].interval);
    }
  }
  fleet_.RestoreHosting(stored.hosting);
  if (stored.nodes.empty()) return;
  spdlog::info("restored {} nodes and {} hosted sites", stored.nodes.size(),
               stored.hosting->site_count());
}

void Controller::Step(MonotonicTime now, const std::vector<fleet::Event>& events) {
  ForgiveOwnStall(now);
  CountAnswers(now);
  for (const fleet::Event& event : events) TakeEvent(event, now);
  fleet_.Advance(now);
  const bool any_over = EndSiteOrders(now);
  const bool any_transition = PassOutcomeOn() || any_over;
  const bool ramp_moved = any_warming_ && now >= published_ + kWarmingPeriod;
  const bool any_measured = rtts_ && rtts_->Build(now);
  const bool any_withheld = StepPlacement(now);
  if (!events.empty() || any_transition) unsaved_ = true;
  if (!events.empty() || any_transition || answering_ || ramp_moved || any_measured ||
      any_withheld) {
    Publish(now);
  }
  if (now >= reported_ + (unreported_ ? kReportPeriod : kSignOfLife)) Report(now);
  if (now >= saved_ + kSavePeriod) Save(now);
  stepped_ = now;
  next_wake_ = NextWake();
}

MonotonicTime Controller::NextWake() const {
  MonotonicTime next = stepped_ + (answering_ ? kAnsweringPeriod : kIdlePeriod);
  if (const auto deadline = fleet_.NextDeadline()) next = std::min(next, *deadline);
  if (const auto end = site_orders_.NextEnd()) next = std::min(next, *end);
  if (any_warming_) next = std::min(next, published_ + kWarmingPeriod);
  if (placement_) {
    if (const auto due = placement_->NextDeadline(stepped_)) next = std::min(next, *due);
  }
  if (rtts_ && rtts_->has_more()) next = std::min(next, stepped_ + kMeasuredPeriod);
  next = std::min(next, reported_ + (unreported_ ? kReportPeriod : kSignOfLife));
  if (unsaved_ && parts_.store != nullptr) next = std::min(next, saved_ + kSavePeriod);
  return next;
}

// A process that was stopped, or starved, finds every node silent before it has read what came in.
void Controller::ForgiveOwnStall(MonotonicTime now) {
  if (now < next_wake_ + kStall) return;
  spdlog::warn("dnsd itself stood still for {:.1f} s: no node is judged silent for {:.0f} s",
               Seconds(now - next_wake_), Seconds(kAfterStall));
  fleet_.ForgiveUntil(now + kAfterStall);
}

// By all workers, ever.
std::uint64_t Controller::AnswersGiven(fleet::NodeIndex node) const {
  std::uint64_t total = 0;
  for (const answer::WorkerStats* worker : parts_.workers) total += worker->answers[node].value();
  return total;
}

// Answers that workers gave before there was this loop (after one that nobody could follow) are in
// no report to come.
void Controller::SkipAnswers() {
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    workers_[w].answers = parts_.workers[w]->site_answers.value();
  }
  answers_.resize(answer::kMaxNodes);
  for (fleet::NodeIndex i = 0; i < answers_.size(); ++i) answers_[i] = AnswersGiven(i);
}

void Controller::CountAnswers(MonotonicTime now) {
  const double keep = std::exp(-std::max(0.0, Seconds(now - counted_)) / kRecentSeconds);
  counted_ = now;
  answering_ = false;
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    const std::uint64_t answers = parts_.workers[w]->site_answers.value();
    WorkerCount& worker = workers_[w];
    worker.recent = worker.recent * keep + static_cast<double>(answers - worker.answers);
    answering_ = answering_ || (answers != worker.answers && !fleet_.nodes().empty());
    worker.answers = answers;
  }
  for (fleet::NodeIndex i = 0; i < fleet_.nodes().size(); ++i) {
    const std::uint64_t total = AnswersGiven(i);
    if (total == answers_[i]) continue;
    model_.AddAnswers(i, static_cast<double>(total - answers_[i]), now);
    answers_[i] = total;
  }
}

// For each worker how many answers all of them give for one of its own, supposing equal shares
// until answers are seen. At most what all give between two views: the others' answers before the
// last are in it already.
std::vector<float> Controller::AnswerScale() const {
  const auto count = static_cast<double>(workers_.size());
  double all = 0;
  for (const WorkerCount& worker : workers_) all += worker.recent;
  const double most = std::max(count, all / kRecentSeconds * Seconds(kAnsweringPeriod));
  std::vector<float> scale;
  scale.reserve(workers_.size());
  for (const WorkerCount& worker : workers_) {
    const double share = (all + count) / (worker.recent + 1);
    scale.push_back(static_cast<float>(std::clamp(share, 1.0, most)));
  }
  return scale;
}

void Controller::TakeEvent(const fleet::Event& event, MonotonicTime now) {
  const fleet::NodeIndex index = fleet_.Apply(event);
  if (index == fleet::kNoNode) return;
  const fleet::Node& node = fleet_.nodes()[index];
  const MonotonicTime sampled = event.arrival - AgeOf(event);
  // Answers are counted up to `now`: those since the sample are not in the report.
  model_.OnReport(index, node.load, sampled, now - sampled, node.interval);
  if (rtts_) rtts_->Add(index, BeatOf(event).rtts, std::min(now, event.arrival));
  const double limit = node.failing ? kTriedAgainShare : kFailingShare;
  fleet_.SetFailing(index, model_.ErrorShare(index) > limit, event.arrival);
  ++reports_;
}

// Tells and sends what the fleet has to say; whether any node changed its state.
bool Controller::PassOutcomeOn() {
  fleet::Outcome outcome = fleet_.TakeOutcome();
  for (const fleet::Transition& t : outcome.transitions)
    Tell(EventOf(fleet_.nodes()[t.node].name, t));
  transitions_ += outcome.transitions.size();
  for (std::size_t i = 0; i < std::min(kWarningsPerStep, outcome.warnings.size()); ++i) {
    spdlog::warn("{}", outcome.warnings[i]);
  }
  if (outcome.warnings.size() > kWarningsPerStep) {
    spdlog::warn("and {} warnings of the kind", outcome.warnings.size() - kWarningsPerStep);
  }
  for (auto& [stream, directive] : outcome.directives) {
    if (sink_ != nullptr) sink_->Send(stream, std::move(directive));
  }
  return !outcome.transitions.empty();
}

void Controller::Tell(Event event) {
  if (parts_.events != nullptr) parts_.events->Add(std::move(event));
}

void Controller::Publish(MonotonicTime now) {
  auto view = std::make_shared<answer::FleetView>(answer::ViewOf(fleet_, model_, now));
  any_warming_ = std::ranges::any_of(fleet_.nodes(), &fleet::Node::warming);
  view->hosting = site_orders_.Over(view->hosting, fleet_.nodes());
  if (placement_) view->hosting = placement_->Over(view->hosting);
  view->answer_scale = AnswerScale();
  if (rtts_) view->rtts = rtts_->view();
  parts_.fleet->Publish(std::move(view));
  published_ = now;
  unreported_ = true;
  ++publications_;
}

WallTime Controller::WallAt(MonotonicTime now) const {
  const auto since = std::chrono::duration_cast<WallTime::duration>(now - clocks_.first);
  return clocks_.second + since;
}

// Whether other replicas may answer than before.
bool Controller::StepPlacement(MonotonicTime now) {
  if (!placement_) return false;
  const policy::FleetAverages& means = model_.averages();
  const double cpus_per_answer = means.SessionsPerAnswer() * means.CpusPerSession() *
                                 means.SessionSeconds(std::chrono::seconds(1));
  return placement_->Step(fleet_, site_orders_, cpus_per_answer, sink_, now, WallAt(now));
}

void Controller::SetPlacement(const placement::Settings& settings) {
  if (placement_) placement_->SetSettings(settings);
}

absl::StatusOr<PlacementAnswer> Controller::Place(const PlacementOrder& order, MonotonicTime now) {
  if (!placement_) return absl::FailedPreconditionError("there is no placement here");
  auto answer = placement_->Order(order, fleet_, site_orders_, now, WallAt(now));
  if (!answer.ok() || !answer->changed) return answer;
  CountAnswers(now);
  StepPlacement(now);
  Publish(now);
  Report(now);
  return answer;
}

void Controller::RebindAddresses(MonotonicTime now) {
  fleet_.RebindAddresses();
  Publish(now);
}

void Controller::SetGauges(std::vector<policy::Gauge> gauges, MonotonicTime now) {
  if (gauges == model_.gauges()) return;
  model_.SetGauges(std::move(gauges));
  Publish(now);
}

void Controller::SetMeasured(const MeasuredConfig& measured, MonotonicTime now) {
  if (measured.enabled && rtts_) return rtts_->SetOptions(measured.table);
  if (measured.enabled == rtts_.has_value()) return;
  rtts_.reset();
  if (measured.enabled) rtts_.emplace(measured.table, parts_.rtt_seed, now);
  Publish(now);
}

void Controller::Save(MonotonicTime now) {
  if (!unsaved_ || parts_.store == nullptr) return;
  auto state = std::make_shared<StoredState>();
  state->nodes.reserve(fleet_.nodes().size());
  for (const fleet::Node& node : fleet_.nodes()) {
    const auto index = static_cast<fleet::NodeIndex>(state->nodes.size());
    state->nodes.push_back({node.name, node.addresses, node.software_version, node.interval,
                            fleet_.OwnState(index), node.declares_hosting, node.load, node.order,
                            node.place});
  }
  state->hosting = fleet_.hosting();
  state->site_orders = site_orders_.list();
  parts_.store->Save(std::move(state));
  unsaved_ = false;
  saved_ = now;
}

void Controller::Report(MonotonicTime now) {
  auto report = std::make_shared<StatusReport>();
  report->built = now;
  for (fleet::NodeIndex i = 0; i < fleet_.nodes().size(); ++i) {
    report->nodes.push_back(StatusOf(i, now));
  }
  report->hosted_sites = fleet_.hosting()->site_count();
  report->bound_addresses = static_cast<std::uint64_t>(
      std::ranges::count_if(fleet_.node_of(), [](auto node) { return node != fleet::kNoNode; }));
  for (std::size_t i = 0; i < fleet::kFaults; ++i) {
    report->faults[i] = fleet_.fault_count(static_cast<fleet::Fault>(i));
  }
  report->site_orders = site_orders_.list();
  report->reports = reports_;
  report->dropped_beats = dropped_beats;
  report->transitions = transitions_;
  report->publications = publications_;
  report->session_seconds = model_.averages().SessionSeconds(std::chrono::seconds(1));
  report->sessions_per_answer = model_.averages().SessionsPerAnswer();
  report->cpus_per_session = model_.averages().CpusPerSession();
  if (rtts_) report->rtts = rtts_->counts();
  if (parts_.store != nullptr) report->store_error = parts_.store->error();
  if (placement_) report->placement = placement_->Report();
  reported_ = now;
  unreported_ = false;
  std::lock_guard lock(mutex_);
  status_ = std::move(report);
}

NodeStatus Controller::StatusOf(fleet::NodeIndex index, MonotonicTime now) const {
  const fleet::Node& node = fleet_.nodes()[index];
  const answer::NodeEntry entry = answer::EntryOf(fleet_, model_, index, now);
  NodeStatus status;
  status.name = node.name;
  status.state = node.state;
  status.reason = node.reason;
  status.addresses = node.addresses;
  status.refused = node.refused;
  if (node.reported) status.heard = node.heard;
  status.interval = node.interval;
  status.software_version = node.software_version;
  status.place = node.place;
  status.load = node.load;
  status.figures = entry.figures;
  status.figures.delay = nullptr;
  status.cost = entry.cost;
  status.error_share = model_.ErrorShare(index);
  status.answers = index < answers_.size() ? answers_[index] : 0;
  status.declares_hosting = node.declares_hosting;
  status.order = node.order;
  status.sites = fleet_.hosted_count(index);
  status.demanded_sites = node.demand.sites().size();
  status.demand_rps = node.demand.rps();
  status.busiest = node.demand.Busiest(kBusiestShown);
  return status;
}

std::shared_ptr<const StatusReport> Controller::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace dnsd::server
