// Query in, response out: the hot path.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/rate_limit.h"
#include "dnsd/answer/response.h"
#include "dnsd/answer/served.h"
#include "dnsd/answer/site_chooser.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/random.h"

namespace dnsd::answer {

// A message on its way to an answer. Borrows the message.
struct Exchange {
  wire::QueryFault fault = wire::QueryFault::kNone;
  wire::Query query;
  wire::NameHashes hashes;           // of QNAME; unspecified on a fault
  const zone::Zone* zone = nullptr;  // that QNAME is looked up in; null: none, or a fault
};

// Answers queries after RFC 1034 §4.3.2, sites from their pools. One a worker, used by its thread
// alone. Allocates in Adopt only; never locks, throws or calls the system.
class Responder {
 public:
  static constexpr std::size_t kMaxTcpSize = 65535;

  // `worker` is this worker's number, from 0. Borrows `stats`.
  Responder(std::size_t worker, WorkerStats& stats, std::uint64_t seed)
      : stats_(stats), random_(seed), chooser_(worker, stats, random_) {}

  // Takes over a new snapshot, borrowed until the next Adopt. Each before the first Respond.
  void Adopt(const Served& served);
  void Adopt(const FleetView& fleet) { chooser_.Adopt(fleet); }

  // From here on TCP clients that ask for it are told that they may stay so long without a query,
  // in tenths of a second (edns-tcp-keepalive, RFC 7828); 0: they should close once answered.
  void set_tcp_keepalive(std::uint16_t tenths) { tcp_keepalive_ = tenths; }
  // The time that cookies are made and judged by; a second more or less is no matter to them.
  void set_wall_time(WallTime now);

  // Whether responses are rate limited, and so set_time is wanted before a batch: the monotonic
  // time, never going back.
  bool limits_rates() const { return limiter_ != nullptr; }
  void set_time(std::chrono::milliseconds now) { now_ = now; }

  // Writes the response to `message` into `out` and returns its size; 0 if none is owed, or a rate
  // limit drops it. `out` has room for edns_size octets over UDP and kMaxTcpSize over TCP, and for
  // 512 at least.
  std::size_t Respond(std::span<const std::uint8_t> message, const IpAddress& client,
                      Transport transport, std::span<std::uint8_t> out) {
    Exchange exchange;
    Read(message, exchange);
    return Respond(exchange, client, transport, out);
  }

  // The same in steps, for a batch: Read each, LookAhead, Respond to each. A zone of a million
  // sites lies in no cache; so the processor waits for the memory of all messages at once. No Adopt
  // between the steps.
  void Read(std::span<const std::uint8_t> message, Exchange& exchange) const;
  void LookAhead(std::span<const Exchange> batch) const;
  // Where limits_rates(): likewise the account that an answer to `client` most likely falls to.
  void LookAheadAtLimit(const Exchange& exchange, const IpAddress& client) const {
    if (exchange.zone == nullptr) return;
    limiter_->Prefetch(client, {ResponseClass::kAnswer, exchange.hashes.of(0),
                                static_cast<std::uint16_t>(exchange.query.type)});
  }
  std::size_t Respond(const Exchange& exchange, const IpAddress& client, Transport transport,
                      std::span<std::uint8_t> out);

 private:
  // One name on the way along a chain of CNAMEs, and the zone it is looked up in.
  struct Step;

  // What the rate limits want to know of the response under way.
  struct Limit {
    bool applies = false;                 // over UDP, with limits configured
    const IpAddress* client = nullptr;    // who gets it
    std::uint64_t name_hash = 0;          // what the last lookup ended at
    std::optional<Verdict> verdict = {};  // once judged
  };

  bool IsLimited(const wire::Query& query, ResponseClass response_class);
  bool PassesLimit(const wire::Query& query, Response& response);
  std::size_t SizeLimit(const wire::Query& query, Transport transport) const;
  CookieVerdict AnswerOptions(const wire::Edns& asked, const IpAddress& client, Transport transport,
                              OptAnswer& out) const;
  void Refuse(wire::QueryFault fault, Response& response);
  void AnswerSpecial(const Exchange& exchange, Transport transport, Response& response);
  void AnswerChaos(const wire::Query& query, Response& response);
  void Answer(const Exchange& exchange, const IpAddress& client, Response& response);
  const zone::Zone* ZoneFor(wire::RrType type, const wire::Name& name,
                            const wire::NameHashes& hashes) const;
  bool AnswerStep(Step& step, Response& response);
  bool AnswerNode(Step& step, const zone::Node& node, Response& response);
  void AnswerAny(const Step& step, const zone::Node& node, Response& response);
  bool Follow(Step& step, std::span<const std::uint8_t> target);
  bool FollowDname(Step& step, const zone::Lookup& found, Response& response);
  void Refer(const zone::Zone& zone, const zone::Node& cut, Response& response);
  void Deny(const Step& step, Response& response);
  bool AddRrset(const Step& step, const zone::Zone& zone, std::span<const std::uint8_t> owner,
                std::uint64_t owner_hash, const zone::Rrset& rrset, Section section, Fit fit,
                Response& response);
  void AddAdditional(const Step& step, const zone::Rrset& rrset, Response& response);

  WorkerStats& stats_;
  Random random_;
  SiteChooser chooser_;
  const Served* served_ = nullptr;
  std::unique_ptr<RateLimiter> limiter_;  // null: nothing is limited
  std::chrono::milliseconds now_{0};
  Limit limit_;
  std::uint16_t tcp_keepalive_ = 0;
  std::uint32_t wall_seconds_ = 0;  // since 1970, modulo 2^32
};

}  // namespace dnsd::answer
