#include "dnsd/answer/site_chooser.h"

#include <algorithm>
#include <limits>

#include "dnsd/answer/hosts.h"
#include "dnsd/policy/rendezvous.h"
#include "dnsd/policy/selection.h"

namespace dnsd::answer {

using policy::Candidate;

namespace {

// Of a site's share of capacity left: once below `panic` it panics until it is this times as much.
constexpr float kCalm = 4.0F / 3;

}  // namespace

void SiteChooser::Adopt(const Served& served) {
  served_ = &served;
  nearness_.Adopt(served);
  std::size_t longest = 1;
  for (const auto& zone : served.zones.zones()) {
    longest = std::max(longest, zone->longest_pool());
  }
  scratch_.resize(longest);
  const bool watches = std::ranges::any_of(
      served.zones.all_options(),
      [](const zone::SiteOptions& options) { return options.answers_cached.has_value(); });
  if (!watches) cache_watch_.reset();
  if (watches && cache_watch_ == nullptr) cache_watch_ = std::make_unique<CacheWatch>();
  AdoptColumns();
}

void SiteChooser::Adopt(const FleetView& fleet) {
  fleet_ = &fleet;
  nearness_.Adopt(fleet);
  answer_scale_ = worker_ < fleet.answer_scale.size() ? fleet.answer_scale[worker_] : 1.0F;
  hosting_ = fleet.hosting->empty() ? nullptr : fleet.hosting.get();
  const std::size_t nodes = fleet.nodes.size();
  tiers_.resize(nodes);
  tiers_unnamed_.resize(nodes);
  ones_.assign(nodes, 1);
  guards_.resize(nodes);
  costs_.resize(nodes);
  sessions_.resize(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    const NodeEntry& node = fleet.nodes[i];
    tiers_[i] = node.tier;
    tiers_unnamed_[i] = node.declares_hosting ? fleet::Tier::kExcluded : node.tier;
    guards_[i] = 1 / node.figures.factor;
    costs_[i] = node.cost;
    sessions_[i] = node.figures.sessions;
  }
  AdoptColumns();
}

// Finds what the sites ask in what is published. They may be of different ages: what a reload has
// brought is published first for the fleet, so a gauge is missing only if something went wrong.
void SiteChooser::AdoptColumns() {
  if (served_ == nullptr || fleet_ == nullptr) return;
  const auto& wanted = served_->gauges;
  columns_.assign(wanted.size(), nullptr);
  followed_.clear();
  followed_.reserve(wanted.size());  // pointers into it stay
  for (std::size_t i = 1; i < wanted.size(); ++i) {
    const auto at = std::ranges::find(fleet_->gauges, wanted[i]);
    if (at == fleet_->gauges.end()) continue;
    const auto number = static_cast<std::size_t>(at - fleet_->gauges.begin());
    const policy::GaugeColumn& column = fleet_->columns[number];
    columns_[i] = column.values.data();
    if (!wanted[i].follows_answers()) continue;
    Followed& followed = followed_.emplace_back();
    followed.gauge = wanted[i];
    followed.published = &column;
    followed.costs = column.values;
    for (const auto& figures : column.figures) followed.sessions.push_back(figures.sessions);
    columns_[i] = followed.costs.data();
  }
}

const float* SiteChooser::ColumnOf(std::size_t gauge) const {
  return gauge < columns_.size() ? columns_[gauge] : nullptr;
}

// The candidates' figures, by NodeIndex.
const float* SiteChooser::FiguresFor(const zone::SiteOptions& options,
                                     policy::Method method) const {
  const float* column = ColumnOf(options.gauge);
  if (column != nullptr) return column;
  return method == policy::Method::kPrice ? costs_.data() : ones_.data();
}

SiteAnswer SiteChooser::Choose(const SiteQuery& query) {
  stats_.site_answers.Add();
  const SiteAnswer answer = Decide(query);
  if (counted_ < kCounted) {
    ++counted_;
    Tally(query, answer, 1);
  } else if (random_.Below(kSampled) == 0) {
    Tally(query, answer, kSampled);
  }
  return answer;
}

SiteAnswer SiteChooser::Decide(const SiteQuery& query) {
  const zone::SiteOptions& options = query.options;
  const Hosts hosts = HostsOf(query);
  if (IsClosed(hosts)) return {SiteAnswer::Kind::kNoData, {}, options.ttl.value_or(0), 0};
  const policy::Method method = policy::MethodOf(options.policy);
  bool managed = false;
  const Candidates candidates = Collect(query, hosts, FiguresFor(options, method), managed);
  if (!managed) return Plain(query);
  if (candidates.empty()) return AllDown(query);
  const bool by_closeness =
      method == policy::Method::kPrice || options.order == zone::Order::kLocality;
  const std::uint8_t bits = query.scope_wanted ? BitsUsed(query, candidates, by_closeness,
                                                          method == policy::Method::kHash)
                                               : std::uint8_t{0};
  const std::size_t wanted = std::min(AnswersTo(query), candidates.size());
  const Candidates chosen = Pick(query, method, candidates, wanted);
  return Answer(chosen, options.ttl.value_or(0), bits);
}

// How many addresses the client is given. A resolver that keeps its answer sends all its clients to
// them for a while: the more there are, the less each is loaded by chance.
std::size_t SiteChooser::AnswersTo(const SiteQuery& query) {
  const std::size_t answers = query.options.answers.value_or(1);
  if (!query.options.answers_cached || cache_watch_ == nullptr) return answers;
  const std::uint64_t client = policy::HashOf(query.client.address.octets());
  const std::uint64_t both = policy::Affinity(client, query.hash + query.pool.address_size);
  if (!cache_watch_->Note(policy::MixBits(both), now_)) return answers;
  return std::max<std::size_t>(answers, *query.options.answers_cached);
}

// The members that may answer: those usable, and the last resorts too if there are none or too few;
// of them those of the first group that has any. `managed` tells whether any member's node has ever
// reported.
SiteChooser::Candidates SiteChooser::Collect(const SiteQuery& query, Hosts hosts,
                                             const float* figures, bool& managed) {
  Seen seen;
  const auto collect = [&](auto tier_of) {
    const Candidates usable = CollectTo(fleet::Tier::kUsable, query, figures, tier_of, seen);
    const bool panics = Panics(query, hosts, seen.last_resorts);
    if (!seen.last_resorts || !(panics || usable.empty())) return usable;
    return CollectTo(fleet::Tier::kLastResort, query, figures, tier_of, seen);
  };
  Candidates candidates;
  if (hosts.empty()) {
    candidates = collect([tiers = tiers_unnamed_.data()](auto node) { return tiers[node]; });
  } else {
    candidates = collect([this, hosts](auto node) {
      const bool declares = fleet_->nodes[node].declares_hosting;
      return IsHost(declares, node, hosts) ? tiers_[node] : fleet::Tier::kExcluded;
    });
  }
  managed = seen.managed;
  return candidates;
}

// A member's place among groups, the least first. One that has only just come back stands behind
// all that have been well for a while: a group does not come and go with every late report.
unsigned SiteChooser::GroupRank(std::span<const std::uint8_t> groups, AddressId member,
                                fleet::NodeIndex node) const {
  constexpr unsigned kBehindAll = policy::MemberTables::kNoGroup + 1U;
  const unsigned group = member < groups.size() ? groups[member] : policy::MemberTables::kNoGroup;
  const bool steady = node == fleet::kNoNode || fleet_->nodes[node].steady;
  return steady ? group : group + kBehindAll;
}

// Those of this tier or a better one, and whoever is unmanaged. Of sites with groups: of the first
// group, of those members that have been well for long enough, if any.
template <typename TierOf>
SiteChooser::Candidates SiteChooser::CollectTo(fleet::Tier worst, const SiteQuery& query,
                                               const float* figures, TierOf tier_of, Seen& seen) {
  const std::span members = query.pool.members;
  const std::span<const fleet::NodeIndex> node_of = fleet_->node_of;
  const auto groups = served_->members.GroupsOf(query.options.groups);
  unsigned first_group = std::numeric_limits<unsigned>::max();
  std::size_t unmanaged = 0;
  std::size_t last_resorts = 0;
  Candidate* const begin = scratch_.data();
  Candidate* end = begin;
  for (std::uint32_t i = 0; i < members.size(); ++i) {
    const AddressId id = members[i];
    const fleet::NodeIndex node = id < node_of.size() ? node_of[id] : fleet::kNoNode;
    float figure = policy::kUnknown;
    if (node == fleet::kNoNode) {
      ++unmanaged;
    } else {
      const fleet::Tier tier = tier_of(node);
      if (tier > worst) {
        last_resorts += tier == fleet::Tier::kLastResort ? 1U : 0U;
        continue;
      }
      figure = figures[node];
    }
    if (!groups.empty()) {
      const unsigned group = GroupRank(groups, id, node);
      if (group > first_group) continue;
      if (group < first_group) end = begin;
      first_group = group;
    }
    *end++ = {i, figure, 0, node};
  }
  seen.managed = unmanaged < members.size();
  seen.last_resorts = last_resorts > 0;
  return {begin, end};
}

// Whether so little of the pool's capacity is usable that suspects are needed: overloading those
// left would lose more. Capacity is CPUs, of those that host the site. Nothing changes without
// suspects, so that nothing is reckoned.
bool SiteChooser::Panics(const SiteQuery& query, Hosts hosts, bool last_resorts) {
  const std::size_t slot = SlotOf(query);
  const bool before = panicking_[slot];
  if (!last_resorts) {
    if (before) panicking_.reset(slot);
    return false;
  }
  float left = 0;
  float whole = 0;
  for (const AddressId id : query.pool.members) {
    const fleet::NodeIndex node = fleet_->NodeOf(id);
    float capacity = 1;
    bool usable = true;
    if (node != fleet::kNoNode) {
      const NodeEntry& entry = fleet_->nodes[node];
      if (!IsHost(entry.declares_hosting, node, hosts)) continue;
      capacity = entry.figures.cpus;
      usable = entry.tier == fleet::Tier::kUsable;
    }
    whole += capacity;
    left += usable ? capacity : 0;
  }
  const bool panics = left < whole * query.options.panic * (before ? kCalm : 1);
  panicking_[slot] = panics;
  if (panics) stats_.panic.Add();
  return panics;
}

bool SiteChooser::IsDisabled(const SiteQuery& query, std::uint32_t member) const {
  const fleet::NodeIndex node = fleet_->NodeOf(query.pool.members[member]);
  return node != fleet::kNoNode && fleet_->nodes[node].disabled;
}

// But for the disabled, unless all are.
SiteChooser::Candidates SiteChooser::WholePool(const SiteQuery& query) {
  const std::size_t size = query.pool.members.size();
  const std::uint32_t start = random_.Below(static_cast<std::uint32_t>(size));
  std::size_t kept = 0;
  for (const bool with_disabled : {false, true}) {
    for (std::uint32_t i = 0; i < size; ++i) {
      const auto member = static_cast<std::uint32_t>((start + i) % size);
      if (IsDisabled(query, member) != with_disabled) continue;
      scratch_[kept] = {member, static_cast<float>(kept), 0,
                        fleet_->NodeOf(query.pool.members[member])};
      ++kept;
    }
    if (kept > 0) break;
  }
  return std::span(scratch_).first(kept);
}

// The members whose nodes were usable last, all others left out: of those that are not disabled if
// any is not, and of these of those that host the site if any does, however well the others are.
SiteChooser::Candidates SiteChooser::LastGood(const SiteQuery& query) {
  const auto hosts = HostsOf(query);
  const auto goodness = [&](fleet::NodeIndex node) -> std::uint64_t {
    if (node == fleet::kNoNode) return 0;
    const NodeEntry& entry = fleet_->nodes[node];
    return std::uint64_t{!entry.disabled} << 33 |
           std::uint64_t{IsHost(entry.declares_hosting, node, hosts)} << 32 | entry.last_usable;
  };
  std::uint64_t best = 0;
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < query.pool.members.size(); ++i) {
    const fleet::NodeIndex node = fleet_->NodeOf(query.pool.members[i]);
    const std::uint64_t good = goodness(node);
    if (good < best) continue;
    if (good > best) count = 0;
    best = good;
    scratch_[count] = {i, static_cast<float>(count), 0, node};
    ++count;
  }
  return std::span(scratch_).first(count);
}

// A pool no member of which has ever reported is served as plain DNS would: whole, in rotation,
// with the zone file's TTL, the members nearest to the client first.
SiteAnswer SiteChooser::Plain(const SiteQuery& query) {
  const Candidates all = WholePool(query);
  const std::size_t count =
      std::min<std::size_t>(query.options.answers.value_or(0xFFFF), all.size());
  return Nearest(query, all, count, query.options.ttl.value_or(query.rrset_ttl));
}

SiteAnswer SiteChooser::AllDown(const SiteQuery& query) {
  stats_.fail_open.Add();
  const std::uint32_t ttl = query.options.ttl.value_or(0);
  switch (query.options.all_down) {
    case zone::AllDown::kNoData:
      return {SiteAnswer::Kind::kNoData, {}, ttl, 0};
    case zone::AllDown::kServFail:
      return {SiteAnswer::Kind::kServFail, {}, ttl, 0};
    case zone::AllDown::kLastGood: {
      const Candidates latest = LastGood(query);
      return Nearest(query, latest, latest.size(), ttl);
    }
    case zone::AllDown::kAll:
      break;
  }
  const Candidates all = WholePool(query);
  return Nearest(query, all, all.size(), ttl);
}

// The nearest first, whatever they cost.
SiteAnswer SiteChooser::Nearest(const SiteQuery& query, Candidates candidates, std::size_t count,
                                std::uint32_t ttl) {
  Judge(query, candidates);
  const std::uint8_t bits =
      query.scope_wanted ? BitsUsed(query, candidates, true, false) : std::uint8_t{0};
  policy::Select(candidates, count, {.locality_first = true}, random_);
  return Answer(candidates.first(count), ttl, bits);
}

SiteAnswer SiteChooser::Answer(Candidates chosen, std::uint32_t ttl, std::uint8_t bits) {
  Count(chosen);
  return {SiteAnswer::Kind::kMembers, chosen, ttl, bits};
}

// A hash takes all the bits of the client's network.
std::uint8_t SiteChooser::BitsUsed(const SiteQuery& query, std::span<const Candidate> candidates,
                                   bool by_closeness, bool by_hash) const {
  if (candidates.size() == 1) return 0;
  const std::uint8_t hashed = by_hash ? policy::HashedBits(query.client.address) : std::uint8_t{0};
  if (!by_closeness) return hashed;
  return std::max(hashed, nearness_.BitsUsed(query.pool, query.client, candidates));
}

}  // namespace dnsd::answer
