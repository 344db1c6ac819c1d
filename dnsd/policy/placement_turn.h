// One site's turn in a round: which nodes are best for a replica of it, and where to copy from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/policy/placement_round.h"

namespace dnsd::policy {

class PlacementTurn {
 public:
  // What a node is wanted for.
  struct Wish {
    double need = 0;  // CPUs that it should take
    // So many at least, or a twentieth of the node's, unless `anyhow`: less is not worth a copy.
    double least = kIdleDemand;
    bool anyhow = false;                                  // a node without spare CPUs will do
    bool full = false;                                    // so will one whose disk is full
    const std::vector<std::uint32_t>* without = nullptr;  // not these; null: none left out
  };

  PlacementTurn(PlacementRound& round, std::uint32_t site);

  PlacementRound& round() const { return round_; }
  std::uint32_t index() const { return index_; }
  const PlacementSite& site() const { return site_; }
  // Nodes that were given a replica in this round, in this turn or before.
  const std::vector<std::uint32_t>& given() const { return given_; }
  std::uint64_t bytes() const { return round_.BytesOf(site_); }

  // The node of the highest opportunity cost avoided, min(need, spare)/(1 + 100^(disk fill - 1));
  // in a group that has no replica yet where there is one, until the least is spread over as many.
  std::optional<std::uint32_t> Choose(const Wish& wish);

  // Takes a replica to the node; false, and nothing done, if there is none to copy from now.
  bool Expand(std::uint32_t node, PlacementReason reason, std::string why);

 private:
  struct Best {
    double value = 0;
    std::optional<std::uint32_t> node;
  };

  bool MayHave(std::uint32_t node) const;
  void Weigh(const Wish& wish, std::uint32_t node, Best& any, Best& apart) const;
  bool WantsGroups() const { return groups_.size() < site_.least; }
  bool IsApart(std::uint32_t node) const;
  void TakeGroup(std::uint32_t node);
  std::vector<std::uint32_t> Sources();

  PlacementRound& round_;
  std::uint32_t index_;
  const PlacementSite& site_;
  std::vector<std::uint32_t> given_;
  std::vector<std::uint32_t> groups_;     // of the replicas; each node of group 0 is one of its own
  std::vector<std::uint32_t> transfers_;  // begun in this turn, by replica
};

}  // namespace dnsd::policy
