#include "dnsd/server/query_line.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "dnsd/wire/name.h"
#include "dnsd/wire/reader.h"

namespace dnsd::server {
namespace {

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint8_t kPointer = 0xC0;  // the two bits of a compressed label

std::string TypeText(std::uint16_t type) {
  static constexpr struct {
    std::uint16_t type;
    const char* text;
  } kTypes[] = {{1, "A"},       {2, "NS"},     {5, "CNAME"},  {6, "SOA"},    {12, "PTR"},
                {15, "MX"},     {16, "TXT"},   {28, "AAAA"},  {33, "SRV"},   {35, "NAPTR"},
                {39, "DNAME"},  {43, "DS"},    {44, "SSHFP"}, {46, "RRSIG"}, {47, "NSEC"},
                {48, "DNSKEY"}, {50, "NSEC3"}, {52, "TLSA"},  {64, "SVCB"},  {65, "HTTPS"},
                {251, "IXFR"},  {252, "AXFR"}, {255, "ANY"},  {257, "CAA"}};
  for (const auto& known : kTypes) {
    if (known.type == type) return known.text;
  }
  return "TYPE" + std::to_string(type);  // RFC 3597 §5
}

std::string ClassText(std::uint16_t number) {
  if (number == 1) return "IN";
  if (number == 3) return "CH";
  return number == 255 ? "ANY" : "CLASS" + std::to_string(number);
}

std::string RcodeText(unsigned rcode) {
  static constexpr const char* kRcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                            "NXDOMAIN", "NOTIMP",  "REFUSED"};
  return rcode < std::size(kRcodes) ? kRcodes[rcode] : "RCODE" + std::to_string(rcode);
}

std::string TimeText(std::int64_t nanoseconds) {
  const std::time_t seconds = nanoseconds / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%06dZ",
                static_cast<int>(nanoseconds % 1'000'000'000 / 1000));
  return text.data();
}

// Skips a name that may be compressed.
void SkipName(wire::Reader& in) {
  while (in.ok()) {
    const std::uint8_t size = in.U8();
    if ((size & kPointer) == kPointer) {
      in.U8();
      return;
    }
    if (size == 0) return;
    in.Bytes(size);
  }
}

// "www.lb.example. A IN", with the octets' case.
std::string QuestionText(std::span<const std::uint8_t> message) {
  wire::Reader in(message);
  in.Bytes(4);
  const std::uint16_t questions = in.U16();
  in.Bytes(6);
  const std::size_t start = in.offset();
  SkipName(in);
  if (!in.ok() || questions == 0) return "- - -";
  const auto name = in.Since(start);
  const std::uint16_t type = in.U16();
  const std::uint16_t number = in.U16();
  wire::Reader whole(name);
  wire::Name parsed;
  // A name with a pointer, or one that is too long, is no QNAME.
  if (!in.ok() || wire::ReadName(whole, parsed) != wire::WireError::kNone) return "- - -";
  return wire::NameToString(name) + ' ' + TypeText(type) + ' ' + ClassText(number);
}

// The addresses of the answer section, or the number of its records.
std::string AnswerText(std::span<const std::uint8_t> message) {
  wire::Reader in(message);
  in.Bytes(4);
  const std::uint16_t questions = in.U16();
  const std::uint16_t answers = in.U16();
  in.Bytes(4);
  for (std::uint16_t i = 0; i < questions && in.ok(); ++i) {
    SkipName(in);
    in.Bytes(4);
  }
  std::string addresses;
  for (std::uint16_t i = 0; i < answers && in.ok(); ++i) {
    SkipName(in);
    const std::uint16_t type = in.U16();
    in.Bytes(6);  // class, TTL
    const auto rdata = in.Bytes(in.U16());
    if (type != kTypeA && type != kTypeAaaa) continue;
    if (const auto address = IpAddress::FromOctets(rdata)) {
      addresses += (addresses.empty() ? "" : ",") + address->ToString();
    }
  }
  return addresses.empty() ? std::to_string(answers) : addresses;
}

const char* TransportText(answer::Transport transport) {
  return transport == answer::Transport::kUdp ? "UDP" : "TCP";
}

}  // namespace

std::string QueryLine(const TappedQuery& query) {
  const Endpoint& client = query.header.client;
  std::string line = TimeText(query.header.time) + ' ' + client.address.ToString() + '#' +
                     (client.port == 0 ? "-" : std::to_string(client.port)) + ' ' +
                     TransportText(query.header.transport) + ' ' + QuestionText(query.query) + ' ';
  if (query.response.size() < 4) return line + "- -";
  return line + RcodeText(query.response[3] & 0x0FU) + ' ' + AnswerText(query.response);
}

}  // namespace dnsd::server
