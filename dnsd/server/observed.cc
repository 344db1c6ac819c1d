#include "dnsd/server/observed.h"

#include <algorithm>
#include <iterator>

namespace dnsd::server {
namespace {

// By number; those that are asked for in every network first.
constexpr struct {
  std::size_t type;
  const char* name;
} kTypes[] = {{1, "A"},      {28, "AAAA"},    {2, "NS"},          {5, "CNAME"},   {6, "SOA"},
              {12, "PTR"},   {15, "MX"},      {16, "TXT"},        {33, "SRV"},    {65, "HTTPS"},
              {255, "ANY"},  {13, "HINFO"},   {17, "RP"},         {18, "AFSDB"},  {29, "LOC"},
              {35, "NAPTR"}, {37, "CERT"},    {39, "DNAME"},      {41, "OPT"},    {42, "APL"},
              {43, "DS"},    {44, "SSHFP"},   {46, "RRSIG"},      {47, "NSEC"},   {48, "DNSKEY"},
              {49, "DHCID"}, {50, "NSEC3"},   {51, "NSEC3PARAM"}, {52, "TLSA"},   {53, "SMIMEA"},
              {59, "CDS"},   {60, "CDNSKEY"}, {61, "OPENPGPKEY"}, {62, "CSYNC"},  {63, "ZONEMD"},
              {64, "SVCB"},  {99, "SPF"},     {108, "EUI48"},     {109, "EUI64"}, {249, "TKEY"},
              {250, "TSIG"}, {251, "IXFR"},   {252, "AXFR"},      {253, "MAILB"}, {254, "MAILA"},
              {256, "URI"},  {257, "CAA"}};
constexpr std::size_t kCommon = 11;

}  // namespace

std::string TypeName(std::size_t slot) {
  if (slot + 1 >= answer::WorkerStats::kTypes) return "other";
  const auto* known =
      std::find_if(std::begin(kTypes), std::end(kTypes), [=](auto& t) { return t.type == slot; });
  return known != std::end(kTypes) ? known->name : "TYPE" + std::to_string(slot);
}

bool IsCommon(std::size_t slot) {
  return std::any_of(kTypes, kTypes + kCommon, [=](auto& t) { return t.type == slot; });
}

std::map<std::string, std::uint64_t> FaultCounts(const Observed& observed,
                                                 const StatusReport& fleet) {
  std::map<std::string, std::uint64_t> counts;
  for (std::size_t i = 0; i < fleet::kFaults; ++i) {
    counts[fleet::NameOf(static_cast<fleet::Fault>(i))] += fleet.faults[i];
  }
  if (observed.faults == nullptr) return counts;
  for (std::size_t i = 0; i < kHeartbeatFaults; ++i) {
    const auto fault = static_cast<HeartbeatFault>(i);
    counts[NameOf(fault)] += observed.faults->count(fault);
  }
  return counts;
}

TcpCounts CountTcp(const Observed& observed) {
  using Stats = answer::WorkerStats;
  static constexpr const char* kEnds[Stats::kTcpEnds] = {"client",   "idle", "slow",
                                                         "no_query", "room", "stop"};
  static constexpr const char* kRefusals[Stats::kTcpRefusals] = {"prefix", "shortage"};
  TcpCounts counts;
  std::uint64_t closed = 0;
  for (std::size_t i = 0; i < Stats::kTcpEnds; ++i) {
    const auto count = Total(
        observed, [=](const Stats& s) -> auto& { return s.tcp_closed[i]; });
    counts.closed[kEnds[i]] = count;
    closed += count;
  }
  for (std::size_t i = 0; i < Stats::kTcpRefusals; ++i) {
    counts.refused[kRefusals[i]] = Total(
        observed, [=](const Stats& s) -> auto& { return s.tcp_refused[i]; });
  }
  counts.connections = Total(
      observed, [](const Stats& s) -> auto& { return s.tcp_connections; });
  // Counted while the workers go on counting.
  counts.open = counts.connections - std::min(closed, counts.connections);
  return counts;
}

std::string RcodeName(std::size_t rcode) {
  static constexpr const char* kNames[answer::WorkerStats::kRcodes] = {
      "NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
      "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", nullptr,
      nullptr,    nullptr,   nullptr,    nullptr,    "BADVERS"};
  const char* name = rcode < answer::WorkerStats::kRcodes ? kNames[rcode] : nullptr;
  return name != nullptr ? name : "RCODE" + std::to_string(rcode);
}

}  // namespace dnsd::server
