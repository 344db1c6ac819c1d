// What one round of decisions works on: the nodes as they will be once all that is under way and
// all that was decided has come, and the actions so far.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "dnsd/policy/placement.h"

namespace dnsd::policy {

// Demand, in CPUs, that is none: what a copy is never made for, and nobody misses.
constexpr double kIdleDemand = 1e-3;

// Of the caller's state and rules, which must outlive it. One thread.
class PlacementRound {
 public:
  PlacementRound(const PlacementState& state, const PlacementRules& rules, MonotonicTime now);

  const PlacementState& state() const { return state_; }
  const PlacementRules& rules() const { return rules_; }
  MonotonicTime now() const { return now_; }
  const PlacementNode& node(std::uint32_t i) const { return state_.nodes[i]; }
  double mean_load() const { return mean_load_; }
  double target() const { return target_; }  // up to which load nodes are filled
  // So many CPUs more than now will be wanted: the fleet will be busier, and so is filled higher.
  void Expect(double cpus);

  double busy(std::uint32_t node) const { return plans_[node].busy; }  // CPUs
  double load(std::uint32_t node) const { return busy(node) / state_.nodes[node].cpus; }
  double Spare(std::uint32_t node, double up_to) const {
    return state_.nodes[node].cpus * up_to - busy(node);
  }
  void SetBusy(std::uint32_t node, double cpus);

  // Nodes that may be given replicas, the one with the most spare CPUs up to the target first.
  using Open = std::set<std::pair<double, std::uint32_t>>;  // spare negated, node
  const Open& open() const { return open_; }
  bool IsOpen(std::uint32_t node) const { return plans_[node].open; }
  // Called before a node is weighed: false once so many were that the round would take too long.
  // What is left without is tried in the next one, after what has had its turn.
  bool Look() { return looks_ < kMostLooks && ++looks_ > 0; }

  // Octets of a replica; where that is not known, as many as the mean of those that are.
  std::uint64_t BytesOf(const PlacementSite& site) const {
    return site.bytes > 0 ? site.bytes : mean_bytes_;
  }
  // Share of its quota that is used once it has `more` octets; 0 where that is not known.
  double Fill(std::uint32_t node, std::uint64_t more) const;
  // Octets that lack for a replica of so many there; 0: it fits, or nothing is known.
  std::uint64_t Lacking(std::uint32_t node, std::uint64_t bytes) const;
  // Octets that the node holds above its quota now, and will once what is on its way out has gone.
  std::uint64_t Excess(std::uint32_t node) const;
  // As Lacking, once that has gone.
  std::uint64_t LackingLater(std::uint32_t node, std::uint64_t bytes) const;
  // Of that room so much is spoken for.
  void Claim(std::uint32_t node, std::uint64_t bytes) { plans_[node].claimed += bytes; }

  std::size_t actions_left() const { return rules_.most_actions - actions_.size(); }
  bool MayAct(std::uint32_t node) const {
    return actions_left() > 0 && plans_[node].actions < rules_.most_node_actions;
  }
  // Copies that are being made from the node, of whatever site: they share its bandwidth.
  std::uint32_t transfers(std::uint32_t node) const { return plans_[node].transfers; }
  bool acted(std::uint32_t site) const { return acted_[site]; }
  void Add(PlacementAction action);
  const std::vector<PlacementAction>& actions() const { return actions_; }
  std::vector<PlacementAction> Take() { return std::move(actions_); }

 private:
  struct Plan {
    double busy = 0;
    std::uint64_t disk = 0;     // octets used and promised
    std::uint64_t leaving = 0;  // of those on their way out
    std::uint64_t claimed = 0;  // of those for a site that waits for them
    std::uint32_t actions = 0;  // under way and decided
    std::uint32_t transfers = 0;
    bool open = false;
    double key = 0;  // in open_
  };

  static constexpr std::size_t kMostLooks = 500'000;

  void CountNodes();
  void CountMoves();
  bool CanOpen(std::uint32_t node) const;
  void Reorder(std::uint32_t node);

  const PlacementState& state_;
  const PlacementRules& rules_;
  MonotonicTime now_;
  double cpus_ = 0;  // of all that serve
  double mean_load_ = 0, target_ = 0;
  std::uint64_t mean_bytes_ = 0;
  std::vector<Plan> plans_;
  Open open_;
  std::size_t looks_ = 0;
  std::vector<bool> acted_;
  std::vector<PlacementAction> actions_;
};

}  // namespace dnsd::policy
