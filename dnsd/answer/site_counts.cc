// What a chooser counts of its answers: by site and member, and against the nodes.
#include "dnsd/answer/site_chooser.h"
#include "dnsd/wire/name.h"

namespace dnsd::answer {
namespace {

using policy::Candidate;

// Whether the node is a wildcard and `name`, which it stands for, is not its own.
bool IsMadeUp(const zone::Zone& zone, const zone::Node& node, std::span<const std::uint8_t> name) {
  const auto is_asterisk = [](std::span<const std::uint8_t> labels) {
    return labels.size() >= 2 && labels[0] == 1 && labels[1] == '*';
  };
  const std::size_t own_size = node.relative_name().size() + zone.apex().wire().size();
  return is_asterisk(node.relative_name()) && !(is_asterisk(name) && name.size() == own_size);
}

}  // namespace

void SiteChooser::Tally(const SiteQuery& query, const SiteAnswer& answer, std::uint32_t weight) {
  SiteTally::Row* const row = RowOf(query, weight);
  if (row == nullptr) return;
  for (const Candidate& candidate : answer.members) {
    SiteTally::AddMember(*row, candidate.member, query.pool.address(candidate.member), weight);
  }
}

// Clients may make up any name below a wildcard. Only those that somebody hosts are counted by
// themselves; all others are the wildcard's.
SiteTally::Row* SiteChooser::RowOf(const SiteQuery& query, std::uint32_t weight) {
  const auto& [zone, node] = query.stands_at;
  if (node != nullptr && IsMadeUp(*zone, *node, query.name) && HostsOf(query).empty()) {
    const wire::Name owner = zone->name(*node);
    return stats_.sites.Add(owner.Hash(), owner.wire(), weight);
  }
  return stats_.sites.Add(query.hash, query.name, weight);
}

// Every address given out brings its node sessions: it costs more from now on.
void SiteChooser::Count(std::span<const Candidate> chosen) {
  for (const Candidate& candidate : chosen) {
    const fleet::NodeIndex node = candidate.node;
    if (node == fleet::kNoNode) continue;
    const policy::CostFigures& figures = fleet_->nodes[node].figures;
    stats_.answers[node].Add();
    sessions_[node] += figures.sessions_per_answer * answer_scale_;
    costs_[node] = policy::CostOf(figures, sessions_[node]);
    for (Followed& other : followed_) {
      const policy::CostFigures& theirs = other.published->figures[node];
      other.sessions[node] += theirs.sessions_per_answer * answer_scale_;
      other.costs[node] = policy::PriceOf(other.gauge, theirs, other.sessions[node]);
    }
  }
}

void SiteChooser::Forget(const SiteQuery& query, const SiteAnswer& answer) {
  for (const Candidate& candidate : answer.members) {
    const fleet::NodeIndex node = candidate.node;
    if (node == fleet::kNoNode) continue;
    sessions_[node] = fleet_->nodes[node].figures.sessions;
    costs_[node] = fleet_->nodes[node].cost;
    for (Followed& other : followed_) {
      other.sessions[node] = other.published->figures[node].sessions;
      other.costs[node] = other.published->values[node];
    }
  }
  turns_[SlotOf(query)] = 0;
  panicking_.reset(SlotOf(query));
}

}  // namespace dnsd::answer
