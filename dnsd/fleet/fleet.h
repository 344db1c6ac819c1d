// The fleet as the control loop knows it: every node's facts with their times, and the states that
// follow from them.
//
//   first report ──> alive or warming <──> suspect ──> dead ──(reports again)──> warming
//                          │  ^
//            own check     v  │            Leaving ──> leaving ──(a new Hello)──> alive
//            fails:     unhealthy
//
// An operator's order stands above these: draining, disabled.
//
// Pure: no socket and no clock; the time is an argument. Used by the control thread alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dnsd/base/address_table.h"
#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/fleet/demand.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/fleet/hosting.h"
#include "dnsd/fleet/hosting_builder.h"
#include "dnsd/fleet/inbox.h"
#include "dnsd/fleet/node_state.h"
#include "dnsd/fleet/order.h"
#include "dnsd/fleet/place.h"

namespace dnsd::fleet {

struct FleetOptions {
  std::size_t max_nodes = 16384;
  double suspect_after = 1.5;  // in intervals of the node
  double dead_after = 3;       // likewise; at least suspect_after
  Duration warm_up = std::chrono::seconds(30);
  Duration restart_grace = std::chrono::seconds(10);  // before a restored node is judged silent
};

// What reporters do that they should not. The values index counters: append only.
enum class Fault : std::uint8_t {
  kSequenceBack,    // a heartbeat not newer than the last of its boot: ignored
  kSequenceGap,     // heartbeats were lost, and the hosting may have changed in them
  kUnknownAddress,  // a service address outside every pool
  kAddressTaken,    // a service address that another live node holds
  kNameContested,   // two live reporters speak for one node
  kStaleStream,     // a message on a stream whose node has a newer one
  kOddInterval,     // an interval outside 0.1 to 60 s
  kTooManyNodes,    // a node beyond max_nodes: refused
  kNoHello,         // a message on a stream that brought no Hello, or was refused
};
inline constexpr std::size_t kFaults = 9;
const char* NameOf(Fault fault);  // as metrics label it: "sequence_back"

struct Transition {
  NodeIndex node = kNoNode;
  NodeState from = NodeState::kUnknown;
  NodeState to = NodeState::kUnknown;
  std::string reason;
};

// One node. Written by Fleet alone.
struct Node {
  std::string name;
  NodeState state = NodeState::kUnknown;
  std::string reason;                // why it is in this state
  std::vector<IpAddress> addresses;  // as claimed, each once
  std::vector<IpAddress> refused;    // of those, what another node holds
  std::string software_version;
  Place place;  // as its reporter says
  Duration interval = std::chrono::seconds(1);
  bool declares_hosting = false;
  Load load;  // of the last report
  NodeDemand demand;
  Storage storage;                // as last told; nothing told: it takes no replicas
  bool names_decider = false;     // this dnsd, for its sites
  std::vector<TaskReport> tasks;  // of the last report
  std::string health_detail;
  Order order;

  bool reported = false;        // in this process
  MonotonicTime heard;          // last report; the start of the process while !reported
  MonotonicTime judged_from;    // no silence is held against it before
  MonotonicTime last_usable;    // when its state last ceased to allow answers
  MonotonicTime usable_since;   // when it last allowed them again; the epoch: it always has
  MonotonicTime warming_since;  // meaningful while warming

  StreamId stream = kNoStream;      // the one that speaks for it; kNoStream once closed
  MonotonicTime hello;              // when that stream began
  std::uint64_t boot_id = 0;        // of that stream
  std::uint64_t previous_boot = 0;  // the boot that the current one took over from; 0: none
  std::uint64_t sequence = 0;
  bool resend_asked = false;
  std::optional<MonotonicTime> contest_warned;
  std::optional<MonotonicTime> order_warned;  // of sequences and stale streams

  bool healthy = true;   // its own word
  bool failing = false;  // SetFailing
  bool left = false;     // said Leaving
  bool closed = false;   // its stream ended without a word
  bool silent = false;   // past SuspectAt
  bool dead = false;     // past DeadAt, until it reports
  bool warming = false;
  bool flapping = false;    // died too often: out until the penalty has faded below 1
  double flap_penalty = 0;  // 1 a death, as of flap_time; halves every kFlapHalfLife
  MonotonicTime flap_time;

  bool is_gone() const { return dead || left; }
};

// What a restart needs to know of a node. The position in the store is its NodeIndex.
struct StoredNode {
  std::string name{};
  std::vector<IpAddress> addresses{};
  std::string software_version{};
  Duration interval = std::chrono::seconds(1);
  NodeState state = NodeState::kUnknown;
  bool declares_hosting = false;
  Load load{};
  Order order{};
  Place place{};

  friend bool operator==(const StoredNode&, const StoredNode&) = default;
};

// What happened since the last TakeOutcome, for the control loop to pass on.
struct Outcome {
  std::vector<Transition> transitions;
  std::vector<std::pair<StreamId, Directive>> directives;
  std::vector<std::string> warnings;  // for the log
};

class Fleet {
 public:
  // Borrows `addresses`. A node first seen within `warm_up` of `start` counts as warm: then it is
  // dnsd that is new, and nothing says that the node is.
  Fleet(const FleetOptions& options, const AddressTable& addresses, MonotonicTime start);

  // Adds a node as stored. Alive and its like become usable at once, and are judged by silence
  // once `restart_grace` is over; dead and leaving stay until they report. Before any Apply.
  NodeIndex Restore(const StoredNode& stored);
  // Takes the hosting over as stored, its nodes those of Restore. Before any Apply.
  void RestoreHosting(std::shared_ptr<const HostingTable> table) {
    hosting_.Adopt(std::move(table));
  }

  // Takes one event in. The node whose load it brought, or kNoNode.
  NodeIndex Apply(const Event& event);
  // Judges silence, ends warm-ups and penalties that are due at `now`.
  void Advance(MonotonicTime now);
  // When Advance next has something to do; nothing while all is quiet for good.
  std::optional<MonotonicTime> NextDeadline() const;
  // Holds no silence before `time` against any node: dnsd itself was stopped or starved.
  void ForgiveUntil(MonotonicTime time);
  // Whether more than half of the node's requests fail: it is suspect while they do.
  void SetFailing(NodeIndex node, bool failing, MonotonicTime now);
  // What an operator says of the node from `now` on; kNone takes back what was said. A node that
  // may answer again warms up.
  void SetOrder(NodeIndex node, Order order, MonotonicTime now);
  // The state that the node would be in without an order.
  NodeState OwnState(NodeIndex node) const { return OwnStateOf(nodes_[node]).first; }
  // Binds the nodes' addresses anew, after the address table has grown.
  void RebindAddresses();

  // 1 for a warm node; up to 10 for one that has just come: 1 / max(0.1, t / warm_up).
  double WarmUpFactor(NodeIndex node, MonotonicTime now) const;
  const std::vector<Node>& nodes() const { return nodes_; }
  // kNoNode: nobody of that name is known.
  NodeIndex Find(const std::string& name) const;
  // By AddressId; kNoNode: unmanaged. May be shorter than the address table.
  const std::vector<NodeIndex>& node_of() const { return node_of_; }
  // The sites hosted, all reports so far applied.
  std::shared_ptr<const HostingTable> hosting() { return hosting_.Build(); }
  // By NodeIndex: who the nodes are and where their reporters say they are. The same list until
  // that changes.
  std::shared_ptr<const std::vector<NamedPlace>> places();
  // Sites, or exceptions, that the node named.
  std::size_t hosted_count(NodeIndex node) const { return hosting_.site_count(node); }
  std::uint64_t fault_count(Fault fault) const { return faults_[static_cast<std::size_t>(fault)]; }
  Outcome TakeOutcome() { return std::exchange(outcome_, {}); }

 private:
  struct Stream {
    NodeIndex node = kNoNode;
    std::uint64_t boot_id = 0;
  };

  // A death of the last seconds, and the node's penalty before it.
  struct Death {
    NodeIndex node = kNoNode;
    MonotonicTime at;
    double penalty = 0;
    MonotonicTime penalty_time;
    bool flapping = false;
  };

  NodeIndex OnHello(const Event& event, const Hello& hello);
  NodeIndex OnHeartbeat(const Event& event, const Heartbeat& beat);
  NodeIndex OnLeaving(const Event& event, const Leaving& leaving);
  NodeIndex OnClosed(const Event& event, const StreamClosed& closed);
  // The node that `event`'s stream speaks for; kNoNode, counted, if it speaks for none (any more).
  NodeIndex Speaker(const Event& event);
  NodeIndex FindOrAdd(const std::string& name);
  void TakeStream(NodeIndex index, const Event& event, const Hello& hello);
  void TakeInterval(Node& node, const Event& event, Duration interval);
  void TakeHosting(NodeIndex index, const HostingReport& report, bool is_whole);
  void TakeReport(NodeIndex index, const Heartbeat& beat, MonotonicTime now);
  void CheckSequence(Node& node, const Event& event, const Heartbeat& beat);
  void NoteContest(Node& node, MonotonicTime now);
  // Counts the fault, and warns of it at most once a minute and node.
  void NoteDisorder(Node& node, Fault fault, const std::string& what, MonotonicTime now);
  void RefuseRival(const Node& node);

  // Who holds which address (fleet_addresses.cc).
  void SetAddresses(NodeIndex index, const std::vector<IpAddress>& addresses);
  std::vector<std::string> Claim(NodeIndex index);
  void GiveUpAddresses(NodeIndex index);
  bool PassOn(const IpAddress& address, NodeIndex from);
  void Bind(const IpAddress& address, NodeIndex node);

  // Silence, and what follows (fleet_judge.cc).
  MonotonicTime SuspectAt(const Node& node) const;
  MonotonicTime DeadAt(const Node& node) const;
  MonotonicTime WarmAt(const Node& node) const { return node.warming_since + options_.warm_up; }
  void Advance(NodeIndex index, MonotonicTime now);
  void WarmUp(Node& node, MonotonicTime now);
  void Die(NodeIndex index, MonotonicTime now);
  void ForgiveCommonDeaths(MonotonicTime now);
  void Judge(NodeIndex index, MonotonicTime now);
  std::pair<NodeState, std::string> StateOf(const Node& node) const;
  std::pair<NodeState, std::string> OwnStateOf(const Node& node) const;
  void Count(Fault fault) { ++faults_[static_cast<std::size_t>(fault)]; }

  const FleetOptions options_;
  const AddressTable& addresses_;
  const MonotonicTime start_;
  std::vector<Node> nodes_;
  std::unordered_map<std::string, NodeIndex> by_name_;
  std::unordered_map<StreamId, Stream> streams_;                     // open ones
  std::unordered_map<IpAddress, NodeIndex, IpAddressHash> holders_;  // of every address claimed
  std::vector<NodeIndex> node_of_;
  std::vector<Death> deaths_;  // oldest first
  HostingBuilder hosting_;
  std::shared_ptr<const std::vector<NamedPlace>> places_;  // null once something has changed
  std::array<std::uint64_t, kFaults> faults_{};
  Outcome outcome_;
};

}  // namespace dnsd::fleet
