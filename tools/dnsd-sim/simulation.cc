#include "tools/dnsd-sim/simulation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace dnsd::sim {
namespace {

constexpr double kErrorWork = 0.05;  // of a request's work, that one which fails takes
constexpr double kRetry = 0.001;     // seconds until a client of a closed loop comes again
constexpr double kRounding = 1e-9;   // seconds

// Share of the time that a session under way has a job, on an idle node of speed 1.
double ActiveShare(const SessionSpec& sessions) {
  return sessions.work.mean / (sessions.work.mean + sessions.think.mean);
}

std::vector<double> Cumulated(const DnsdSpec& spec, std::size_t count) {
  std::vector<double> shares = spec.shares;
  shares.resize(count, spec.shares.empty() ? 1 : 0);
  std::partial_sum(shares.begin(), shares.end(), shares.begin());
  for (double& share : shares) share /= shares.back();
  return shares;
}

}  // namespace

Simulation::Simulation(const Scenario& scenario, const Cell& cell, PolicySpec::Kind kind,
                       std::vector<SimZone>& zones, std::uint64_t seed)
    : scenario_(scenario),
      cell_(cell),
      kind_(kind),
      end_(scenario.warm_up + scenario.duration),
      sessions_random_(Random(seed).Next() ^ 1),
      resolvers_random_(Random(seed).Next() ^ 2),
      background_random_(Random(seed).Next() ^ 3),
      reports_random_(Random(seed).Next() ^ 4),
      choice_random_(Random(seed).Next() ^ 5),
      demand_(scenario.RateOf(cell), scenario.demand),
      resolvers_(scenario.resolvers, resolvers_random_),
      omniscient_(ActiveShare(scenario.sessions)),
      nodes_(scenario.nodes.size()) {
  servers_.reserve(scenario.nodes.size());
  for (const NodeSpec& node : scenario.nodes) servers_.emplace_back(node, scenario.sessions);
  for (SimZone& zone : zones) {
    dnsds_.push_back(
        {std::make_unique<DnsServer>(zone, scenario.dnsd.workers, choice_random_.Next())});
  }
  dnsd_shares_ = Cumulated(scenario.dnsd, std::max<std::size_t>(1, zones.size()));
}

Result Simulation::Run() {
  Start();
  while (!queue_.empty()) {
    const auto event = queue_.Pop();
    if (event.at >= end_) break;
    if (!measuring_ && event.at >= scenario_.warm_up) {
      measuring_ = true;
      for (WebServer& server : servers_) {
        busy_before_.push_back(server.machine().BusySeconds(scenario_.warm_up));
      }
    }
    now_ = event.at;
    Take(event.payload);
  }
  now_ = end_;
  return Finish();
}

void Simulation::Start() {
  if (scenario_.sessions.arrivals == SessionSpec::Arrivals::kClosed) {
    for (std::size_t i = 0; i < scenario_.sessions.clients; ++i) queue_.Push(0, {What::kArrival});
  } else {
    ScheduleArrival();
  }
  for (NodeId i = 0; i < servers_.size(); ++i) {
    if (servers_[i].background().changes()) queue_.Push(0, {What::kBackground, i});
    if (!dnsds_.empty()) StartReporter(i, cell_.interval * reports_random_.Unit());
  }
  for (std::uint32_t i = 0; i < dnsds_.size(); ++i) WakeDnsd(i);
  for (std::uint32_t i = 0; i < scenario_.events.size(); ++i) {
    const NodeEvent& event = scenario_.events[i];
    queue_.Push(event.at, {What::kBegins, i});
    if (std::isfinite(event.lasts)) queue_.Push(event.at + event.lasts, {What::kEnds, i});
  }
}

void Simulation::Take(const Item& item) {
  switch (item.what) {
    case What::kArrival:
      return OnArrival();
    case What::kDone:
      if (item.version == nodes_[item.index].version) OnDone(item.index);
      return;
    case What::kThought:
      return BeginRequest(item.index);
    case What::kClosed:
      if (item.version == servers_[item.index].life()) servers_[item.index].Close();
      return;
    case What::kTick:
      return OnTick(item.index);
    case What::kReport:
      return OnReport(item.index);
    case What::kDelivery:
      return OnDelivery(item.index);
    case What::kTurn:
      if (item.version != dnsds_[item.index].version) return;
      dnsds_[item.index].wake = PsNode::kNever;
      dnsds_[item.index].server->Turn(now_);
      return WakeDnsd(item.index);
    case What::kBackground: {
      const double next = servers_[item.index].background().Next(now_, background_random_);
      servers_[item.index].ApplyBackground(now_);
      WakeNode(item.index);
      if (std::isfinite(next)) queue_.Push(next, item);
      return;
    }
    case What::kBegins:
      return OnEvent(scenario_.events[item.index], true);
    case What::kEnds:
      return OnEvent(scenario_.events[item.index], false);
  }
}

void Simulation::ScheduleArrival() {
  const bool regular = scenario_.sessions.arrivals == SessionSpec::Arrivals::kRegular;
  const double next = demand_.Next(now_, regular ? 1 : DrawExponential(sessions_random_));
  if (std::isfinite(next)) queue_.Push(next, {What::kArrival});
}

void Simulation::OnArrival() {
  if (scenario_.sessions.arrivals != SessionSpec::Arrivals::kClosed) ScheduleArrival();
  const std::uint32_t index = NewSession();
  Session& session = sessions_[index];
  session.random = Random(sessions_random_.Next());
  session.began = now_;
  session.left = DrawCount(scenario_.sessions.requests, session.random);
  const ResolverId resolver = resolvers_.Draw(session.random);
  if (IsMeasured(now_)) ++result_.sessions;
  if (!Connect(session, resolver)) return Lose(index);
  BeginRequest(index);
}

// Takes the first address that answers, beginning anywhere: clients sort them as they like.
bool Simulation::Connect(Session& session, ResolverId resolver) {
  if (kind_ == PolicySpec::Kind::kSplitter) return true;  // chooses at each request
  const NodeList* known = resolvers_.Find(resolver, now_);
  NodeList asked;
  if (known == nullptr) {
    double ttl = 0;
    asked = Ask(resolver, ttl);
    resolvers_.Store(resolver, asked, ttl, now_);
    known = &asked;
  }
  const auto nodes = known->span();
  if (nodes.empty()) return false;
  const std::size_t first = session.random.Below(static_cast<std::uint32_t>(nodes.size()));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NodeId node = nodes[(first + i) % nodes.size()];
    if (!servers_[node].alive()) continue;
    session.node = node;
    session.life = servers_[node].life();
    servers_[node].Open();
    return true;
  }
  return false;
}

NodeList Simulation::Ask(ResolverId resolver, double& ttl) {
  if (IsMeasured(now_)) ++result_.queries;
  if (dnsds_.empty()) {
    NodeList nodes;
    nodes.Add(kind_ == PolicySpec::Kind::kCounts
                  ? omniscient_.ForSessionByCount(servers_, choice_random_)
                  : omniscient_.ForSession(servers_, choice_random_));
    return nodes;
  }
  std::size_t at = 0;
  if (dnsds_.size() > 1) {
    const double point = choice_random_.Unit();
    while (at + 1 < dnsds_.size() && point >= dnsd_shares_[at]) ++at;
  }
  DnsServer& server = *dnsds_[at].server;
  const std::size_t worker =
      server.workers() == 1 ? 0
                            : choice_random_.Below(static_cast<std::uint32_t>(server.workers()));
  const DnsServer::Answer answer = server.Ask(worker, Resolvers::AddressOf(resolver), now_);
  ttl = answer.ttl;
  return answer.nodes;
}

void Simulation::BeginRequest(std::uint32_t index) {
  Session& session = sessions_[index];
  if (kind_ == PolicySpec::Kind::kSplitter) {
    session.node = omniscient_.ForRequest(servers_, choice_random_);
    session.life = servers_[session.node].life();
    if (!servers_[session.node].alive()) return Lose(index);
  }
  WebServer& server = servers_[session.node];
  if (session.life != server.life()) return Break(index);
  session.work = Draw(scenario_.sessions.work, session.random);
  session.fails = session.random.Unit() < server.error_share();
  session.request_began = now_;
  session.running = true;
  server.machine().Add(index, session.fails ? kErrorWork * session.work : session.work, now_);
  WakeNode(session.node);
}

// The pending wake-up may be early, never late: then the node is asked again.
void Simulation::OnDone(NodeId node) {
  PsNode& machine = servers_[node].machine();
  nodes_[node].wake = PsNode::kNever;
  if (machine.NextDone() <= now_ + kRounding) EndRequest(machine.TakeDone(now_));
  WakeNode(node);
}

void Simulation::EndRequest(std::uint32_t index) {
  Session& session = sessions_[index];
  WebServer& server = servers_[session.node];
  session.running = false;
  const double response = now_ - session.request_began;
  server.CountRequest(response, session.fails);
  const bool splits = kind_ == PolicySpec::Kind::kSplitter;
  if (!session.fails) {
    if (IsMeasured(now_)) ++answered_;
    if (IsMeasured(session.request_began)) tally_.Add(response, session.work);
    --session.left;
    if (session.left > 0) {
      const double think = Draw(scenario_.sessions.think, session.random);
      return queue_.Push(now_ + think, {What::kThought, index});
    }
  }
  if (!splits) {
    server.EndSession();
    queue_.Push(now_ + scenario_.sessions.keep_alive, {What::kClosed, session.node, server.life()});
  }
  if (session.fails) return Break(index);
  Free(index);
}

// It was sent to no live server.
void Simulation::Lose(std::uint32_t index) {
  if (IsMeasured(sessions_[index].began)) ++result_.lost;
  Free(index);
}

// Its server died under it, or answered an error; counted when that shows.
void Simulation::Break(std::uint32_t index) {
  if (IsMeasured(now_)) ++result_.broken;
  Free(index);
}

// Its client may come again: at once, but for the least of a pause where it found no server.
void Simulation::Free(std::uint32_t index) {
  sessions_[index].running = false;
  free_sessions_.push_back(index);
  if (scenario_.sessions.arrivals == SessionSpec::Arrivals::kClosed) {
    queue_.Push(now_ + kRetry, {What::kArrival});
  }
}

std::uint32_t Simulation::NewSession() {
  if (free_sessions_.empty()) {
    sessions_.emplace_back();
    return static_cast<std::uint32_t>(sessions_.size() - 1);
  }
  const std::uint32_t index = free_sessions_.back();
  free_sessions_.pop_back();
  return index;
}

void Simulation::WakeNode(NodeId index) {
  Node& node = nodes_[index];
  const double next = servers_[index].machine().NextDone();
  if (next >= node.wake) return;  // asks again then
  node.wake = next;
  queue_.Push(std::max(next, now_), {What::kDone, index, ++node.version});
}

void Simulation::WakeDnsd(std::uint32_t index) {
  Dnsd& dnsd = dnsds_[index];
  const double next = dnsd.server->next_turn();
  if (next >= dnsd.wake) return;
  dnsd.wake = next;
  queue_.Push(std::max(next, now_), {What::kTurn, index, ++dnsd.version});
}

// A request under way counts with the time it has taken so far.
Result Simulation::Finish() {
  std::uint64_t unfinished = 0;
  for (const Session& session : sessions_) {
    if (!session.running || !IsMeasured(session.request_began)) continue;
    tally_.Add(end_ - session.request_began, session.work);
    ++unfinished;
  }
  result_.mean = tally_.mean();
  result_.p99 = tally_.Percentile(0.99);
  result_.slowdown99 = tally_.SlowdownPercentile(0.99);
  result_.requests = tally_.count();
  result_.unfinished = static_cast<double>(unfinished) /
                       static_cast<double>(std::max<std::uint64_t>(1, tally_.count()));
  result_.served = static_cast<double>(answered_) / scenario_.duration;
  const double seconds_each =
      scenario_.duration / static_cast<double>(std::max<std::uint64_t>(1, result_.sessions));
  result_.lost_seconds = static_cast<double>(result_.lost) * seconds_each;
  result_.broken_seconds = static_cast<double>(result_.broken) * seconds_each;
  double sum = 0, most = 0;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const double before = i < busy_before_.size() ? busy_before_[i] : 0;
    const double busy = servers_[i].machine().BusySeconds(end_) - before;
    const double share = busy / (servers_[i].machine().cpus() * scenario_.duration);
    result_.utilisation.push_back(share);
    sum += share;
    most = std::max(most, share);
  }
  const double mean = sum / static_cast<double>(servers_.size());
  result_.imbalance = mean > 0 ? most / mean : 1;
  return result_;
}

}  // namespace dnsd::sim
