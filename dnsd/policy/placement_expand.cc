#include "dnsd/policy/placement_expand.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dnsd/policy/placement_tally.h"
#include "dnsd/policy/placement_turn.h"
#include "dnsd/policy/placement_words.h"

namespace dnsd::policy {
namespace {

constexpr int kRoomTries = 4;    // nodes that room is looked for on
constexpr double kBetter = 0.2;  // of load, that a move to another node must bring

double CopyTime(const PlacementRound& round, const PlacementSite& site) {
  double bandwidth = 0;
  for (const PlacementReplica& replica : site.replicas) {
    bandwidth = std::max(bandwidth, round.node(replica.node).bandwidth);
  }
  const double start = Seconds(round.rules().start);
  return bandwidth > 0 ? start + static_cast<double>(round.BytesOf(site)) / bandwidth : start;
}

// A site's demand and who takes it: its replicas, ready and on the way, up to the target.
class Sharing {
 public:
  Sharing(PlacementTurn& turn, double expected) : turn_(turn), expected_(expected) {
    const PlacementRound& round = turn.round();
    for (const std::uint32_t node : turn.given()) Add(node, 0);
    for (const PlacementReplica& replica : turn.site().replicas) {
      const bool coming = replica.phase == ReplicaPhase::kComing;
      if (!coming && !Answers(round, replica)) continue;
      if (round.node(replica.node).lost) continue;
      Add(replica.node, coming ? 0 : replica.demand);
    }
  }

  double takes() const { return takes_; }
  double need() const { return expected_ - takes_; }
  void Give(std::uint32_t node, double takes) {
    PlacementRound& round = turn_.round();
    parts_.push_back({node, round.busy(node), takes});
    takes_ += takes;
    cpus_ += round.node(node).cpus;
  }

  // Enters it all into the round: each is as full as the others, and what nobody can take weighs on
  // all of them.
  void Settle() {
    PlacementRound& round = turn_.round();
    const double filled = takes_ > expected_ ? expected_ / takes_ : 1;
    const double over = std::max(0.0, need());
    for (const Part& part : parts_) {
      round.SetBusy(part.node,
                    part.others + filled * part.takes + over * round.node(part.node).cpus / cpus_);
    }
  }

 private:
  struct Part {
    std::uint32_t node = 0;
    double others = 0;  // CPUs that other sites take there
    double takes = 0;   // what is left of them up to the target
  };

  void Add(std::uint32_t node, double own) {
    const PlacementRound& round = turn_.round();
    const double others = std::max(0.0, round.busy(node) - own);
    const double cpus = round.node(node).cpus;
    parts_.push_back({node, others, std::max(0.0, cpus * round.target() - others)});
    takes_ += parts_.back().takes;
    cpus_ += cpus;
  }

  PlacementTurn& turn_;
  double expected_;
  std::vector<Part> parts_;
  double takes_ = 0, cpus_ = 0;
};

void MakeRoom(PlacementTurn& turn, PlacementRoom& room, double need, double least) {
  std::vector<std::uint32_t> tried;
  for (int i = 0; i < kRoomTries; ++i) {
    const auto node = turn.Choose({.need = need, .least = least, .full = true, .without = &tried});
    if (!node) return;
    const double takes = std::min(need, turn.round().Spare(*node, turn.round().target()));
    if (room.Make(turn, *node, takes, false)) return;
    tried.push_back(*node);
  }
}

// As many replicas as are needed, while there are nodes and actions left.
void Jump(PlacementTurn& turn, PlacementRoom& room, Sharing& sharing, std::uint32_t count,
          double expected) {
  PlacementRound& round = turn.round();
  const double enough = std::max(kIdleDemand, round.rules().slack * expected);
  for (; count < MostOf(turn.site()) && sharing.need() > enough && round.actions_left() > 0;
       ++count) {
    const auto node = turn.Choose({.need = sharing.need(), .least = enough});
    if (!node) return MakeRoom(turn, room, sharing.need(), enough);
    const double takes = std::min(sharing.need(), round.Spare(*node, round.target()));
    const std::string why = CpusText(expected) + " expected, its " + std::to_string(count) +
                            " replicas take " + CpusText(sharing.takes()) + " up to a load of " +
                            ShareText(round.target());
    if (!turn.Expand(*node, PlacementReason::kDemand, why)) return;
    sharing.Give(*node, takes);
  }
}

// A site that may not have more: its busiest replica should be elsewhere. The one that is too many
// goes once the new one is ready.
void Rebalance(PlacementTurn& turn, const ReplicaTally& tally) {
  PlacementRound& round = turn.round();
  const PlacementReplica* busiest = nullptr;
  for (const PlacementReplica& replica : turn.site().replicas) {
    if (!Answers(round, replica) || replica.home || replica.pinned) continue;
    if (busiest == nullptr || round.load(replica.node) > round.load(busiest->node)) {
      busiest = &replica;
    }
  }
  if (busiest == nullptr || tally.moving() || round.acted(turn.index())) return;
  const double moved = busiest->demand;
  const auto node = turn.Choose({.need = moved});
  if (!node || moved <= kIdleDemand) return;
  const double before = round.load(busiest->node);
  const double after = round.load(*node) + moved / round.node(*node).cpus;
  if (before - after < kBetter) return;
  turn.Expand(*node, PlacementReason::kRebalance,
              "a load of " + ShareText(after) + " there, " + ShareText(before) +
                  " where it is busiest, and it may have no more replicas");
}

void Expand(PlacementTurn& turn, PlacementRoom& room) {
  PlacementRound& round = turn.round();
  const PlacementSite& site = turn.site();
  const ReplicaTally tally = Tally(round, site);
  const bool busy = tally.ready > 0 && tally.idlest > round.rules().high;
  const double expected = ExpectedDemand(round, site);
  Sharing sharing(turn, expected);
  if (busy && expected > 2 * kIdleDemand && !site.frozen) {
    const std::uint32_t count =
        tally.kept + tally.emptied + static_cast<std::uint32_t>(turn.given().size());
    Jump(turn, room, sharing, count, expected);
    if (count >= MostOf(site) && sharing.need() > round.rules().slack * expected) {
      Rebalance(turn, tally);
    }
  }
  if (busy || tally.coming) sharing.Settle();
}

// For comparison: another replica whenever the idlest is too busy, none on the way counted.
void ExpandByOne(PlacementTurn& turn, PlacementRoom& room) {
  PlacementRound& round = turn.round();
  const PlacementSite& site = turn.site();
  const ReplicaTally tally = Tally(round, site);
  if (tally.ready == 0 || tally.coming || round.acted(turn.index()) || site.frozen ||
      site.demand <= 2 * kIdleDemand || tally.idlest <= round.rules().high ||
      tally.kept + tally.emptied >= MostOf(site)) {
    return;
  }
  const auto node = turn.Choose({.need = site.demand});
  if (!node) return MakeRoom(turn, room, site.demand, kIdleDemand);
  turn.Expand(*node, PlacementReason::kDemand,
              "a load of " + ShareText(tally.idlest) + " where it is idlest");
}

}  // namespace

double ExpectedDemand(const PlacementRound& round, const PlacementSite& site) {
  const PlacementRules& rules = round.rules();
  const double ahead = CopyTime(round, site) + Seconds(rules.period);
  return std::clamp(site.demand + site.trend * ahead, site.demand / rules.most_growth,
                    site.demand * rules.most_growth);
}

void ExpandBusy(PlacementRound& round, PlacementRoom& room, std::vector<std::uint32_t> sites) {
  const auto& all = round.state().sites;
  std::sort(sites.begin(), sites.end(), [&](std::uint32_t a, std::uint32_t b) {
    return all[a].demand != all[b].demand ? all[a].demand > all[b].demand : a < b;
  });
  double more = 0;
  for (const std::uint32_t site : sites) {
    if (!all[site].frozen) more += ExpectedDemand(round, all[site]) - all[site].demand;
  }
  if (round.rules().jump) round.Expect(more);
  for (const std::uint32_t site : sites) {
    if (round.actions_left() == 0) return;
    PlacementTurn turn(round, site);
    if (round.rules().jump) {
      Expand(turn, room);
    } else {
      ExpandByOne(turn, room);
    }
  }
}

}  // namespace dnsd::policy
