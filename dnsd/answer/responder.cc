#include "dnsd/answer/responder.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

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
constexpr std::size_t kManyNodes = 4096;  // of a zone that the caches near the core do not hold

Rcode RcodeOf(wire::QueryFault fault) {
  switch (fault) {
    case wire::QueryFault::kNotImp:
      return Rcode::kNotImp;
    case wire::QueryFault::kBadVers:
      return Rcode::kBadVers;
    default:
      return Rcode::kFormErr;
  }
}

// QTYPEs that are no data: transfers, the obsolete mailbox questions, and the types that only ever
// stand in messages (RFC 2930, RFC 8945), which nobody may ask here.
bool IsRefusedType(RrType type) { return type >= RrType::kTkey && type < RrType::kAny; }

// The client tells a timeout over TCP, where the option counts (RFC 7828 §3.2.2).
bool HasBadKeepalive(const wire::Query& query, Transport transport) {
  return transport == Transport::kTcp && query.edns.keepalive == wire::Keepalive::kMalformed;
}

// Not a question of class IN, or of any class (RFC 1035 §3.2.5), for what may stand in a zone.
bool IsSpecial(const Exchange& exchange, Transport transport) {
  const wire::Query& query = exchange.query;
  return exchange.fault != wire::QueryFault::kNone ||
         (query.qclass != wire::RrClass::kIn && query.qclass != wire::RrClass::kAny) ||
         query.type == RrType::kOpt || IsRefusedType(query.type) ||
         HasBadKeepalive(query, transport);
}

// Where the domain name in the rdata of a type that calls for additional addresses begins
// (RFC 1035 §3.3, RFC 2782, RFC 9460 §4.1); nothing for other types.
std::optional<std::size_t> TargetOffset(RrType type) {
  switch (type) {
    case RrType::kNs:
      return 0;
    case RrType::kMx:
    case RrType::kSvcb:
    case RrType::kHttps:
      return 2;
    case RrType::kSrv:
      return 6;
    default:
      return std::nullopt;
  }
}

bool IsService(RrType type) { return type == RrType::kSvcb || type == RrType::kHttps; }

// The name that rdata of `type` at `owner` calls for additional addresses of; nothing for none.
std::optional<Name> TargetOf(RrType type, std::span<const std::uint8_t> rdata, const Name& owner) {
  const auto offset = TargetOffset(type);
  if (!offset) return std::nullopt;
  wire::Reader in(rdata);
  const auto before = in.Bytes(*offset);
  Name target;
  if (wire::ReadName(in, target) != wire::WireError::kNone) return std::nullopt;
  // A service at "." is at its owner name; an alias for "." is none (RFC 9460 §2.5).
  if (IsService(type) && target.label_count() == 0 && (before[0] | before[1]) != 0) return owner;
  return target;
}

// The node whose addresses help with `target`: its own, a wildcard's, or glue; null if there is
// none.
const Node* FindTarget(const Zone& zone, const Name& target, const wire::NameHashes& hashes) {
  const Lookup found = zone.Find(target, hashes);
  switch (found.kind) {
    case Lookup::Kind::kExact:
    case Lookup::Kind::kWildcard:
      return found.node;
    case Lookup::Kind::kDelegation:
      return zone.FindExact(hashes.of(0), target.wire());
    default:
      return nullptr;
  }
}

// What a response is an answer of, to the rate limits.
ResponseClass ClassOf(const wire::Query& query, const Response& response) {
  if (query.question.empty()) return ResponseClass::kError;
  switch (response.rcode()) {
    case Rcode::kNoError:
      if (response.has_answer()) return ResponseClass::kAnswer;
      if (!response.authoritative()) return ResponseClass::kReferral;
      return response.truncated() ? ResponseClass::kAnswer : ResponseClass::kNoData;
    case Rcode::kNxDomain:
      return ResponseClass::kNxDomain;
    default:
      return ResponseClass::kError;
  }
}

constexpr std::uint8_t kAnyHinfo[] = {7, 'R', 'F', 'C', '8', '4', '8', '2', 0};  // RFC 8482 §4.2
constexpr std::uint32_t kAnyTtl = 3600;

}  // namespace

struct Responder::Step {
  Step(const Exchange& exchange, const IpAddress& asker)
      : query(exchange.query),
        client(asker),
        name(&exchange.query.name),
        hashes(&exchange.hashes),
        zone(exchange.zone) {}

  const wire::Query& query;
  const IpAddress& client;
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

void Responder::Adopt(const Served& served) {
  served_ = &served;
  chooser_.Adopt(served);
  if (!served.rate_limit) {
    limiter_.reset();
    limit_ = {};
  } else if (limiter_ == nullptr || limiter_->settings() != *served.rate_limit) {
    limiter_ = std::make_unique<RateLimiter>(*served.rate_limit, served.rate_limit_seed);
  }
}

void Responder::Read(std::span<const std::uint8_t> message, Exchange& exchange) const {
  exchange.fault = wire::ReadQuery(message, exchange.query);
  exchange.zone = nullptr;
  if (exchange.fault != wire::QueryFault::kNone) return;
  exchange.hashes.Set(exchange.query.name);
  exchange.zone = ZoneFor(exchange.query.type, exchange.query.name, exchange.hashes);
  if (exchange.zone != nullptr) exchange.zone->Prefetch(exchange.hashes.of(0));
}

void Responder::LookAhead(std::span<const Exchange> batch) const {
  const auto is_large = [](const Exchange& e) {
    return e.zone != nullptr && e.zone->node_count() >= kManyNodes;
  };
  for (const Exchange& e : batch) {
    if (is_large(e)) e.zone->PrefetchNode(e.hashes.of(0));
  }
  for (const Exchange& e : batch) {
    if (is_large(e)) e.zone->PrefetchData(e.hashes.of(0));
  }
}

std::size_t Responder::Respond(const Exchange& exchange, const IpAddress& client,
                               Transport transport, std::span<std::uint8_t> out) {
  stats_.queries[static_cast<std::size_t>(transport)].Add();
  const wire::Query& query = exchange.query;
  if (exchange.fault == wire::QueryFault::kNoResponse) {
    stats_.dropped.Add();
    return 0;
  }
  OptAnswer opt;
  CookieVerdict cookie = CookieVerdict::kNone;
  if (query.edns.present) cookie = AnswerOptions(query.edns, client, transport, opt);
  // A good cookie proves that the address is not forged.
  if (limiter_ != nullptr) {
    limit_ = {transport == Transport::kUdp && cookie != CookieVerdict::kGood, &client};
  }
  Response response(query, opt, out, SizeLimit(query, transport));
  if (IsSpecial(exchange, transport)) {
    AnswerSpecial(exchange, transport, response);
  } else {
    const wire::ClientSubnet& subnet = query.edns.subnet;
    Answer(exchange, subnet.present && subnet.source_length > 0 ? subnet.address : client,
           response);
  }
  if (limit_.applies && !PassesLimit(query, response)) return 0;
  // RFC 1035 §6.2: nobody is authoritative for every class.
  if (query.qclass == wire::RrClass::kAny) response.set_authoritative(false);
  if (response.truncated()) stats_.truncated.Add();
  stats_.responses[static_cast<std::size_t>(response.rcode())].Add();
  return response.Finish(served_->edns_size);
}

// Debits the account that the response under way falls to, once. True if it is over the limit.
bool Responder::IsLimited(const wire::Query& query, ResponseClass response_class) {
  if (!limit_.verdict) {
    LimitSubject subject{response_class};
    if (response_class != ResponseClass::kError) subject.name_hash = limit_.name_hash;
    if (response_class == ResponseClass::kAnswer) {
      subject.type = static_cast<std::uint16_t>(query.type);
    }
    const Verdict verdict = limiter_->Judge(*limit_.client, subject, now_);
    if (verdict == Verdict::kDrop) stats_.rate_dropped.Add();
    if (verdict == Verdict::kSlip) stats_.rate_slipped.Add();
    limit_.verdict = limiter_->settings().dry_run ? Verdict::kSend : verdict;
  }
  return *limit_.verdict != Verdict::kSend;
}

// False if the response is not to be sent. One that slips is emptied: TC calls the client to TCP.
// An error calls nobody: it is small, and goes as it is.
bool Responder::PassesLimit(const wire::Query& query, Response& response) {
  const ResponseClass response_class = ClassOf(query, response);
  if (!IsLimited(query, response_class)) return true;
  if (*limit_.verdict == Verdict::kDrop) return false;
  if (response_class != ResponseClass::kError || response.has_answer()) response.Empty();
  return true;
}

// What the query's options ask for, as far as it does not depend on the answer.
CookieVerdict Responder::AnswerOptions(const wire::Edns& asked, const IpAddress& client,
                                       Transport transport, OptAnswer& out) const {
  if (asked.nsid) out.nsid = served_->nsid;
  if (transport == Transport::kTcp && asked.keepalive == wire::Keepalive::kAsked) {
    out.keepalive = tcp_keepalive_;
  }
  if (asked.cookie.empty() || !served_->cookies.enabled()) return CookieVerdict::kNone;
  return served_->cookies.Judge(asked.cookie, client, wall_seconds_, out.cookie.emplace());
}

// RFC 6891 §6.2.3 and §6.2.5: what the client can take, but 512 at least, and no more than ours.
std::size_t Responder::SizeLimit(const wire::Query& query, Transport transport) const {
  if (transport == Transport::kTcp) return kMaxTcpSize;
  if (!query.edns.present) return 512;
  return std::clamp<std::size_t>(query.edns.udp_size, 512, served_->edns_size);
}

void Responder::Refuse(wire::QueryFault fault, Response& response) {
  if (fault == wire::QueryFault::kFormErr) stats_.malformed.Add();
  response.set_rcode(RcodeOf(fault));
}

// All that is no ordinary question of class IN.
void Responder::AnswerSpecial(const Exchange& exchange, Transport transport, Response& response) {
  const wire::Query& query = exchange.query;
  if (exchange.fault == wire::QueryFault::kNoQuestion) {
    // RFC 7873 §5.4: the cookie is the answer. Without cookies it is a message without a question.
    if (!served_->cookies.enabled()) Refuse(wire::QueryFault::kFormErr, response);
  } else if (exchange.fault != wire::QueryFault::kNone) {
    Refuse(exchange.fault, response);
  } else if (query.type == RrType::kOpt || HasBadKeepalive(query, transport)) {
    Refuse(wire::QueryFault::kFormErr, response);
  } else if (query.qclass == wire::RrClass::kCh) {
    AnswerChaos(query, response);
  } else {
    const bool transfer = query.type == RrType::kAxfr || query.type == RrType::kIxfr;
    response.set_rcode(Rcode::kRefused);
    response.set_error(transfer ? ExtendedError::kProhibited : ExtendedError::kNotSupported);
  }
}

void Responder::AnswerChaos(const wire::Query& query, Response& response) {
  const auto rdata = served_->chaos.Find(query);
  if (rdata.empty()) {
    response.set_rcode(Rcode::kRefused);
    response.set_error(ExtendedError::kNotSupported);
    return;
  }
  response.set_authoritative();
  response.AddChaosText(rdata);
}

void Responder::set_wall_time(WallTime now) {
  const auto since_1970 = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  wall_seconds_ = static_cast<std::uint32_t>(since_1970.count());
}

void Responder::Answer(const Exchange& exchange, const IpAddress& client, Response& response) {
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
const Zone* Responder::ZoneFor(RrType type, const Name& name,
                               const wire::NameHashes& hashes) const {
  const Zone* zone = served_->zones.FindClosest(name, hashes);
  if (zone == nullptr || type != RrType::kDs || zone->apex() != name) return zone;
  const Zone* parent = served_->zones.FindAbove(name, hashes);
  return parent != nullptr ? parent : zone;
}

// Answers for one name. True if `step` has become the next name of a chain.
bool Responder::AnswerStep(Step& step, Response& response) {
  const Lookup found = step.zone->Find(*step.name, *step.hashes);
  if (limit_.applies) limit_.name_hash = step.EndOf(found);
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

bool Responder::AnswerNode(Step& step, const Node& node, Response& response) {
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
  if (AddRrset(step, *step.zone, step.name->wire(), step.hashes->of(0), *rrset, Section::kAnswer,
               Fit::kRequired, response)) {
    AddAdditional(step, *rrset, response);
  }
  return false;
}

// RFC 8482 §4.2: a HINFO stands for whatever is there: the zone's own if it has one, which a
// made-up one would hide from caches (§6).
void Responder::AnswerAny(const Step& step, const Node& node, Response& response) {
  const auto owner = step.name->wire();
  if (const Rrset* hinfo = step.zone->FindRrset(node, RrType::kHinfo)) {
    response.Add(Section::kAnswer, owner, *step.zone, *hinfo, hinfo->ttl);
  } else {
    response.AddRecord(Section::kAnswer, owner, RrType::kHinfo, kAnyTtl, kAnyHinfo);
  }
}

// Makes `target` the step's name; false at the end of patience or of a circle.
bool Responder::Follow(Step& step, std::span<const std::uint8_t> target) {
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
bool Responder::FollowDname(Step& step, const Lookup& found, Response& response) {
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
void Responder::Refer(const Zone& zone, const Node& cut, Response& response) {
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
void Responder::Deny(const Step& step, Response& response) {
  const Zone& zone = *step.zone;
  const Rrset& soa = *zone.FindRrset(zone.apex_node(), RrType::kSoa);
  response.Add(Section::kAuthority, zone.apex().wire(), zone, soa, zone.negative_ttl());
}

// Adds an RRset as it is, or at a site the members chosen for this client.
bool Responder::AddRrset(const Step& step, const Zone& zone, std::span<const std::uint8_t> owner,
                         std::uint64_t owner_hash, const Rrset& rrset, Section section, Fit fit,
                         Response& response) {
  if (rrset.pool == zone::kNoPool) return response.Add(section, owner, zone, rrset, rrset.ttl, fit);
  // Before members are chosen: that counts against them.
  if (limit_.applies && section == Section::kAnswer &&
      IsLimited(step.query, ResponseClass::kAnswer)) {
    return false;
  }
  const SiteQuery site{
      zone.pool(rrset.pool), served_->zones.options(rrset), rrset.ttl, owner_hash, owner,
      step.client,           step.query.edns.subnet.present};
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
    response.PutPlain(owner, rrset.type, answer.ttl, site.pool.address(member.member));
  }
  return response.End(section, fit);
}

// The addresses of the names that an answer's rdata names, and their services for a service's,
// where this zone has them, each once.
void Responder::AddAdditional(const Step& step, const Rrset& rrset, Response& response) {
  if (!TargetOffset(rrset.type)) return;
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
      AddRrset(step, zone, target->wire(), hashes.of(0), *addresses, Section::kAdditional,
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
