// What a client asked: the header, question and EDNS of one query message.
#pragma once

#include <cstdint>
#include <span>

#include "dnsd/base/ip.h"
#include "dnsd/wire/name.h"
#include "dnsd/wire/types.h"

namespace dnsd::wire {

inline constexpr std::size_t kHeaderSize = 12;

// Octets of a COOKIE option (RFC 7873 §4): the client's cookie alone, or a server's behind it.
inline constexpr std::size_t kClientCookieSize = 8;
inline constexpr std::size_t kLeastFullCookieSize = 16;
inline constexpr std::size_t kMostCookieSize = 40;

// The client's network as a resolver tells it (RFC 7871 §6).
struct ClientSubnet {
  bool present = false;
  std::uint8_t source_length = 0;  // bits; 0: "do not use my address"
  IpAddress address;               // bits past source_length are zero
};

// What a query says of edns-tcp-keepalive. Whether it matters is the transport's to say: over UDP
// it is ignored (RFC 7828 §3.3.1).
enum class Keepalive : std::uint8_t {
  kNone,
  kAsked,
  kMalformed,  // with a timeout, which is the server's to tell (RFC 7828 §3.2.2)
};

// The OPT record of a query (RFC 6891 §6.1.2). Borrows the message: `cookie` points into it.
struct Edns {
  bool present = false;
  bool dnssec_ok = false;
  std::uint8_t version = 0;
  std::uint16_t udp_size = 0;  // octets the client can reassemble, as it says
  ClientSubnet subnet;
  std::span<const std::uint8_t> cookie;  // COOKIE's data, of a size above; empty: there is none
  bool nsid = false;                     // wants the server's identifier (RFC 5001)
  Keepalive keepalive = Keepalive::kNone;
};

// A query as read. Borrows the message: `question` points into it.
struct Query {
  std::uint16_t id = 0;
  Opcode opcode = Opcode::kQuery;
  bool recursion_desired = false;
  bool checking_disabled = false;
  Name name;                               // QNAME in lower case
  RrType type{};                           // QTYPE
  RrClass qclass{};                        // QCLASS
  std::span<const std::uint8_t> question;  // QNAME as asked, QTYPE, QCLASS; empty if not read
  Edns edns;
};

// What is to become of a message. kFormErr, kNotImp and kBadVers are answered with their RCODE.
enum class QueryFault : std::uint8_t {
  kNone,
  kNoResponse,  // shorter than a header, or itself a response: answering could loop
  kFormErr,     // does not parse, not exactly one question, a second OPT, a bad option, left-overs
  kNotImp,      // an OPCODE other than QUERY
  kBadVers,     // an EDNS version above 0
  kNoQuestion,  // nothing but a COOKIE: FORMERR from a server without cookies (RFC 7873 §5.4)
};

// Reads `message` into `out`. On a fault, `out` holds what was read before it: at least the header
// for every fault but kNoResponse, and the question where `question` is not empty.
[[nodiscard]] QueryFault ReadQuery(std::span<const std::uint8_t> message, Query& out);

}  // namespace dnsd::wire
