#include "dnsd/answer/opt.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace dnsd::answer {
namespace {

using wire::EdnsOption;

constexpr std::size_t kFixed = 11;        // root owner, type, class, TTL, length
constexpr std::size_t kOptionHeader = 4;  // code, length

bool TellsSubnet(const wire::Edns& asked, const OptAnswer& answer) {
  return asked.subnet.present && answer.subnet_bits.has_value();
}

std::size_t SubnetOctets(const wire::ClientSubnet& subnet) {
  return (subnet.source_length + 7U) / 8U;
}

void WriteHeader(wire::Writer& out, EdnsOption code, std::size_t size) {
  out.U16(static_cast<std::uint16_t>(code));
  out.U16(static_cast<std::uint16_t>(size));
}

void WriteOption(wire::Writer& out, EdnsOption code, std::span<const std::uint8_t> data) {
  WriteHeader(out, code, data.size());
  out.Bytes(data);
}

void WriteSubnet(wire::Writer& out, const wire::ClientSubnet& subnet, std::uint8_t scope) {
  const std::size_t octets = SubnetOctets(subnet);
  WriteHeader(out, EdnsOption::kClientSubnet, 4 + octets);
  out.U16(subnet.address.family() == IpFamily::kV4 ? 1 : 2);
  out.U8(subnet.source_length);
  out.U8(scope);
  out.Bytes(subnet.address.octets().first(octets));
}

void WriteOptions(wire::Writer& out, const wire::Edns& asked, const OptAnswer& answer) {
  if (TellsSubnet(asked, answer)) {
    // RFC 7871 §7.2.1: a scope longer than the source would ask for more; what is told is enough.
    WriteSubnet(out, asked.subnet, std::min(answer.client_scope, *answer.subnet_bits));
  }
  if (!answer.nsid.empty()) WriteOption(out, EdnsOption::kNsid, answer.nsid);
  if (answer.cookie) WriteOption(out, EdnsOption::kCookie, *answer.cookie);
  if (answer.keepalive) {
    WriteHeader(out, EdnsOption::kTcpKeepalive, 2);
    out.U16(*answer.keepalive);
  }
}

// Only where the code says less than we know.
std::string_view TextOf(ExtendedError error) {
  return error == ExtendedError::kInvalidData ? "no server of this site is up" : "";
}

// Behind all else in OPT, whose length stands at `length_at`; left out if it does not fit.
void WriteError(wire::Writer& out, ExtendedError error, std::size_t length_at) {
  const std::size_t before = out.size();
  const std::string_view text = TextOf(error);
  WriteHeader(out, EdnsOption::kExtendedError, 2 + text.size());
  out.U16(static_cast<std::uint16_t>(error));
  out.Bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  if (out.ok()) {
    out.Patch16(length_at, static_cast<std::uint16_t>(out.size() - length_at - 2));
  } else {
    out.RewindTo(before);
  }
}

}  // namespace

std::size_t OptSize(const wire::Edns& asked, const OptAnswer& answer) {
  if (!asked.present) return 0;
  std::size_t size = kFixed;
  if (TellsSubnet(asked, answer)) size += kOptionHeader + 4 + SubnetOctets(asked.subnet);
  if (!answer.nsid.empty()) size += kOptionHeader + answer.nsid.size();
  if (answer.cookie) size += kOptionHeader + answer.cookie->size();
  if (answer.keepalive) size += kOptionHeader + 2;
  return size;
}

void WriteOpt(wire::Writer& out, const wire::Edns& asked, const OptAnswer& answer,
              wire::Rcode rcode, std::uint16_t udp_size) {
  const std::size_t options = OptSize(asked, answer) - kFixed;
  out.U8(0);
  // The TTL is the upper bits of the RCODE, the version, and DO (copied, RFC 3225 §3).
  const std::uint32_t ttl =
      static_cast<std::uint32_t>(rcode) >> 4 << 24 | (asked.dnssec_ok ? std::uint32_t{0x8000} : 0);
  const std::size_t length_at = out.size() + 8;
  out.RecordHead(wire::RrType::kOpt, udp_size, ttl, options);
  if (options > 0) WriteOptions(out, asked, answer);
  if (answer.error != ExtendedError::kNone) WriteError(out, answer.error, length_at);
}

}  // namespace dnsd::answer
