// Which nodes should host which site: from what is asked and what is free to a list of actions,
// each with its reason. The rule and its figures are in docs/placement.md.
//
//   demand of each site (SiteTrend) ──┐
//   nodes: capacity, load, storage ───┼──> Decide ──> expand SITE on NODE from NODES, because ...
//   replicas: ready, coming, going ───┘               contract SITE on NODE, because ...
//
// Pure: time is an argument, and the same state gives the same actions. The unit of demand and of
// capacity is the CPU: a site that keeps two CPUs busy has a demand of 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"

namespace dnsd::policy {

// One node, known by its position in PlacementState::nodes.
struct PlacementNode {
  double cpus = 1;           // what it can serve
  double load = 0;           // share of that in use, of some seconds: 0 idle, 1 full, may pass 1
  bool serves = true;        // answers may name it; false: its replicas carry nothing
  bool lost = false;         // dead beyond the grace time: its replicas do not count as such
  bool evacuates = false;    // drained or disabled: what it has is to be had elsewhere as well
  bool takes = true;         // may be given replicas
  std::uint64_t quota = 0;   // octets, for replicas; 0: no bound known
  std::uint64_t used = 0;    // octets
  std::uint32_t group = 0;   // replicas of a site keep to different ones; 0: of none
  double bandwidth = 125e6;  // octets a second, of a copy to or from it
};

enum class ReplicaPhase : std::uint8_t {
  kReady,   // answers
  kComing,  // being made
  kGoing,   // taken out of the answers, not yet withdrawn
  kUnwell,  // there, but not ready or not healthy
};

struct PlacementReplica {
  std::uint32_t node = 0;
  ReplicaPhase phase = ReplicaPhase::kReady;
  bool home = false;            // never contracted
  bool pinned = false;          // likewise, by the operator's word
  double demand = 0;            // CPUs that this site takes here, of some seconds
  MonotonicTime since{};        // when it came to this phase
  std::uint32_t transfers = 0;  // copies being made from it
};

struct PlacementSite {
  std::vector<PlacementReplica> replicas{};  // by rising node, each node once
  std::vector<std::uint32_t> barred{};       // nodes that may not have it now: by rising node
  // Nodes that may have it at all, by rising node; null: any. Sites of one pool share it.
  std::shared_ptr<const std::vector<std::uint32_t>> pool{};
  double demand = 0;        // expected CPUs: of the last second or two
  double trend = 0;         // by how much the demand grows, CPUs a second
  double lasting = 0;       // demand of the last ten minutes
  std::uint64_t bytes = 0;  // of one replica; 0: not known
  std::uint32_t least = 2;  // replicas that are kept
  std::uint32_t most = 0;   // 0: no bound
  bool frozen = false;      // no action, by the operator's word
};

struct PlacementState {
  std::vector<PlacementNode> nodes{};
  std::vector<PlacementSite> sites{};
};

struct PlacementRules {
  enum class Contract : std::uint8_t { kLazy, kEager };
  // What is known of the storage of others when a node is chosen: nothing; that it has evicted of
  // late (the caller bars or untakes it); sizes and what is free.
  enum class Storage : std::uint8_t { kNaive, kDeletionAware, kResourceAware };
  // Where a new replica is fetched from: the newest one on the way, which relays what it has; the
  // ready one that serves the fewest; always the same one.
  enum class Copy : std::uint8_t { kChain, kTree, kStar };

  Contract contract = Contract::kLazy;
  Storage storage = Storage::kResourceAware;
  Copy copy = Copy::kChain;
  bool jump = true;       // to the number needed at once; false: one replica, and see
  double high = 0.7;      // load of a site's idlest replica above which it is expanded
  double low = 0.5;       // load that those left must stay below when one is contracted
  double headroom = 0.1;  // replicas are filled to the mean load and this, ...
  double least_target = 0.6, most_target = 0.95;  // ... within these
  double most_growth = 4;  // the expected demand is at most so many times the present one
  double slack = 0.02;     // share of the demand that may stay unserved
  Duration period = std::chrono::seconds(5);
  Duration start = std::chrono::seconds(1);    // of a copy, before the first octet
  Duration hold = std::chrono::seconds(600);   // a replica is kept so long at least
  Duration grace = std::chrono::seconds(300);  // an unwell replica counts as one so long
  std::uint32_t most_actions = 60;             // a round, in all
  std::uint32_t most_node_actions = 4;         // a round, and under way, for one node
  std::uint32_t transfers = 2;                 // that one replica serves at a time
};

enum class PlacementReason : std::uint8_t {
  kDemand,     // its replicas cannot take what is expected
  kMinimum,    // fewer than its least are left
  kEvacuate,   // a node that has it is to be emptied
  kRebalance,  // a replica elsewhere would relieve an overloaded node
  kIdle,       // contracted: the others carry it well
  kRoom,       // contracted: its disk is wanted
  kMost,       // contracted: more than it may have
};
const char* NameOf(PlacementReason reason);  // "demand", ...

struct PlacementAction {
  enum class Kind : std::uint8_t { kExpand, kContract };

  Kind kind = Kind::kExpand;
  std::uint32_t site = 0;  // in PlacementState::sites
  std::uint32_t node = 0;  // in PlacementState::nodes
  // Of an expansion: where to copy from, the best first; the first may itself be on the way
  // (PlacementReplica kComing, or an earlier action of this round), and relays what it has.
  std::vector<std::uint32_t> sources{};
  PlacementReason reason = PlacementReason::kDemand;
  std::string why{};  // in words, with the figures: "demand 3.2 CPUs, its 2 replicas take 1.4"

  friend bool operator==(const PlacementAction&, const PlacementAction&) = default;
};

// A site that has fewer replicas than its least, and why it is given no other.
struct PlacementShortage {
  std::uint32_t site = 0;  // in PlacementState::sites
  std::string why{};       // in words
};

// The actions of one round, repairs first, then sites by falling demand. None that contradicts
// another; never one that takes a site below its least, or its last ready replica. `shortages`:
// gets the sites, a hundred at most, that lack replicas and will go on lacking them.
std::vector<PlacementAction> Decide(const PlacementState& state, const PlacementRules& rules,
                                    MonotonicTime now,
                                    std::vector<PlacementShortage>* shortages = nullptr);

// The demand of one site as Decide wants it, from samples of some seconds' distance: half of what
// is a second old has faded from `demand`, and the trend is the slope of it over some seconds.
class SiteTrend {
 public:
  void Add(double demand, MonotonicTime now);
  double demand() const { return demand_; }
  double trend() const { return trend_; }
  double lasting() const { return lasting_; }
  bool idle() const { return demand_ <= 0 && lasting_ <= 1e-9; }

 private:
  double demand_ = 0, trend_ = 0, lasting_ = 0;
  MonotonicTime time_{};
  bool started_ = false;
};

}  // namespace dnsd::policy
