#include "dnsd/answer/zone_answerer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "dnsd/answer/targets.h"

namespace dnsd::answer {
namespace {

using wire::Name;
using wire::Rcode;
using wire::RrType;
using zone::Lookup;
using zone::Node;
using zone::Rrset;
using zone::Zone;

constexpr std::size_t kMostSteps = 16;    // names along one chain of CNAMEs and DNAMEs
constexpr std::size_t kMostTargets = 32;  // of one RRset that get additional addresses

constexpr std::uint8_t kAnyHinfo[] = {7, 'R', 'F', 'C', '8', '4', '8', '2', 0};  // RFC 8482 §4.2
constexpr std::uint32_t kAnyTtl = 3600;

}  // namespace

struct ZoneAnswerer::Step {
  Step(const Exchange& exchange, const Asker& asker)
      : query(exchange.query),
        client(asker),
        name(&exchange.query.name),
        hashes(&exchange.hashes),
        zone(exchange.zone) {}

  const wire::Query& query;
  const Asker& client;
  const Name* name;  // QNAME, or `link`
  const wire::NameHashes* hashes;
  const Zone* zone;
  Name link;  // of a chain: where it has led to
  wire::NameHashes link_hashes;
  std::array<std::uint64_t, kMostSteps> seen;  // hashes of the names before this one
  std::size_t seen_count = 0;
  std::array<const Node*, kMostSteps + 1> dnames;  // that stand in the answer
  std::size_t dname_count = 0;

  // A number for what the lookup of this name ended at, the same for all names that end there: the
  // name, its wildcard (as long as the zone lives), the cut or DNAME above it, the zone it is
  // missing in.
  std::uint64_t EndOf(const Lookup& found) const {
    switch (found.kind) {
      case Lookup::Kind::kWildcard:
        return reinterpret_cast<std::uintptr_t>(found.node);
      case Lookup::Kind::kNone:
        return hashes->of(name->label_count() - zone->apex().label_count());
      default:
        return hashes->of(found.depth);
    }
  }
};

void ZoneAnswerer::Answer(const Exchange& exchange, const Asker& client, Response& response) {
  if (exchange.zone == nullptr) {
    response.set_rcode(Rcode::kRefused);
    response.set_error(ExtendedError::kNotAuthoritative);
    return;
  }
  Step step(exchange, client);
  while (AnswerStep(step, response)) {
    // The chain leads on; a name outside our zones is the resolver's to follow.
    step.zone = ZoneFor(exchange.query.type, *step.name, *step.hashes);
    if (step.zone == nullptr) return;
  }
}

// A DS belongs to the parent's side of a zone cut (RFC 4035 §3.1.4.1).
const Zone* ZoneAnswerer::ZoneFor(RrType type, const Name& name,
                                  const wire::NameHashes& hashes) const {
  const Zone* zone = served_->zones.FindClosest(name, hashes);
  if (zone == nullptr || type != RrType::kDs || zone->apex() != name) return zone;
  const Zone* parent = served_->zones.FindAbove(name, hashes);
  return parent != nullptr ? parent : zone;
}

// Answers for one name. True if `step` has become the next name of a chain.
bool ZoneAnswerer::AnswerStep(Step& step, Response& response) {
  const Lookup found = step.zone->Find(*step.name, *step.hashes);
  if (gate_.applies()) gate_.note_name(step.EndOf(found));
  switch (found.kind) {
    case Lookup::Kind::kDelegation:
      // A DS question at the cut is ours to answer.
      if (found.depth == 0 && step.query.type == RrType::kDs) break;
      Refer(*step.zone, *found.node, response);
      return false;
    case Lookup::Kind::kDname:
      response.set_authoritative();
      return FollowDname(step, found, response);
    case Lookup::Kind::kNone:
      response.set_authoritative();
      response.set_rcode(Rcode::kNxDomain);
      Deny(step, response);
      return false;
    default:
      break;
  }
  response.set_authoritative();
  return AnswerNode(step, *found.node, response);
}

bool ZoneAnswerer::AnswerNode(Step& step, const Node& node, Response& response) {
  const RrType type = step.query.type;
  // RRSIG and NSEC stand beside a CNAME, and are asked for there (RFC 4034 §3 and §4).
  const bool beside = (type == RrType::kRrsig || type == RrType::kNsec) &&
                      step.zone->FindRrset(node, type) != nullptr;
  if (node.has(Node::kCname) && type != RrType::kCname && !beside) {
    const Rrset& cname = *step.zone->FindRrset(node, RrType::kCname);
    if (!response.Add(Section::kAnswer, step.name->wire(), *step.zone, cname, cname.ttl))
      return false;
    return type != RrType::kAny && Follow(step, *zone::RecordsOf(step.zone->rdata(cname)).begin());
  }
  if (type == RrType::kAny && node.rrset_count > 0) {
    AnswerAny(step, node, response);
    return false;
  }
  const Rrset* rrset = step.zone->FindRrset(node, type);
  if (rrset == nullptr) {
    Deny(step, response);
    return false;
  }
  const Owner owner{step.name->wire(), step.hashes->of(0), node};
  if (AddRrset(step, *step.zone, owner, *rrset, Section::kAnswer, Fit::kRequired, response)) {
    AddAdditional(step, *rrset, response);
  }
  return false;
}

// RFC 8482 §4.2: a HINFO stands for whatever is there: the zone's own if it has one, which a
// made-up one would hide from caches (§6).
void ZoneAnswerer::AnswerAny(const Step& step, const Node& node, Response& response) {
  const auto owner = step.name->wire();
  if (const Rrset* hinfo = step.zone->FindRrset(node, RrType::kHinfo)) {
    response.Add(Section::kAnswer, owner, *step.zone, *hinfo, hinfo->ttl);
  } else {
    response.AddRecord(Section::kAnswer, owner, RrType::kHinfo, kAnyTtl, kAnyHinfo);
  }
}

// Makes `target` the step's name; false at the end of patience or of a circle.
bool ZoneAnswerer::Follow(Step& step, std::span<const std::uint8_t> target) {
  if (step.seen_count == kMostSteps) return false;
  step.seen[step.seen_count++] = step.hashes->of(0);
  step.link = *Name::FromWire(target);
  step.link_hashes.Set(step.link);
  step.name = &step.link;
  step.hashes = &step.link_hashes;
  const auto seen_end = step.seen.begin() + static_cast<std::ptrdiff_t>(step.seen_count);
  return std::find(step.seen.begin(), seen_end, step.hashes->of(0)) == seen_end;
}

// RFC 6672 §3: the DNAME, a CNAME made of it, and on from there.
bool ZoneAnswerer::FollowDname(Step& step, const Lookup& found, Response& response) {
  const Rrset& dname = *step.zone->FindRrset(*found.node, RrType::kDname);
  const auto owner = step.name->suffix(found.depth);
  const auto given_end = step.dnames.begin() + static_cast<std::ptrdiff_t>(step.dname_count);
  if (std::find(step.dnames.begin(), given_end, found.node) == given_end) {  // once in a circle
    if (!response.Add(Section::kAnswer, owner, *step.zone, dname, dname.ttl)) return false;
    step.dnames[step.dname_count++] = found.node;
  }
  const auto target = *zone::RecordsOf(step.zone->rdata(dname)).begin();
  const std::size_t prefix = step.name->label_offset(found.depth);
  if (prefix + target.size() > Name::kMaxSize) {
    response.set_rcode(Rcode::kYxDomain);
    return false;
  }
  std::array<std::uint8_t, Name::kMaxSize> substituted;
  std::memcpy(substituted.data(), step.name->wire().data(), prefix);
  std::transform(target.begin(), target.end(),
                 substituted.begin() + static_cast<std::ptrdiff_t>(prefix), wire::LowerOctet);
  const auto name = std::span(substituted).first(prefix + target.size());
  if (!response.AddRecord(Section::kAnswer, step.name->wire(), RrType::kCname, dname.ttl, name)) {
    return false;
  }
  return step.query.type != RrType::kCname && Follow(step, name);
}

// A referral (RFC 1034 §4.3.2 step 3b): the NS RRset of the cut, and the addresses of those name
// servers that this zone knows. Those below the cut cannot be found otherwise: all of them or TC
// (RFC 9471).
void ZoneAnswerer::Refer(const Zone& zone, const Node& cut, Response& response) {
  const Rrset& ns = *zone.FindRrset(cut, RrType::kNs);
  const Name cut_name = zone.name(cut);
  if (!response.Add(Section::kAuthority, cut_name.wire(), zone, ns, ns.ttl)) return;
  for (const Fit fit : {Fit::kRequired, Fit::kOptional}) {
    for (const auto rdata : zone::RecordsOf(zone.rdata(ns))) {
      const auto target = Name::FromWire(rdata);
      if (!target || (fit == Fit::kRequired) != target->IsAtOrBelow(cut_name)) continue;
      if (!target->IsAtOrBelow(zone.apex())) continue;
      const Node* node = FindTarget(zone, *target, wire::NameHashes(*target));
      if (node == nullptr) continue;
      for (const Rrset& rrset : zone.rrsets(*node)) {
        if (rrset.type != RrType::kA && rrset.type != RrType::kAaaa) continue;
        response.Add(Section::kAdditional, target->wire(), zone, rrset, rrset.ttl, fit);
      }
    }
  }
}

// The SOA that lets a denial be kept (RFC 2308 §3).
void ZoneAnswerer::Deny(const Step& step, Response& response) {
  const Zone& zone = *step.zone;
  const Rrset& soa = *zone.FindRrset(zone.apex_node(), RrType::kSoa);
  response.Add(Section::kAuthority, zone.apex().wire(), zone, soa, zone.negative_ttl());
}

// Adds an RRset as it is, or at a site the members chosen for this client.
bool ZoneAnswerer::AddRrset(const Step& step, const Zone& zone, const Owner& owner,
                            const Rrset& rrset, Section section, Fit fit, Response& response) {
  if (rrset.pool == zone::kNoPool) {
    return response.Add(section, owner.name, zone, rrset, rrset.ttl, fit);
  }
  // Before members are chosen: that counts against them.
  if (gate_.applies() && section == Section::kAnswer &&
      gate_.IsOver(step.query, ResponseClass::kAnswer)) {
    return false;
  }
  const SiteQuery site{.pool = zone.pool(rrset.pool),
                       .options = served_->zones.options(rrset),
                       .rrset_ttl = rrset.ttl,
                       .hash = owner.hash,
                       .name = owner.name,
                       .client = step.client,
                       .scope_wanted = step.query.edns.subnet.present,
                       .stands_at = {&zone, &owner.node}};
  const SiteAnswer answer = chooser_.Choose(site);
  response.set_client_scope(answer.client_bits);
  if (answer.kind != SiteAnswer::Kind::kMembers) {
    if (section != Section::kAnswer) return true;
    if (answer.kind == SiteAnswer::Kind::kNoData) {
      Deny(step, response);
    } else {
      response.set_rcode(Rcode::kServFail);
      response.set_error(ExtendedError::kInvalidData);
    }
    return false;
  }
  response.Begin();
  for (const policy::Candidate& member : answer.members) {
    response.PutPlain(owner.name, rrset.type, answer.ttl, site.pool.address(member.member));
  }
  return response.End(section, fit);
}

// The addresses of the names that an answer's rdata names, and their services for a service's,
// where this zone has them, each once.
void ZoneAnswerer::AddAdditional(const Step& step, const Rrset& rrset, Response& response) {
  if (!HasTarget(rrset.type)) return;
  const Zone& zone = *step.zone;
  std::array<std::uint64_t, kMostTargets> seen;  // hashes of the names before
  std::size_t seen_count = 0;
  for (const auto rdata : zone::RecordsOf(zone.rdata(rrset))) {
    if (seen_count == seen.size()) return;
    const auto target = TargetOf(rrset.type, rdata, *step.name);
    if (!target || !target->IsAtOrBelow(zone.apex())) continue;
    const wire::NameHashes hashes(*target);
    const auto seen_end = seen.begin() + static_cast<std::ptrdiff_t>(seen_count);
    if (std::find(seen.begin(), seen_end, hashes.of(0)) != seen_end) continue;
    seen[seen_count++] = hashes.of(0);
    const Node* node = FindTarget(zone, *target, hashes);
    if (node == nullptr) continue;
    for (const RrType type : {RrType::kA, RrType::kAaaa}) {
      const Rrset* addresses = zone.FindRrset(*node, type);
      if (addresses == nullptr) continue;
      AddRrset(step, zone, {target->wire(), hashes.of(0), *node}, *addresses, Section::kAdditional,
               Fit::kOptional, response);
    }
    // A service's target may be a service again (RFC 9460 §4.1).
    const bool ours =
        !node->has(Node::kCut) && !node->has(Node::kOccluded) && *target != *step.name;
    const Rrset* service =
        IsService(rrset.type) && ours ? zone.FindRrset(*node, rrset.type) : nullptr;
    if (service == nullptr) continue;
    response.Add(Section::kAdditional, target->wire(), zone, *service, service->ttl,
                 Fit::kOptional);
  }
}

}  // namespace dnsd::answer
