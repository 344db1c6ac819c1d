#include "dnsd/wire/query.h"

#include <algorithm>

namespace dnsd::wire {
namespace {

// Passes over a name that may end in a compression pointer; what it points at does not matter.
bool SkipName(Reader& in) {
  while (true) {
    const std::uint8_t length = in.U8();
    if (!in.ok()) return false;
    if (length == 0) return true;
    if (length >= 0xC0) {
      in.U8();
      return in.ok();
    }
    if (length > 63) return false;
    in.Bytes(length);
  }
}

// RFC 7871 §6 and §7.1.2: the address is cut to whole octets, no bit past the prefix is set, and a
// query's scope is zero.
bool ReadClientSubnet(std::span<const std::uint8_t> data, ClientSubnet& out) {
  Reader in(data);
  const std::uint16_t family = in.U16();
  const std::uint8_t source = in.U8();
  const std::uint8_t scope = in.U8();
  if (!in.ok() || scope != 0 || out.present) return false;
  if (family != 1 && family != 2) return false;
  const std::size_t size = family == 1 ? 4 : 16;
  if (source > 8 * size || in.left() != (source + 7U) / 8U) return false;
  std::array<std::uint8_t, 16> octets{};
  const auto given = in.Bytes(in.left());
  std::copy(given.begin(), given.end(), octets.begin());
  out.address = *IpAddress::FromOctets(std::span(octets).first(size));
  if (out.address.Masked(source) != out.address) return false;
  out.source_length = source;
  out.present = true;
  return true;
}

// RFC 7873 §5.2: any other length is a format error; of several cookies the first alone counts.
bool ReadCookie(std::span<const std::uint8_t> data, Edns& out) {
  if (!out.cookie.empty()) return true;
  if (data.size() != kClientCookieSize &&
      (data.size() < kLeastFullCookieSize || data.size() > kMostCookieSize)) {
    return false;
  }
  out.cookie = data;
  return true;
}

// False for a malformed option. Those that nobody knows are passed over (RFC 6891 §6.1.2).
bool ReadOption(EdnsOption code, std::span<const std::uint8_t> data, Edns& out) {
  switch (code) {
    case EdnsOption::kClientSubnet:
      return ReadClientSubnet(data, out.subnet);
    case EdnsOption::kCookie:
      return ReadCookie(data, out);
    case EdnsOption::kNsid:
      out.nsid = true;  // whatever it carries is ignored (RFC 5001 §2.1)
      return true;
    case EdnsOption::kTcpKeepalive:
      out.keepalive =
          std::max(out.keepalive, data.empty() ? Keepalive::kAsked : Keepalive::kMalformed);
      return true;
    default:
      return true;
  }
}

bool ReadOptions(std::span<const std::uint8_t> rdata, Edns& out) {
  Reader in(rdata);
  while (in.left() > 0) {
    const auto code = static_cast<EdnsOption>(in.U16());
    const auto data = in.Bytes(in.U16());
    if (!in.ok() || !ReadOption(code, data, out)) return false;
  }
  return true;
}

// What was asked for by options is not answered: the query is refused as a whole.
void ForgetOptions(Edns& edns) {
  edns.subnet = {};
  edns.cookie = {};
  edns.nsid = false;
  edns.keepalive = Keepalive::kNone;
}

// Reads one record of the additional section; only OPT matters to a query.
QueryFault ReadAdditional(Reader& in, Edns& edns) {
  const std::size_t start = in.offset();
  if (!SkipName(in)) return QueryFault::kFormErr;
  const bool root_owner = in.offset() - start == 1;
  const auto type = static_cast<RrType>(in.U16());
  const std::uint16_t udp_size = in.U16();
  const std::uint32_t ttl = in.U32();
  const auto rdata = in.Bytes(in.U16());
  if (!in.ok()) return QueryFault::kFormErr;
  if (type != RrType::kOpt) return QueryFault::kNone;
  if (!root_owner || edns.present) return QueryFault::kFormErr;  // RFC 6891 §6.1.1
  edns.present = true;
  edns.udp_size = udp_size;
  edns.version = static_cast<std::uint8_t>(ttl >> 16);
  edns.dnssec_ok = (ttl & 0x8000U) != 0;
  if (edns.version != 0) return QueryFault::kBadVers;
  return ReadOptions(rdata, edns) ? QueryFault::kNone : QueryFault::kFormErr;
}

// Passes over the records before the additional section and reads that, up to the first fault.
void FindOpt(Reader& in, unsigned records_before, unsigned additionals, Edns& edns) {
  Edns ignored;
  for (unsigned i = 0; i < records_before; ++i) {
    if (ReadAdditional(in, ignored) == QueryFault::kFormErr) return;
  }
  for (unsigned i = 0; i < additionals; ++i) {
    if (ReadAdditional(in, edns) != QueryFault::kNone) break;
  }
  ForgetOptions(edns);
}

// Reads on where there is no question: a COOKIE alone makes it a query (RFC 7873 §5.4).
QueryFault ReadCookieQuery(Reader& in, unsigned additionals, Edns& edns) {
  for (unsigned i = 0; i < additionals; ++i) {
    const QueryFault fault = ReadAdditional(in, edns);
    if (fault != QueryFault::kNone) return fault;
  }
  if (in.left() == 0 && !edns.cookie.empty()) return QueryFault::kNoQuestion;
  ForgetOptions(edns);
  return QueryFault::kFormErr;
}

bool ReadQuestion(Reader& in, Query& out) {
  const std::size_t start = in.offset();
  if (ReadName(in, out.name) != WireError::kNone) return false;
  out.type = static_cast<RrType>(in.U16());
  out.qclass = static_cast<RrClass>(in.U16());
  if (!in.ok()) return false;
  out.question = in.Since(start);
  return true;
}

}  // namespace

QueryFault ReadQuery(std::span<const std::uint8_t> message, Query& out) {
  if (message.size() < kHeaderSize) return QueryFault::kNoResponse;
  Reader in(message);
  out.id = in.U16();
  const std::uint16_t flags = in.U16();
  if ((flags & 0x8000U) != 0) return QueryFault::kNoResponse;
  out.opcode = static_cast<Opcode>(flags >> 11 & 15U);
  out.recursion_desired = (flags & 0x0100U) != 0;
  out.checking_disabled = (flags & 0x0010U) != 0;
  out.question = {};
  out.edns = {};
  const std::uint16_t questions = in.U16();
  const std::uint16_t answers = in.U16();
  const std::uint16_t authorities = in.U16();
  const std::uint16_t additionals = in.U16();
  if (out.opcode == Opcode::kQuery && questions + answers + authorities == 0) {
    return ReadCookieQuery(in, additionals, out.edns);
  }
  const bool read = questions == 1 && ReadQuestion(in, out);
  // IXFR carries the client's SOA (RFC 1995 §3); no other query has an authority section.
  const bool plain = read && answers == 0 && (authorities == 0 || out.type == RrType::kIxfr);
  if (out.opcode != Opcode::kQuery || !plain) {
    // The response has an OPT if the query has one (RFC 6891 §6.1.1), as far as it can be seen.
    if (read) FindOpt(in, answers + authorities, additionals, out.edns);
    return out.opcode != Opcode::kQuery ? QueryFault::kNotImp : QueryFault::kFormErr;
  }
  Edns ignored;
  for (unsigned i = 0; i < authorities; ++i) {
    if (ReadAdditional(in, ignored) == QueryFault::kFormErr) return QueryFault::kFormErr;
  }
  for (unsigned i = 0; i < additionals; ++i) {
    const QueryFault fault = ReadAdditional(in, out.edns);
    if (fault != QueryFault::kNone) return fault;
  }
  return in.left() == 0 ? QueryFault::kNone : QueryFault::kFormErr;
}

}  // namespace dnsd::wire
