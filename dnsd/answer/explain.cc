#include "dnsd/answer/explain.h"

#include <algorithm>

#include "dnsd/answer/hosts.h"

namespace dnsd::answer {
namespace {

// The pool's RRset that answers the name; null where there is none, and `alias` is where to look.
const zone::Rrset* PoolRrset(const zone::Zone& zone, const wire::Name& name,
                             const wire::NameHashes& hashes, wire::RrType type,
                             std::string& alias) {
  const zone::Lookup found = zone.Find(name, hashes);
  if (found.kind != zone::Lookup::Kind::kExact && found.kind != zone::Lookup::Kind::kWildcard) {
    return nullptr;
  }
  if (const zone::Rrset* cname = zone.FindRrset(*found.node, wire::RrType::kCname)) {
    alias = wire::NameToString(*zone::RecordsOf(zone.rdata(*cname)).begin());
    return nullptr;
  }
  const zone::Rrset* rrset = zone.FindRrset(*found.node, type);
  return rrset == nullptr || rrset->pool == zone::kNoPool ? nullptr : rrset;
}

std::optional<float> CostIn(const Served& served, const FleetView& fleet, std::size_t gauge,
                            fleet::NodeIndex node) {
  if (gauge == 0) return fleet.nodes[node].cost;
  const auto at = std::ranges::find(fleet.gauges, served.gauges[gauge]);
  if (at == fleet.gauges.end()) return std::nullopt;
  const auto& values = fleet.columns[static_cast<std::size_t>(at - fleet.gauges.begin())].values;
  if (node >= values.size() || values[node] < 0) return std::nullopt;
  return values[node];
}

Standing StandingOf(const NodeEntry& entry, fleet::NodeIndex node,
                    std::span<const fleet::Host> hosts) {
  if (entry.tier == fleet::Tier::kExcluded) return Standing::kExcluded;
  if (!IsHost(entry.declares_hosting, node, hosts)) return Standing::kNotHosting;
  return entry.tier == fleet::Tier::kUsable ? Standing::kCandidate : Standing::kLastResort;
}

// What is known of a member beside how near it is.
ExplainedMember Describe(const Served& served, const FleetView& fleet, const SiteQuery& query,
                         std::size_t member, std::span<const fleet::Host> hosts) {
  ExplainedMember out;
  out.address = *IpAddress::FromOctets(query.pool.address(member));
  const fleet::NodeIndex node = fleet.NodeOf(query.pool.members[member]);
  if (node == fleet::kNoNode) return out;
  const NodeEntry& entry = fleet.nodes[node];
  if (node < fleet.places->size()) out.node = (*fleet.places)[node].node;
  out.standing = StandingOf(entry, node, hosts);
  out.cost = CostIn(served, fleet, query.options.gauge, node);
  out.load = policy::LoadWith(entry.figures, entry.figures.sessions);
  return out;
}

std::optional<float> TimeTo(fleet::NodeIndex node, std::span<const locality::Rtt> rtts) {
  for (const locality::Rtt& rtt : rtts) {
    if (rtt.node == node) return rtt.milliseconds;
  }
  return std::nullopt;
}

}  // namespace

const char* NameOf(Standing standing) {
  static constexpr const char* kNames[] = {"chosen",   "candidate",   "last_resort",
                                           "excluded", "not_hosting", "passed_over"};
  return kNames[static_cast<std::size_t>(standing)];
}

const char* NameOf(locality::Source source) {
  static constexpr const char* kNames[] = {"prefix", "database", "measured", "operator"};
  return kNames[static_cast<std::size_t>(source)];
}

Explainer::Explainer(const Served& served, const FleetView& fleet)
    : served_(served), fleet_(fleet) {
  nearness_.Adopt(served);
  nearness_.Adopt(fleet);
  chooser_.Adopt(served);
  chooser_.Adopt(fleet);
}

// Every member with its closeness. The candidates are judged by themselves, as an answer has them:
// the mean that stands for times not measured is theirs.
std::vector<policy::Candidate> Explainer::JudgeAll(const SiteQuery& query, Explanation& out) {
  std::vector<policy::Candidate> all;
  std::vector<policy::Candidate> candidates;
  for (std::uint32_t i = 0; i < out.members.size(); ++i) {
    all.push_back({i, 0, 0, fleet_.NodeOf(query.pool.members[i])});
    if (out.members[i].standing == Standing::kCandidate) candidates.push_back(all.back());
  }
  nearness_.Judge(query.pool, query.client, all);
  if (candidates.size() < 2) return all;
  const Measured measured = nearness_.Judge(query.pool, query.client, candidates);
  for (const policy::Candidate& candidate : candidates) all[candidate.member] = candidate;
  out.may_explore = measured.may_explore();
  return all;
}

void Explainer::AddNearness(const SiteQuery& query, Explanation& out) {
  const auto all = JudgeAll(query, out);
  const auto rtts = nearness_.RttsTo(query.client);
  const auto& locality = served_.locality;
  const auto& from = locality.place(locality.Find(query.client.address).value);
  out.region = locality.regions().name(from.region != 0 ? from.region : from.database_region);
  locality::Score nearest = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ExplainedMember& member = out.members[i];
    const auto place = nearness_.PlaceOf(query.pool, all[i]);
    member.closeness = all[i].closeness;
    member.source = locality::SourceOf(member.closeness);
    member.milliseconds = TimeTo(all[i].node, rtts);
    member.region = locality.regions().name(place.region);
    if (from.direction.known() && place.direction.known()) {
      member.kilometres = locality::ArcOf(locality::Chord(from.direction, place.direction));
    }
    if (member.standing == Standing::kCandidate) nearest = std::max(nearest, member.closeness);
  }
  out.source = locality::SourceOf(nearest);
}

void Explainer::AddChoice(const SiteQuery& query, Explanation& out) {
  random_ = Random(query.hash);
  const std::uint64_t failed = stats_.fail_open.value();
  const std::uint64_t panics = stats_.panic.value();
  const SiteAnswer answer = chooser_.Choose(query);
  static constexpr Explanation::Kind kKinds[] = {
      Explanation::Kind::kSite, Explanation::Kind::kNoData, Explanation::Kind::kServFail};
  out.kind = kKinds[static_cast<std::size_t>(answer.kind)];
  const bool nobody_reports = std::ranges::all_of(
      query.pool.members, [&](AddressId id) { return fleet_.NodeOf(id) == fleet::kNoNode; });
  if (nobody_reports) out.rule = Explanation::Rule::kPlain;
  if (IsClosed(fleet_.hosting->Find(query.hash, query.name))) {
    out.rule = Explanation::Rule::kClosed;
  }
  if (stats_.fail_open.value() > failed) out.rule = Explanation::Rule::kAllDown;
  out.panic = stats_.panic.value() > panics;
  out.ttl = answer.ttl;
  out.scope = answer.client_bits;
  for (const policy::Candidate& member : answer.members) {
    out.chosen.push_back(member.member);
    out.members[member.member].standing = Standing::kChosen;
  }
  chooser_.Forget(query, answer);
  AddPassedOver(query, out);
}

void Explainer::AddPassedOver(const SiteQuery& query, Explanation& out) const {
  if (out.chosen.empty()) return;
  const auto groups = served_.members.GroupsOf(query.options.groups);
  const auto group_of = [&](std::size_t member) {
    const AddressId id = query.pool.members[member];
    return id < groups.size() ? groups[id] : policy::MemberTables::kNoGroup;
  };
  for (std::size_t i = 0; i < out.members.size(); ++i) {
    Standing& standing = out.members[i].standing;
    const bool later = group_of(i) > group_of(out.chosen[0]);
    if (standing == Standing::kCandidate && later) standing = Standing::kPassedOver;
  }
}

Explanation Explainer::Explain(const wire::Name& name, wire::RrType type, const IpAddress& client) {
  Explanation out;
  const wire::NameHashes hashes(name);
  const zone::Zone* zone = served_.zones.FindClosest(name, hashes);
  if (zone == nullptr) return out;
  out.kind = Explanation::Kind::kNoSite;
  out.zone = zone->apex().ToString();
  const zone::Rrset* rrset = PoolRrset(*zone, name, hashes, type, out.alias);
  if (rrset == nullptr) return out;
  out.options = served_.zones.options(*rrset);
  const SiteQuery query{zone->pool(rrset->pool),
                        served_.zones.options(*rrset),
                        rrset->ttl,
                        hashes.of(0),
                        name.wire(),
                        client,
                        true,
                        false};
  const auto hosts = fleet_.hosting->Find(query.hash, query.name);
  for (std::size_t i = 0; i < query.pool.members.size(); ++i) {
    out.members.push_back(Describe(served_, fleet_, query, i, hosts));
  }
  AddNearness(query, out);
  AddChoice(query, out);
  return out;
}

Explanation Explain(const Served& served, const FleetView& fleet, const wire::Name& name,
                    wire::RrType type, const IpAddress& client) {
  return Explainer(served, fleet).Explain(name, type, client);
}

}  // namespace dnsd::answer
