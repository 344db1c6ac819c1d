// What operators ask of placement.
#include <algorithm>
#include <utility>

#include "dnsd/placement/placer.h"
#include "dnsd/wire/name.h"

namespace dnsd::placement {
namespace {

using Kind = Action::Kind;

// The site in the form that it is kept in.
absl::StatusOr<std::string> SiteNamed(const std::string& text) {
  const auto name = wire::Name::Parse(text);
  if (!name) return absl::InvalidArgumentError("site '" + text + "': wanted a domain name");
  return name->ToString();
}

absl::StatusOr<fleet::NodeIndex> NodeNamed(const World& world, const std::string& text) {
  const fleet::NodeIndex node = world.fleet.Find(text);
  if (node == fleet::kNoNode) return absl::NotFoundError("no node is named '" + text + "'");
  return node;
}

absl::Status InHand(const Action& action) {
  return absl::FailedPreconditionError(
      "an action is in hand there already: " + std::string(NameOf(action.kind)) + " " +
      action.site + " on " + action.node + ", " + NameOf(action.phase));
}

}  // namespace

absl::StatusOr<Action> Placer::Expand(const World& world, const std::string& site,
                                      const std::string& node, const std::string& why) {
  const auto name = SiteNamed(site);
  if (!name.ok()) return name.status();
  const auto index = NodeNamed(world, node);
  if (!index.ok()) return index.status();
  const fleet::Node& target = world.fleet.nodes()[*index];
  const PoolNodes pool = pool_of_(*name);
  if (pool == nullptr) {
    return absl::NotFoundError("no zone has a pool for " + *name + "; wanted a site");
  }
  if (std::ranges::find(*pool, *index) == pool->end()) {
    return absl::FailedPreconditionError("node " + node + " has no address in the pool of " +
                                         *name + ": no answer would name it; add one to the zone");
  }
  if (!target.storage.takes_replicas) {
    return absl::FailedPreconditionError(
        "node " + node + " takes no replicas: its reporter has no `replicas` hooks");
  }
  if (target.stream == fleet::kNoStream) {
    return absl::FailedPreconditionError("node " + node + " is not connected: it is " +
                                         fleet::NameOf(target.state));
  }
  if (const Action* in_hand = ledger_.Find(*name, node)) {
    if (in_hand->phase != Action::Phase::kLeaving) return InHand(*in_hand);
    Action back = *in_hand;
    ledger_.Undo(in_hand->id, "an operator wants it", world.wall);
    return back;
  }
  if (!target.declares_hosting) {
    return absl::FailedPreconditionError("node " + node +
                                         " hosts every site of its pools: it names none");
  }
  const Sight sight = Look(world, {.site = *name, .node = node});
  if (sight.answers) return absl::FailedPreconditionError("node " + node + " hosts " + *name);
  if (SourcesFor(world, *name, *index).empty()) {
    return absl::FailedPreconditionError("no node that serves has " + *name +
                                         " ready: there is nothing to copy from");
  }
  Action action{.kind = Kind::kExpand, .site = *name, .node = node};
  action.by_hand = true;
  action.why = why;
  return BeginAction(world, std::move(action));
}

absl::StatusOr<Action> Placer::Contract(const World& world, const std::string& site,
                                        const std::string& node, const std::string& why) {
  const auto name = SiteNamed(site);
  if (!name.ok()) return name.status();
  const auto index = NodeNamed(world, node);
  if (!index.ok()) return index.status();
  if (const Action* in_hand = ledger_.Find(*name, node)) return InHand(*in_hand);
  const Sight sight = Look(world, {.site = *name, .node = node});
  if (!sight.hosts) {
    return absl::FailedPreconditionError("node " + node + " does not host " + *name + " by name");
  }
  if (sight.is_home) {
    return absl::FailedPreconditionError("node " + node + " is the home of " + *name +
                                         ": its content is made there");
  }
  if (marks_.pinned.contains({*name, node})) {
    return absl::FailedPreconditionError(*name + " is pinned to node " + node + ": unpin it first");
  }
  if (!world.fleet.nodes()[*index].storage.takes_replicas) {
    return absl::FailedPreconditionError(
        "node " + node + " withdraws nothing: its reporter has no `replicas` hooks");
  }
  const std::size_t least = std::max<std::size_t>(settings_.Of(*name).least, 1);
  if (sight.others < least) {
    return absl::FailedPreconditionError(std::to_string(sight.others) + " other replicas of " +
                                         *name + " are ready, wanted " + std::to_string(least) +
                                         " (`least`): expand it elsewhere first");
  }
  Action action{.kind = Kind::kContract, .site = *name, .node = node};
  action.by_hand = true;
  action.why = why;
  return BeginAction(world, std::move(action));
}

std::vector<Proposal> Placer::Plan(const World& world) { return ProposalsOf(Gather(world), world); }

std::vector<Action> Placer::Apply(const World& world) {
  std::vector<Action> begun;
  for (const Proposal& proposal : Plan(world)) {
    if (ledger_.Find(proposal.site, proposal.node) != nullptr) continue;
    Begin(world, proposal, true);
    // None is begun where a contraction of the site has been taken back instead.
    const Action* action = ledger_.Find(proposal.site, proposal.node);
    if (action != nullptr) begun.push_back(*action);
  }
  plan_.clear();
  return begun;
}

absl::StatusOr<bool> Placer::Pin(const World& world, const std::string& site,
                                 const std::string& node, bool pinned) {
  const auto name = SiteNamed(site);
  if (!name.ok()) return name.status();
  if (pinned) {
    const auto index = NodeNamed(world, node);
    if (!index.ok()) return index.status();
  }
  const SiteAtNode where{*name, node};
  const Action* in_hand = ledger_.Find(*name, node);
  const bool goes = in_hand != nullptr && in_hand->kind == Kind::kContract;
  if (pinned && goes && !ledger_.Undo(in_hand->id, "pinned", world.wall)) return InHand(*in_hand);
  const bool changed = pinned ? marks_.pinned.insert(where).second : marks_.pinned.erase(where) > 0;
  if (!changed && !pinned) {
    return absl::NotFoundError(*name + " is not pinned to node '" + node + "'");
  }
  marks_changed_ = marks_changed_ || changed;
  grants_changed_ = grants_changed_ || changed;
  return changed;
}

absl::StatusOr<bool> Placer::Freeze(const World& world, const std::string& site, bool frozen) {
  const auto name = SiteNamed(site);
  if (!name.ok()) return name.status();
  const bool changed = frozen ? marks_.frozen.insert(*name).second : marks_.frozen.erase(*name) > 0;
  if (!changed && !frozen) return absl::NotFoundError(*name + " is not frozen");
  if (frozen) UndoDecisions("frozen", &*name, world.wall);
  marks_changed_ = marks_changed_ || changed;
  grants_changed_ = grants_changed_ || changed;
  return changed;
}

PlacementReport Placer::Report() const {
  PlacementReport report;
  report.mode = settings_.mode;
  report.lead = lead_;
  for (const auto& [id, action] : ledger_.actions()) report.in_hand.push_back(action);
  report.recent.assign(recent_.begin(), recent_.end());
  report.plan = plan_;
  report.shortages = shortages_;
  report.marks = marks_;
  report.counts = counts_;
  report.rounds = rounds_;
  report.sites = sites_;
  for (const auto& [site, behind] : freshness_.behind()) report.behind += behind.nodes.size();
  report.withheld = withheld_.size();
  report.cpus_per_request = demands_.cpus_per_request();
  return report;
}

}  // namespace dnsd::placement
