// Query in, response out: the hot path.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "dnsd/answer/exchange.h"
#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/rate_gate.h"
#include "dnsd/answer/response.h"
#include "dnsd/answer/served.h"
#include "dnsd/answer/site_chooser.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/answer/zone_answerer.h"
#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/random.h"

namespace dnsd::answer {

// Answers queries after RFC 1034 §4.3.2, sites from their pools. One a worker, used by its thread
// alone. Allocates in Adopt only; never locks, throws or calls the system.
class Responder {
 public:
  static constexpr std::size_t kMaxTcpSize = 65535;

  // `worker` is this worker's number, from 0. Borrows `stats`.
  Responder(std::size_t worker, WorkerStats& stats, std::uint64_t seed)
      : stats_(stats),
        random_(seed),
        chooser_(worker, stats, random_),
        gate_(stats),
        answerer_(chooser_, gate_) {}

  // Takes over a new snapshot, borrowed until the next Adopt. Each before the first Respond.
  void Adopt(const Served& served);
  void Adopt(const FleetView& fleet) { chooser_.Adopt(fleet); }

  // From here on TCP clients that ask for it are told that they may stay so long without a query,
  // in tenths of a second (edns-tcp-keepalive, RFC 7828); 0: they should close once answered.
  void set_tcp_keepalive(std::uint16_t tenths) { tcp_keepalive_ = tenths; }
  // Once a second: the time that cookies are made and judged by; a second more or less is no matter
  // to them. Answers by site are counted anew.
  void set_wall_time(WallTime now);

  // Whether set_time is wanted before a batch: the monotonic time, never going back.
  bool wants_time() const { return gate_.has_limits() || chooser_.wants_time(); }
  void set_time(std::chrono::milliseconds now) {
    gate_.set_time(now);
    chooser_.set_time(now);
  }
  // Whether responses are rate limited.
  bool limits_rates() const { return gate_.has_limits(); }

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
    gate_.LookAhead(exchange, client);
  }
  // Where locates_clients(): likewise what is known of where `client`, or its subnet, is. In two
  // steps, each for the whole batch: the second reads what the first has called for.
  bool locates_clients() const { return chooser_.is_locality_large(); }
  void LookAheadAtClient(const Exchange& exchange, const IpAddress& client) const {
    if (exchange.zone != nullptr) chooser_.LookAhead(ToldClient(exchange, client));
  }
  void LookDeeperAtClient(const Exchange& exchange, const IpAddress& client) const {
    if (exchange.zone != nullptr) chooser_.LookDeeper(ToldClient(exchange, client));
  }
  std::size_t Respond(const Exchange& exchange, const IpAddress& client, Transport transport,
                      std::span<std::uint8_t> out);

 private:
  // The subnet, taken or not.
  static const IpAddress& ToldClient(const Exchange& exchange, const IpAddress& client) {
    const wire::ClientSubnet& subnet = exchange.query.edns.subnet;
    return subnet.present && subnet.source_length > 0 ? subnet.address : client;
  }
  std::size_t SizeLimit(const wire::Query& query, Transport transport) const;
  CookieVerdict AnswerOptions(const wire::Edns& asked, const IpAddress& client, Transport transport,
                              OptAnswer& out) const;
  void AnswerFor(const Exchange& exchange, const IpAddress& resolver, const OptAnswer& opt,
                 Response& response);
  void Refuse(wire::QueryFault fault, Response& response);
  void AnswerSpecial(const Exchange& exchange, Transport transport, Response& response);
  void AnswerChaos(const wire::Query& query, Response& response);

  WorkerStats& stats_;
  Random random_;
  SiteChooser chooser_;
  RateGate gate_;
  ZoneAnswerer answerer_;
  const Served* served_ = nullptr;
  std::uint16_t tcp_keepalive_ = 0;
  std::uint32_t wall_seconds_ = 0;  // since 1970, modulo 2^32
};

}  // namespace dnsd::answer
