#include "dnsd/answer/responder.h"

#include <algorithm>
#include <chrono>

namespace dnsd::answer {
namespace {

using wire::Rcode;
using wire::RrType;

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

}  // namespace

void Responder::Adopt(const Served& served) {
  served_ = &served;
  chooser_.Adopt(served);
  gate_.Adopt(served);
  answerer_.Adopt(served);
}

void Responder::Read(std::span<const std::uint8_t> message, Exchange& exchange) const {
  exchange.fault = wire::ReadQuery(message, exchange.query);
  exchange.zone = nullptr;
  if (exchange.fault != wire::QueryFault::kNone) return;
  exchange.hashes.Set(exchange.query.name);
  exchange.zone = answerer_.ZoneFor(exchange.query.type, exchange.query.name, exchange.hashes);
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
  if (exchange.fault == wire::QueryFault::kNone) {
    stats_.types[WorkerStats::SlotOf(query.type)].Add();
  }
  OptAnswer opt;
  CookieVerdict cookie = CookieVerdict::kNone;
  if (query.edns.present) cookie = AnswerOptions(query.edns, client, transport, opt);
  // A good cookie proves that the address is not forged.
  gate_.Begin(client, transport == Transport::kTcp || cookie == CookieVerdict::kGood);
  Response response(query, opt, out, SizeLimit(query, transport));
  if (IsSpecial(exchange, transport)) {
    AnswerSpecial(exchange, transport, response);
  } else {
    AnswerFor(exchange, client, opt, response);
  }
  if (gate_.applies() && !gate_.Passes(query, response)) return 0;
  // RFC 1035 §6.2: nobody is authoritative for every class.
  if (query.qclass == wire::RrClass::kAny) response.set_authoritative(false);
  if (response.truncated()) stats_.truncated.Add();
  stats_.responses[static_cast<std::size_t>(response.rcode())].Add();
  return response.Finish(served_->edns_size);
}

// The client is the subnet that the resolver tells, or the resolver itself.
void Responder::AnswerFor(const Exchange& exchange, const IpAddress& resolver, const OptAnswer& opt,
                          Response& response) {
  if (opt.subnet_bits.value_or(0) == 0) return answerer_.Answer(exchange, resolver, response);
  const IpAddress client = served_->client_subnets.ClientOf(exchange.query.edns.subnet, resolver);
  answerer_.Answer(exchange, Asker(client, *opt.subnet_bits), response);
}

// What the query's options ask for, as far as it does not depend on the answer.
CookieVerdict Responder::AnswerOptions(const wire::Edns& asked, const IpAddress& client,
                                       Transport transport, OptAnswer& out) const {
  if (asked.subnet.present && served_->client_subnets.TakesFrom(client)) {
    out.subnet_bits = served_->client_subnets.BitsUsed(asked.subnet);
  }
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
  chooser_.BeginSecond();
}

}  // namespace dnsd::answer
