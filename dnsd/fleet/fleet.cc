#include "dnsd/fleet/fleet.h"

#include <algorithm>
#include <tuple>

namespace dnsd::fleet {
namespace {

constexpr Duration kShortestInterval = std::chrono::milliseconds(100);
constexpr Duration kLongestInterval = std::chrono::seconds(60);
constexpr Duration kWarningEvery = std::chrono::seconds(60);  // a node and kind
constexpr std::size_t kMostWarnings = 8;                      // in one answer to a Hello

// The first few of `warnings`, and how many there were besides.
std::vector<std::string> Shortened(std::vector<std::string> warnings) {
  if (warnings.size() <= kMostWarnings) return warnings;
  const std::size_t more = warnings.size() - kMostWarnings;
  warnings.resize(kMostWarnings);
  warnings.push_back("and " + std::to_string(more) + " more warnings on its addresses");
  return warnings;
}

}  // namespace

const char* NameOf(Fault fault) {
  constexpr const char* kNames[kFaults] = {"sequence_back", "sequence_gap",   "unknown_address",
                                           "address_taken", "name_contested", "stale_stream",
                                           "odd_interval",  "too_many_nodes", "no_hello"};
  return kNames[static_cast<std::size_t>(fault)];
}

Fleet::Fleet(const FleetOptions& options, const AddressTable& addresses, MonotonicTime start)
    : options_(options), addresses_(addresses), start_(start) {}

NodeIndex Fleet::Restore(const StoredNode& stored) {
  const NodeIndex index = FindOrAdd(stored.name);
  if (index == kNoNode) return kNoNode;
  Node& node = nodes_[index];
  node.software_version = stored.software_version;
  node.interval = std::clamp(stored.interval, kShortestInterval, kLongestInterval);
  node.declares_hosting = stored.declares_hosting;
  node.load = stored.load;
  node.judged_from = start_ + options_.restart_grace;
  node.dead = stored.state == NodeState::kDead;
  node.left = stored.state == NodeState::kLeaving;
  node.healthy = stored.state != NodeState::kUnhealthy;
  node.order = stored.order;
  node.place = stored.place;
  SetAddresses(index, stored.addresses);
  Claim(index);
  std::tie(node.state, node.reason) = StateOf(node);
  return index;
}

NodeIndex Fleet::Apply(const Event& event) {
  if (const auto* hello = std::get_if<Hello>(&event.what)) return OnHello(event, *hello);
  if (const auto* beat = std::get_if<Heartbeat>(&event.what)) return OnHeartbeat(event, *beat);
  if (const auto* leaving = std::get_if<Leaving>(&event.what)) return OnLeaving(event, *leaving);
  return OnClosed(event, std::get<StreamClosed>(event.what));
}

NodeIndex Fleet::OnHello(const Event& event, const Hello& hello) {
  const NodeIndex index = FindOrAdd(hello.node);
  if (index == kNoNode) {
    Count(Fault::kTooManyNodes);
    outcome_.directives.emplace_back(
        event.stream, Refusal{"node '" + hello.node + "' is one too many: this dnsd keeps " +
                              std::to_string(options_.max_nodes) + " nodes at most"});
    return kNoNode;
  }
  TakeStream(index, event, hello);
  Node& node = nodes_[index];
  node.software_version = hello.software_version;
  if (node.place != hello.place) places_ = nullptr;
  node.place = hello.place;
  SetAddresses(index, hello.addresses);
  std::vector<std::string> warnings = Shortened(Claim(index));
  for (const std::string& warning : warnings) {
    outcome_.warnings.push_back("node " + node.name + ": " + warning);
  }
  outcome_.directives.emplace_back(event.stream, Accepted{std::move(warnings)});
  TakeInterval(node, event, hello.interval);
  node.storage = {};  // what it does not tell now it has not
  TakeHosting(index, hello.state.hosting, true);
  TakeReport(index, hello.state, event.arrival);
  return index;
}

NodeIndex Fleet::OnHeartbeat(const Event& event, const Heartbeat& beat) {
  const NodeIndex index = Speaker(event);
  if (index == kNoNode) return kNoNode;
  Node& node = nodes_[index];
  if (beat.sequence <= node.sequence) {
    NoteDisorder(node, Fault::kSequenceBack,
                 "heartbeat " + std::to_string(beat.sequence) + " came after " +
                     std::to_string(node.sequence) + " and is ignored",
                 event.arrival);
    return kNoNode;
  }
  CheckSequence(node, event, beat);
  TakeHosting(index, beat.hosting, false);
  if (node.dead) {
    for (const std::string& warning : Shortened(Claim(index))) {
      outcome_.warnings.push_back("node " + node.name + ": " + warning);
    }
  }
  TakeReport(index, beat, event.arrival);
  return index;
}

NodeIndex Fleet::OnLeaving(const Event& event, const Leaving& leaving) {
  const NodeIndex index = Speaker(event);
  if (index == kNoNode) return kNoNode;
  nodes_[index].left = true;
  nodes_[index].health_detail = leaving.reason;
  GiveUpAddresses(index);
  Judge(index, event.arrival);
  return kNoNode;
}

NodeIndex Fleet::OnClosed(const Event& event, const StreamClosed& closed) {
  const auto at = streams_.find(event.stream);
  if (at == streams_.end()) return kNoNode;
  const NodeIndex index = at->second.node;
  streams_.erase(at);
  Node& node = nodes_[index];
  if (node.stream != event.stream) return kNoNode;  // a newer one speaks for the node
  node.stream = kNoStream;
  node.closed = true;
  if (!closed.reason.empty() && !node.left) node.health_detail = closed.reason;
  Judge(index, event.arrival);
  return kNoNode;
}

NodeIndex Fleet::Speaker(const Event& event) {
  const auto at = streams_.find(event.stream);
  if (at == streams_.end()) {
    Count(Fault::kNoHello);
    return kNoNode;
  }
  const NodeIndex index = at->second.node;
  Node& node = nodes_[index];
  if (node.stream == event.stream) return index;
  NoteDisorder(node, Fault::kStaleStream,
               "a heartbeat on a stream that a newer one took over from is ignored", event.arrival);
  // A message under way when the new stream came is no contest; one an interval later is.
  const bool another_boot = at->second.boot_id != node.boot_id;
  if (another_boot && event.arrival > node.hello + node.interval) NoteContest(node, event.arrival);
  return kNoNode;
}

NodeIndex Fleet::Find(const std::string& name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? kNoNode : at->second;
}

NodeIndex Fleet::FindOrAdd(const std::string& name) {
  if (const NodeIndex known = Find(name); known != kNoNode) return known;
  if (nodes_.size() >= options_.max_nodes) return kNoNode;
  const auto index = static_cast<NodeIndex>(nodes_.size());
  by_name_.emplace(name, index);
  places_ = nullptr;
  Node& node = nodes_.emplace_back();
  node.name = name;
  node.heard = node.last_usable = node.judged_from = start_;
  return index;
}

std::shared_ptr<const std::vector<NamedPlace>> Fleet::places() {
  if (places_ != nullptr) return places_;
  std::vector<NamedPlace> all;
  all.reserve(nodes_.size());
  for (const Node& node : nodes_) all.push_back({node.name, node.place});
  places_ = std::make_shared<const std::vector<NamedPlace>>(std::move(all));
  return places_;
}

// The newest stream speaks for the node. A boot that comes back after another took over from it
// never ended: two reporters live, and fight over the name.
void Fleet::TakeStream(NodeIndex index, const Event& event, const Hello& hello) {
  Node& node = nodes_[index];
  streams_[event.stream] = {index, hello.boot_id};
  if (node.boot_id != 0 && hello.boot_id != node.boot_id) {
    const bool came_back = hello.boot_id == node.previous_boot;
    node.previous_boot = node.boot_id;
    if (came_back) NoteContest(node, event.arrival);
    RefuseRival(node);
  }
  node.stream = event.stream;
  node.hello = event.arrival;
  node.boot_id = hello.boot_id;
  node.sequence = 0;
  node.closed = false;
}

// Tells the reporter that spoke for the node so far to go. If it lives, it tries again after a
// while: so it is heard if the other has gone by then.
void Fleet::RefuseRival(const Node& node) {
  if (node.stream == kNoStream || node.left) return;
  outcome_.directives.emplace_back(
      node.stream, Refusal{"node name '" + node.name +
                           "' is now used by another reporter, which has just said Hello; wanted "
                           "a name of its own for each machine"});
}

void Fleet::TakeInterval(Node& node, const Event& event, Duration interval) {
  node.interval = std::clamp(interval, kShortestInterval, kLongestInterval);
  if (node.interval == interval) return;
  Count(Fault::kOddInterval);
  outcome_.warnings.push_back("node " + node.name + ": it reports every " +
                              std::to_string(Seconds(interval)) +
                              " s; asked to report within 0.1 to 60 s");
  outcome_.directives.emplace_back(event.stream, SetInterval{node.interval});
}

void Fleet::CheckSequence(Node& node, const Event& event, const Heartbeat& beat) {
  if (beat.sequence == node.sequence + 1) return;
  Count(Fault::kSequenceGap);
  const bool is_whole =
      beat.hosting.kind == HostingKind::kAll || beat.hosting.kind == HostingKind::kFull;
  if (is_whole || node.resend_asked) return;
  node.resend_asked = true;
  outcome_.directives.emplace_back(
      event.stream, ResendFull{"heartbeats between " + std::to_string(node.sequence) + " and " +
                               std::to_string(beat.sequence) + " were lost"});
}

// `is_whole`: of a Hello, where no list means every site and a difference is one from nothing.
void Fleet::TakeHosting(NodeIndex index, const HostingReport& report, bool is_whole) {
  Node& node = nodes_[index];
  HostingKind kind = report.kind;
  if (is_whole && kind == HostingKind::kUnchanged) kind = HostingKind::kAll;
  if (is_whole && kind == HostingKind::kDifference) kind = HostingKind::kFull;
  if (kind == HostingKind::kFull) {
    hosting_.SetFull(index, report.sites);
  } else if (kind == HostingKind::kAll) {
    hosting_.SetAll(index, report.sites);
  } else if (kind == HostingKind::kDifference && node.declares_hosting) {
    hosting_.Change(index, report.sites, report.removed);
  } else if (kind == HostingKind::kDifference) {
    hosting_.ChangeAll(index, report.sites, report.removed);
  }
  if (kind == HostingKind::kFull || kind == HostingKind::kAll) {
    node.declares_hosting = kind == HostingKind::kFull;
    node.resend_asked = false;
  }
}

void Fleet::TakeReport(NodeIndex index, const Heartbeat& beat, MonotonicTime now) {
  Node& node = nodes_[index];
  const bool is_new = node.state == NodeState::kUnknown;
  const bool was_away = node.dead || (node.left && now >= DeadAt(node));
  if (was_away || (is_new && now >= start_ + options_.warm_up)) WarmUp(node, now);
  node.reported = true;
  node.heard = std::max(node.heard, now);  // stamps of two threads may cross
  node.judged_from = node.heard;
  node.sequence = beat.sequence;
  node.load = beat.load;
  node.demand.Take(beat.demand);
  if (beat.storage) node.storage = *beat.storage;
  node.names_decider = beat.names_decider;
  node.tasks = beat.tasks;
  node.healthy = beat.healthy;
  node.health_detail = beat.health_detail;
  node.left = node.dead = node.silent = false;
  Judge(index, now);
}

void Fleet::NoteDisorder(Node& node, Fault fault, const std::string& what, MonotonicTime now) {
  Count(fault);
  if (node.order_warned && now < *node.order_warned + kWarningEvery) return;
  node.order_warned = now;
  outcome_.warnings.push_back("node " + node.name + ": " + what);
}

void Fleet::NoteContest(Node& node, MonotonicTime now) {
  Count(Fault::kNameContested);
  if (node.contest_warned && now < *node.contest_warned + kWarningEvery) return;
  node.contest_warned = now;
  outcome_.warnings.push_back("node " + node.name +
                              ": two live reporters speak for this name; the newest is believed. "
                              "Give each machine a name of its own");
}

}  // namespace dnsd::fleet
