#include "dnsd/policy/placement_shortage.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>

#include "dnsd/policy/placement_tally.h"

namespace dnsd::policy {
namespace {

// Nodes that may have the site at all and have not got it, by what is against it.
struct Others {
  std::size_t full = 0;
  std::size_t barred = 0;
  std::size_t closed = 0;  // away, drained, or without hooks
};

bool HasReady(const PlacementRound& round, const PlacementSite& site) {
  return std::any_of(site.replicas.begin(), site.replicas.end(),
                     [&](const PlacementReplica& replica) {
                       const PlacementNode& node = round.node(replica.node);
                       return replica.phase == ReplicaPhase::kReady && !node.lost &&
                              (node.serves || node.evacuates);
                     });
}

// Nothing: a node could take it, and will in a later round.
std::optional<Others> CountOthers(const PlacementRound& round, const PlacementSite& site) {
  Others others;
  std::vector<std::uint32_t> all;
  if (site.pool == nullptr) {
    all.resize(round.state().nodes.size());
    std::iota(all.begin(), all.end(), 0U);
  }
  for (const std::uint32_t node : site.pool == nullptr ? all : *site.pool) {
    const bool has = std::any_of(site.replicas.begin(), site.replicas.end(),
                                 [node](const PlacementReplica& r) { return r.node == node; });
    if (has) continue;
    if (!round.node(node).takes || round.node(node).lost) {
      ++others.closed;
    } else if (std::binary_search(site.barred.begin(), site.barred.end(), node)) {
      ++others.barred;
    } else if (round.Lacking(node, round.BytesOf(site)) > 0) {
      ++others.full;
    } else {
      return std::nullopt;
    }
  }
  return others;
}

std::string Words(const Others& others) {
  std::string text;
  const auto add = [&text](std::size_t count, const char* what) {
    if (count == 0) return;
    text += (text.empty() ? " of the other nodes " : ", ") + std::to_string(count) + what;
  };
  add(others.full, " full");
  add(others.barred, " where it has just failed");
  add(others.closed, " away, drained or without hooks");
  return text.empty() ? " no other node may have it" : text;
}

}  // namespace

std::vector<PlacementShortage> FindShortages(const PlacementRound& round,
                                             const std::vector<std::uint32_t>& sites,
                                             std::size_t most) {
  std::vector<PlacementShortage> shortages;
  for (const std::uint32_t index : sites) {
    if (shortages.size() >= most) break;
    const PlacementSite& site = round.state().sites[index];
    if (round.acted(index)) continue;
    const ReplicaTally tally = Tally(round, site);
    std::string why = " there is nothing to copy from";
    if (HasReady(round, site)) {
      const auto others = CountOthers(round, site);
      if (!others) continue;
      why = Words(*others);
    }
    const char* where =
        tally.emptied > 0 ? " replicas are on nodes that stay;" : " replicas are left;";
    shortages.push_back({index, std::to_string(tally.kept) + " of its least of " +
                                    std::to_string(site.least) + where + why});
  }
  return shortages;
}

}  // namespace dnsd::policy
