#include "dnsd/policy/cost_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dnsd::policy {
namespace {

constexpr double kErrorSeconds = 10;
constexpr double kKeptRequests = 50;
constexpr double kPriorErrorRequests = 5;
// So few tell at once that a node has begun to fail, however many were good before.
constexpr double kKeptRecent = 10;
constexpr double kPriorRecent = 4;
constexpr double kMostFail = 0.5;
// From this share on requests fail too often for load to tell anything good.
constexpr double kFailing = 0.1;
constexpr double kSuspicion = 20;

// A node that was not heard for longer says nothing on the time before.
constexpr double kMostIntervals = 3;

constexpr double kFollow = 0.1;      // a second: how fast r follows a surprise
constexpr double kFollowFast = 0.3;  // a report: what exceeds kSurprise upwards
constexpr double kSurprise = 0.1;
constexpr double kMostBackground = 10;

// Moves of the usual size that memory should have room for.
constexpr double kMemoryMoves = 40;
constexpr double kMemorySeconds = 30;
constexpr double kMemorySmoothing = 3;  // seconds
constexpr double kMemoryKnee = 0.9;
constexpr double kSwapFactor = 100;
constexpr double kMostFactor = 1e9;

}  // namespace

void CostModel::OnReport(fleet::NodeIndex index, const fleet::Load& load, MonotonicTime sampled,
                         Duration age, Duration interval) {
  NodeModel& node = At(index);
  const ReportFacts facts = FactsOf(load);
  const double measured = facts.has_load ? facts.load : averages_.MeanLoad();
  const MonotonicTime now = sampled + age;
  const double predicted = LoadAt(index, now);
  const bool is_first = !node.reported;
  const double since = node.reported ? Seconds(sampled - node.sampled) : Seconds(interval);
  const double dt = std::clamp(since, 0.001, 600.0);
  averages_.Advance(sampled, node.given);
  node.interval = interval;
  node.cpus = facts.cpus;
  node.delay = TableFor(facts.cpus);

  // Where sessions are not reported, dnsd's own answers stand for them.
  const double sps = facts.sessions.value_or(averages_.SessionsPerAnswer() * node.answers / dt);
  const double requests = facts.requests.value_or(sps) * dt;
  const FleetAverages::Rates rates{.seconds = std::min(dt, kMostIntervals * Seconds(interval)),
                                   .sessions = sps,
                                   .connections = facts.connections.value_or(0),
                                   .cpus = measured * facts.cpus,
                                   .requests = requests / dt};
  const double weight = averages_.WeightOf(rates, node.given);
  const double counted = rates.seconds * weight;
  TakeErrors(node, facts, requests, dt);
  if (facts.sessions && node.reported) {
    averages_.AddEcho(sps * counted, node.answers / dt * counted);
  }
  if (facts.sessions && facts.connections) {
    averages_.AddSessions(sps * counted, *facts.connections * counted, node.given);
  }
  if (facts.has_load) averages_.AddLoad(measured, counted, node.given);
  if (facts.sessions && facts.requests && ErrorShareOf(node) < kFailing) {
    averages_.AddRequests({dt, sps, *facts.requests, facts.connections}, sampled, node.times);
  }
  const double before = node.sessions;
  TakeSessions(node, facts, sps, dt, averages_.SessionSeconds(interval));
  const double active = node.reported ? (before + node.sessions) / 2 : node.sessions;

  if (facts.has_load) averages_.AddWork(rates, active, weight, node.given);
  TakeWork(node, facts, requests, measured, active, dt);
  TakeBackground(node, measured, active, dt);

  TakeMemory(node, facts, dt);
  // Of the answers, those younger than the sample are not in it yet.
  node.answers = 0;
  node.answers_alive *= std::clamp(Seconds(age) / dt, 0.0, 1.0);
  node.sampled = sampled;
  node.reported = true;
  node.relief = 0;
  if (!is_first) Relieve(node, predicted - LoadAt(index, now), LoadPerSession(node), now);
}

// A report may show that there is room for some sessions more than was thought, on a busy node by
// the noise of its figures alone. Given to it at once they would come as one burst, and wait for
// each other. So the load that they stand for stays on our books at first, and goes evenly until
// the next report is due. A single session is no burst.
void CostModel::Relieve(NodeModel& node, double relief, double load_per_session,
                        MonotonicTime now) {
  node.relief = relief > load_per_session ? relief : 0;
  node.relieved_at = now;
}

double CostModel::ReliefLeft(const NodeModel& node, MonotonicTime now) {
  const double passed =
      std::max(0.0, Seconds(now - node.relieved_at)) / std::max(1e-3, Seconds(node.interval));
  return node.relief * std::max(0.0, 1 - passed);
}

double CostModel::LoadAt(fleet::NodeIndex index, MonotonicTime now) const {
  const CostFigures figures = Predict(index, now, 1);
  return double{figures.load_per_session} * figures.sessions + figures.background;
}

// A failed request costs little: it must not make the node look cheap.
void CostModel::TakeWork(NodeModel& node, const ReportFacts& facts, double requests, double load,
                         double active, double dt) {
  const double good = 1 - (requests > 0 ? std::min(1.0, facts.errors * dt / requests) : 0);
  const double keep = std::exp(-std::min({requests / 1000, dt / 4, 0.25}));
  node.work = node.work * keep + requests * good * load;
  node.work_sessions = node.work_sessions * keep + requests * good * active * good;
  node.work_requests = node.work_requests * keep + requests * good;
}

// What is kept of the past weighs as much as kKeptRequests at most, so that a busy node that is
// shunned for its errors is tried again as soon as a quiet one: after some 20 s.
void CostModel::TakeErrors(NodeModel& node, const ReportFacts& facts, double requests, double dt) {
  const double errors = facts.errors * dt;
  const double all = std::max(requests, errors);
  const double fade = std::exp(-dt / kErrorSeconds);
  const double keep = fade * (kKeptRequests / std::max(node.requests, kKeptRequests));
  node.errors = node.errors * keep + errors;
  node.requests = node.requests * keep + all;
  const double keep_recent = fade * (kKeptRecent / std::max(node.recent_requests, kKeptRecent));
  node.recent_errors = node.recent_errors * keep_recent + errors;
  node.recent_requests = node.recent_requests * keep_recent + all;
}

void CostModel::TakeMemory(NodeModel& node, const ReportFacts& facts, double dt) {
  if (node.reported) {
    const double fade = std::exp(-dt / kMemorySeconds);
    const double move = -std::expm1(-dt / kMemorySmoothing) * (facts.memory - node.smooth_memory);
    node.smooth_memory += move;
    node.memory_moved = node.memory_moved * fade + std::abs(move);
    node.memory_seconds = node.memory_seconds * fade + dt;
  } else {
    node.smooth_memory = facts.memory;
  }
  node.memory = facts.memory;
  node.swapping_reports = facts.is_swapping ? std::min(node.swapping_reports + 1, 3U) : 0;
}

// Dead-reckons A over the interval that the report covers; before the first it is supposed to have
// been steady.
void CostModel::TakeSessions(NodeModel& node, const ReportFacts& facts, double sps, double dt,
                             double tau) {
  if (!node.reported) {
    node.sessions = facts.sessions ? sps * tau : facts.connections.value_or(sps * tau);
    return;
  }
  const double q = std::exp(-dt / tau);
  node.sessions = node.sessions * q + sps * tau * (1 - q);
  if (facts.connections && ErrorShareOf(node) < kFailing) {
    node.sessions += averages_.ConnectionsShare() * (*facts.connections - node.sessions);
  }
}

// r follows what e A leaves unexplained: slowly, but fast when surprised upwards.
//
// Beyond docs/policies.md, it is held under the highest load of the last three reports: a
// background above the whole load measured cannot be. Without that, a node whose load had gone kept
// a third of it on our books for ten seconds and got no answers for half a minute, as at low query
// rates nothing else outweighs it.
void CostModel::TakeBackground(NodeModel& node, double load, double active, double dt) {
  const double unexplained = load - LoadPerSession(node) * active;
  if (!node.reported) {
    node.background = unexplained;
    node.loads.fill(load);
  } else {
    double surprise = unexplained - node.background;
    if (ErrorShareOf(node) >= kFailing) surprise = std::max(0.0, surprise);
    const double gain = 1 - std::exp(-kFollow * dt);
    node.background +=
        gain * surprise + std::max(0.0, kFollowFast - gain) * std::max(0.0, surprise - kSurprise);
  }
  node.loads[node.next_load] = load;
  node.next_load = (node.next_load + 1) % kCeilingReports;
  const double ceiling = *std::ranges::max_element(node.loads);
  node.background =
      std::clamp(std::min(node.background, ceiling), -kMostBackground, kMostBackground);
}

void CostModel::AddAnswers(fleet::NodeIndex index, double count, MonotonicTime now) {
  NodeModel& node = At(index);
  const double tau = averages_.SessionSeconds(node.interval);
  const double t = std::max(0.0, Seconds(now - node.answers_at));
  node.answers_alive = node.answers_alive * std::exp(-t / tau) + count;
  node.answers_at = now;
  node.answers += count;
}

CostFigures CostModel::Predict(fleet::NodeIndex index, MonotonicTime now, double warm_up) const {
  static const NodeModel kNothing;
  const NodeModel& node = index < nodes_.size() ? nodes_[index] : kNothing;
  const double tau = averages_.SessionSeconds(node.interval);
  const double kappa = averages_.SessionsPerAnswer();
  const double t = std::clamp(Seconds(now - node.sampled), 0.0, 2 * Seconds(node.interval));
  const double since_answers = std::max(0.0, Seconds(now - node.answers_at));
  CostFigures figures;
  figures.sessions =
      static_cast<float>(node.sessions * std::exp(-t / tau) +
                         kappa * node.answers_alive * std::exp(-since_answers / tau));
  figures.load_per_session = static_cast<float>(LoadPerSession(node) * Suspicion(node));
  figures.background = static_cast<float>(node.background + ReliefLeft(node, now));
  figures.sessions_per_answer = static_cast<float>(kappa);
  figures.cpus = static_cast<float>(node.cpus);
  figures.overload_price = static_cast<float>(1000 * averages_.CpusPerSession());
  figures.factor = static_cast<float>(std::clamp(warm_up * GuardFactor(node), 1.0, kMostFactor));
  figures.delay = node.delay;
  return figures;
}

// Answers bring connections as they bring sessions, which end as sessions do.
float CostModel::ConnectionsAt(fleet::NodeIndex index, const fleet::Load& reported,
                               MonotonicTime now) const {
  if (index >= nodes_.size()) return 0;
  const NodeModel& node = nodes_[index];
  const std::optional<double> connections = FactsOf(reported).connections;
  if (!connections) return Predict(index, now, 1).sessions;
  const double since = std::max(0.0, Seconds(now - node.answers_at));
  const double alive =
      node.answers_alive * std::exp(-since / averages_.SessionSeconds(node.interval));
  return static_cast<float>(*connections + averages_.SessionsPerAnswer() * alive);
}

double CostModel::ErrorShare(fleet::NodeIndex index) const {
  return index < nodes_.size() ? ErrorShareOf(nodes_[index]) : 0;
}

std::vector<std::shared_ptr<const DelayTable>> CostModel::delay_tables() const {
  std::vector<std::shared_ptr<const DelayTable>> tables;
  tables.reserve(tables_.size());
  for (const auto& [size_class, table] : tables_) tables.push_back(table);
  return tables;
}

CostModel::NodeModel& CostModel::At(fleet::NodeIndex index) {
  if (nodes_.size() <= index) nodes_.resize(index + std::size_t{1});
  NodeModel& node = nodes_[index];
  if (node.delay == nullptr) node.delay = TableFor(node.cpus);
  return node;
}

// Nodes within 1 % of each other in size share a table, so that there are a thousand at most.
const DelayTable* CostModel::TableFor(double cpus) {
  auto& table = tables_[static_cast<int>(std::lround(std::log(cpus) / std::log(1.01)))];
  if (table == nullptr) table = std::make_shared<DelayTable>(cpus);
  return table.get();
}

// e, within [1/8, 4] of the fleet's mean and drawn towards it while little is known of the node.
double CostModel::LoadPerSession(const NodeModel& node) const {
  const double mean = averages_.CpusPerSession() / node.cpus;
  if (node.work_sessions <= 0) return mean;
  const double seen = std::clamp(node.work / node.work_sessions, mean / 8, mean * 4);
  return Shrink(seen, mean, node.work_requests);
}

double CostModel::ErrorShareOf(const NodeModel& node) {
  const double share = node.errors / (node.requests + kPriorErrorRequests);
  const double recent = node.recent_errors / (node.recent_requests + kPriorRecent);
  return recent > kMostFail ? std::max(share, recent) : share;
}

// How many times its sessions count for one. However dear it is, a node that fails is the cheapest
// once all others are full; then too it gets no more of them than show whether it still does.
double CostModel::Suspicion(const NodeModel& node) {
  return 1 + kSuspicion * std::max(0.0, ErrorShareOf(node) - kFailing);
}

// Memory that sessions take and give back: what counts is how many intervals' usual moves are left
// until there is none. So memory that stands still costs nothing, however full it is.
double CostModel::MemoryFactor(const NodeModel& node) {
  if (node.memory_seconds <= 0) return 1;
  const double move = node.memory_moved / node.memory_seconds * Seconds(node.interval);
  const double left = std::max(1 - node.smooth_memory, 1 - kMemoryKnee);
  const double pressure = kMemoryMoves * move / left;
  return 1 + pressure * pressure;
}

// Errors (a node that fails fast looks idle), memory that runs out, swapping.
double CostModel::GuardFactor(const NodeModel& node) {
  double factor = (1 + 10 * ErrorShareOf(node)) * MemoryFactor(node);
  // A hundredfold each 0.035: ten thousandfold at 0.97, dearer than any overload.
  if (node.memory > kMemoryKnee) factor *= std::pow(100, (node.memory - kMemoryKnee) / 0.035);
  if (node.swapping_reports >= 3) factor *= kSwapFactor;
  return factor;
}

}  // namespace dnsd::policy
