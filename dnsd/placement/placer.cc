#include "dnsd/placement/placer.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "dnsd/wire/name.h"

namespace dnsd::placement {
namespace {

using Kind = Action::Kind;
using Phase = Action::Phase;

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr Duration kShortestBar = std::chrono::minutes(1);
constexpr Duration kStoreTime = std::chrono::seconds(3);  // then nothing is begun any more
constexpr Duration kUnledTime = std::chrono::seconds(10);
constexpr std::size_t kMostSources = 4;

}  // namespace

Placer::Placer(Settings settings, StoredPlacement stored, PoolOf pool_of, MonotonicTime now)
    : settings_(std::move(settings)),
      pool_of_(std::move(pool_of)),
      ledger_(std::move(stored.unfinished), stored.last_id, now),
      marks_(std::move(stored.marks)),
      times_(now),
      contracted_(std::move(stored.contracted)),
      decided_(now),
      verified_(now) {}

void Placer::SetSettings(Settings settings) {
  settings_ = std::move(settings);
  if (settings_.mode != Mode::kPlan) plan_.clear();
}

LedgerLimits Placer::Limits() const {
  return {.grace = settings_.grace, .task = settings_.task_limit};
}

void Placer::Step(const World& world, const std::vector<SiteDemands::Answered>& answered) {
  const bool is_on = settings_.mode != Mode::kOff;
  if (is_on || settings_.any_consistency()) freshness_.Look(world.hosting, world.now);
  if (is_on) {
    demands_.Sample(world.fleet.nodes(), answered, world.now);
    NoteEvictions(world);
  }
  const bool writes = std::exchange(stored_, ledger_.stored()) != ledger_.stored();
  if (writes || !ledger_.has_unstored()) unstored_since_.reset();
  if (ledger_.has_unstored()) unstored_since_ = unstored_since_.value_or(world.now);
  LookWhoDecides(world);
  // What has begun goes on to its end whatever the mode has become.
  ledger_.Judge([&](const Action& action) { return Look(world, action); }, Limits(), world.now,
                world.wall);
  if (is_on && world.now >= decided_ + settings_.rules.period) {
    decided_ = world.now;
    bars_.Sweep(world.now);
    times_.Sweep(settings_.rules.hold, world.now);
    Decide(world);
  }
  if (auto changes = ledger_.TakeChanges()) {
    TakeOver(changes->actions, world);
    unstored_.push_back({changes->sequence, std::move(changes->actions), std::nullopt});
  }
  SetWithheld(world);
  if (carries_out() && IsGrantDue(world.now)) Grant(world);
  Direct(world);
}

// A reporter that is started anew names nobody for a moment; what was decided stands meanwhile.
void Placer::LookWhoDecides(const World& world) {
  lead_ = LeadIn(world.fleet);
  if (settings_.mode != Mode::kAuto) {
    unled_.reset();
    UndoDecisions("decisions are not carried out any more", nullptr, world.wall);
    return grants_.Clear();
  }
  if (lead_.is_ours()) return unled_.reset();
  grants_.Clear();  // an eviction that is broken off costs only its grace
  unled_ = unled_.value_or(world.now);
  if (world.now < *unled_ + kUnledTime) return;
  UndoDecisions("too few nodes name this dnsd as the one that decides", nullptr, world.wall);
}

std::optional<MonotonicTime> Placer::NextDeadline(MonotonicTime now) const {
  std::optional<MonotonicTime> next = ledger_.NextDeadline(Limits());
  const auto consider = [&next](std::optional<MonotonicTime> due) {
    if (due) next = next ? std::min(*next, *due) : due;
  };
  consider(freshness_.NextDeadline(settings_, now));
  if (settings_.mode != Mode::kOff) consider(decided_ + settings_.rules.period);
  return next;
}

// Whether answers may name the node for the site, as far as operators and contractions go.
bool Placer::MayAnswer(const World& world, const std::string& site, fleet::NodeIndex index) const {
  if (index >= world.fleet.nodes().size()) return false;
  const fleet::Node& node = world.fleet.nodes()[index];
  const Action* action = ledger_.Find(site, node.name);
  const bool goes = action != nullptr && action->kind == Kind::kContract;
  return Serves(node) && !goes && !world.IsOrderedOut(site, node.name);
}

// Nodes that host the site because they host all of their pools.
std::size_t Placer::HostingAll(const World& world, const std::string& site,
                               fleet::NodeIndex but) const {
  const auto& nodes = world.fleet.nodes();
  const PoolNodes pool = pool_of_(site);
  if (pool == nullptr) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(*pool, [&](fleet::NodeIndex index) {
    return index != but && MayAnswer(world, site, index) &&
           HostsUnnamed(nodes[index], HostAt(world, site, index));
  }));
}

// Whether the site can count on the host's replica: it answers, and is not withheld.
bool Placer::Counts(const World& world, const std::string& site, const fleet::Host& host) const {
  return host.answers() && MayAnswer(world, site, host.node) &&
         !std::ranges::binary_search(withheld_, std::pair(site, host.node));
}

Sight Placer::Look(const World& world, const Action& action) const {
  Sight sight;
  const auto& nodes = world.fleet.nodes();
  const fleet::NodeIndex index = world.fleet.Find(action.node);
  sight.least = settings_.Of(action.site).least;
  for (const fleet::Host& host : HostsOf(world, action.site)) {
    if (host.node == index) {
      sight.hosts = true;
      sight.answers = host.answers();
      sight.is_home = host.home;
      sight.content_version = host.content_version;
    } else if (Counts(world, action.site, host)) {
      ++sight.others;
    }
  }
  sight.others += HostingAll(world, action.site, index);
  sight.is_known = index != fleet::kNoNode && nodes[index].reported;
  sight.hears = index != fleet::kNoNode && nodes[index].stream != fleet::kNoStream;
  if (index == fleet::kNoNode) return sight;
  const fleet::Node& node = nodes[index];
  sight.is_lost = IsLost(node, settings_.repair_after, world.now);
  sight.obeys = node.storage.takes_replicas || node.stream == fleet::kNoStream;
  const auto report = std::ranges::find(node.tasks, action.id, &fleet::TaskReport::id);
  if (report != node.tasks.end()) sight.report = &*report;
  return sight;
}

// What a node has dropped by itself it is not given again at once: that would thrash.
void Placer::NoteEvictions(const World& world) {
  const auto& nodes = world.fleet.nodes();
  told_.resize(nodes.size());
  for (fleet::NodeIndex i = 0; i < nodes.size(); ++i) {
    Told& told = told_[i];
    const fleet::Node& node = nodes[i];
    const bool same_boot = told.boot == node.boot_id;
    told.boot = node.boot_id;
    const std::uint64_t before = std::exchange(told.evictions, node.storage.evictions);
    if (!same_boot || node.storage.evictions <= before) continue;
    std::erase_if(made_, [&](const SiteAtNode& made) {
      if (made.second != node.name || HostAt(world, made.first, i) != nullptr) return false;
      bars_.Add(made, Bars::After::kEviction, settings_.rules.hold, 8 * settings_.rules.hold,
                world.now);
      return true;
    });
  }
}

void Placer::Decide(const World& world) {
  const Facts facts = Gather(world);
  sites_ = facts.sites.size();
  ++rounds_;
  std::vector<Proposal> proposals = ProposalsOf(facts, world);
  if (settings_.mode == Mode::kPlan) {
    plan_ = std::move(proposals);
    return;
  }
  if (!carries_out()) return;
  for (const Proposal& proposal : proposals) {
    if (!MayBegin(begun_, world.now)) break;
    Begin(world, proposal, false);
  }
  Update(world);
  RemakeNotWhole(world);
  Mend(facts, world);
  Verify(world);
}

Facts Placer::Gather(const World& world) {
  FactsGatherer gatherer(settings_, demands_, ledger_, marks_, bars_, times_, pool_of_);
  return gatherer.Gather(world);
}

std::vector<Proposal> Placer::ProposalsOf(const Facts& facts, const World& world) {
  const auto& nodes = world.fleet.nodes();
  std::vector<Proposal> proposals;
  std::vector<policy::PlacementShortage> shortages;
  const auto decided = policy::Decide(facts.state, settings_.rules, world.now, &shortages);
  shortages_.clear();
  for (const auto& [site, why] : shortages) shortages_.push_back({facts.sites[site], why});
  for (const policy::PlacementAction& action : decided) {
    Proposal& proposal = proposals.emplace_back();
    const bool expands = action.kind == policy::PlacementAction::Kind::kExpand;
    proposal.kind = expands ? Kind::kExpand : Kind::kContract;
    proposal.site = facts.sites[action.site];
    proposal.node = nodes[action.node].name;
    for (const std::uint32_t source : action.sources) {
      proposal.sources.push_back(nodes[source].name);
    }
    proposal.reason = policy::NameOf(action.reason);
    proposal.why = action.why;
  }
  return proposals;
}

bool Placer::MayBegin(Begun& begun, MonotonicTime now) const {
  while (!begun.empty() && begun.front() + kMinute <= now) begun.pop_front();
  return !IsStuck(now) && begun.size() < settings_.actions_per_minute;
}

// What was begun cannot be written down.
bool Placer::IsStuck(MonotonicTime now) const {
  return unstored_since_ && now >= *unstored_since_ + kStoreTime;
}

// Takes back what was decided, of one site or of all, as far as nothing has been dropped.
void Placer::UndoDecisions(const std::string& why, const std::string* site, WallTime wall) {
  std::vector<std::uint64_t> meant;
  for (const auto& [id, action] : ledger_.actions()) {
    const bool is_meant = site != nullptr ? action.site == *site : !action.by_hand;
    if (ledger_.CanUndo(action) && is_meant) meant.push_back(id);
  }
  for (const std::uint64_t id : meant) ledger_.Undo(id, why, wall);
}

void Placer::Begin(const World& world, const Proposal& proposal, bool by_hand) {
  if (ledger_.Find(proposal.site, proposal.node) != nullptr) return;
  if (proposal.kind == Kind::kExpand) {
    // What is only out of the answers comes back with a word.
    for (const auto& [id, action] : ledger_.actions()) {
      if (action.site != proposal.site || !ledger_.CanUndo(action)) continue;
      if (ledger_.Undo(id, "wanted again: " + proposal.why, world.wall)) return;
    }
  }
  Action action{.kind = proposal.kind, .site = proposal.site, .node = proposal.node};
  action.sources = proposal.sources;
  action.by_hand = by_hand;
  action.why = proposal.why;
  BeginAction(world, std::move(action));
}

// Fills in what the content is to be, and where it may be had.
const Action& Placer::BeginAction(const World& world, Action action) {
  const fleet::NodeIndex node = world.fleet.Find(action.node);
  for (const fleet::Host& host : HostsOf(world, action.site)) {
    if (host.node >= world.fleet.nodes().size()) continue;
    action.bytes = std::max(action.bytes, host.bytes);
    // What a home has that is gone cannot be wanted of others.
    const bool wants_version = action.kind != Kind::kContract;
    if (host.home && wants_version && host.answers() && Serves(world.fleet.nodes()[host.node])) {
      action.content_version = std::max(action.content_version, host.content_version);
    }
  }
  if (action.kind != Kind::kContract) {
    for (std::string& source : SourcesFor(world, action.site, node)) {
      if (action.sources.size() >= kMostSources) break;
      if (std::ranges::find(action.sources, source) == action.sources.end()) {
        action.sources.push_back(std::move(source));
      }
    }
  }
  const bool is_decision = action.kind == Kind::kExpand || action.kind == Kind::kContract;
  (is_decision ? begun_ : upkeep_).push_back(world.now);
  ++counts_[{action.kind, Phase::kWorking}];
  return ledger_.Begin(std::move(action), world.now, world.wall);
}

// Hosts that have the content whole: the home first, nodes that an operator has taken out last.
std::vector<std::string> Placer::SourcesFor(const World& world, const std::string& site,
                                            fleet::NodeIndex but) const {
  const auto& nodes = world.fleet.nodes();
  std::vector<std::string> sources, last;
  for (const fleet::Host& host : HostsOf(world, site)) {
    if (host.node >= nodes.size() || host.node == but || !host.answers()) continue;
    const fleet::Node& node = nodes[host.node];
    if (!Serves(node)) {
      const bool is_there = node.stream != fleet::kNoStream && !node.is_gone();
      if (is_there && node.order.kind != fleet::Order::Kind::kNone) last.push_back(node.name);
      continue;
    }
    sources.insert(host.home ? sources.begin() : sources.end(), node.name);
  }
  sources.insert(sources.end(), last.begin(), last.end());
  return sources;
}

// Notes what actions have become.
void Placer::TakeOver(std::vector<Action> changed, const World& world) {
  for (Action& action : changed) {
    const SiteAtNode where{action.site, action.node};
    if (action.phase == Phase::kDone) {
      bars_.Clear(where);
      if (action.kind == Kind::kExpand) {
        made_.insert(where);
        times_.Made(where, world.now);
      }
      if (action.kind == Kind::kContract) made_.erase(where);
    }
    if (action.kind == Kind::kVerify && action.phase == Phase::kFailed) {
      not_whole_.insert(where);
    } else if (action.phase == Phase::kFailed || action.phase == Phase::kUndone) {
      bars_.Add(where, Bars::After::kFailure, kShortestBar, settings_.rules.hold, world.now);
    }
    if (action.is_over()) {
      ++counts_[{action.kind, action.phase}];
      recent_.push_front(action);
      if (recent_.size() > kRecent) recent_.pop_back();
    }
    notes_.push_back(std::move(action));
  }
}

// Contractions first: a replica that is being withdrawn is no current one that others may wait for.
void Placer::SetWithheld(const World& world) {
  const auto& nodes = world.fleet.nodes();
  Withheld withheld;
  for (const auto& [id, action] : ledger_.actions()) {
    if (action.is_over() || action.kind != Kind::kContract) continue;
    const fleet::NodeIndex node = world.fleet.Find(action.node);
    if (node != fleet::kNoNode) withheld.emplace_back(action.site, node);
  }
  std::erase_if(contracted_, [&](const Action& action) {
    const fleet::NodeIndex node = world.fleet.Find(action.node);
    if (node != fleet::kNoNode && nodes[node].reported) return true;
    if (node != fleet::kNoNode) withheld.emplace_back(action.site, node);
    return false;
  });
  const auto is_usable = [&](const std::string& site, fleet::NodeIndex node) {
    return MayAnswer(world, site, node);
  };
  std::ranges::move(freshness_.WithheldAt(settings_, is_usable, world.now),
                    std::back_inserter(withheld));
  std::ranges::sort(withheld);
  withheld.erase(std::unique(withheld.begin(), withheld.end()), withheld.end());
  withheld_ = std::move(withheld);
}

std::optional<Unstored> Placer::TakeUnstored() {
  if (unstored_.empty() && !marks_changed_) return std::nullopt;
  Unstored all;
  for (Unstored& one : unstored_) {
    all.sequence = one.sequence;
    std::ranges::move(one.actions, std::back_inserter(all.actions));
  }
  unstored_.clear();
  if (std::exchange(marks_changed_, false)) all.marks = marks_;
  return all;
}

}  // namespace dnsd::placement
