// Whatever comes in: no response, or one that ldns parses, that is no larger than the client takes,
// has the query's ID and question, and holds RRsets whole.
//
// The input is four octets of control, then a message:
//   0  bit 0: over TCP; bits 1-2: the fleet; bits 3-4: the settings; bit 5: with a good cookie;
//      bit 6: read ahead, as a batch is
//   1  the client (kClients)
//   2  how often it asks the same, less one (16 at most)
//   3  hundredths of a second between
//
// tools/test gives it some seconds. A million inputs, after tools/build fuzz fuzzers:
//   mkdir -p build/fuzz/found/responder
//   cd build/fuzz && tests/fuzz/responder_fuzz -runs=1000000 -max_len=4096
//     -dict=../../tests/fuzz/responder.dict found/responder tests/fuzz/seeds/responder
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/fleet/hosting_builder.h"
#include "dnsd/zone/loader.h"
#include "tests/fuzz/check.h"

// Last: to clang it redefines bool, which the standard's headers cannot bear.
#include <ldns/ldns.h>

namespace {

using namespace dnsd;
using answer::Responder;
using answer::Transport;
using wire::Name;
using wire::RrType;

constexpr std::size_t kControls = 4;
constexpr std::size_t kFleets = 4;
constexpr std::size_t kSettings = 4;
constexpr std::array<const char*, 6> kClients = {"198.51.100.53", "10.0.0.3",  "203.0.113.7",
                                                 "2001:db8::53",  "fd00::2:1", "127.0.0.1"};
constexpr std::uint32_t kWallTime = 1'800'000'000;  // seconds since 1970
constexpr answer::CookieSecret kSecret = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

Name NameOf(const std::string& text) { return *Name::Parse(text); }

// A site of pools.example for each way to be answered.
zone::SiteRules MakeRules() {
  zone::SiteRules rules;
  const auto add = [&](const char* pattern, auto change) {
    zone::SiteOptions options;
    change(options);
    rules.Add(pattern, options);
  };
  add("turns.pools.example", [](auto& o) { o.policy = zone::Policy::kRoundRobin; });
  add("near.pools.example", [](auto& o) { o.order = zone::Order::kLocality; });
  add("nodata.pools.example", [](auto& o) { o.all_down = zone::AllDown::kNoData; });
  add("servfail.pools.example", [](auto& o) { o.all_down = zone::AllDown::kServFail; });
  add("lastgood.pools.example", [](auto& o) { o.all_down = zone::AllDown::kLastGood; });
  add("many.pools.example", [](auto& o) { o.answers = 3; });
  add("*.hosting.pools.example", [](auto& o) { o.answers = 2, o.ttl = 5; });
  return rules;
}

// All zones of the tests, and one of pools; fleets and settings of all kinds.
struct World {
  World() : rules(MakeRules()) {
    const std::string tests = DNSD_SOURCE_DIR "/tests/";
    Load(tests + "fuzz/zones");
    Load(tests + "data/zones");
    for (std::size_t i = 0; i < kSettings; ++i) served.push_back(MakeServed(i));
    fleets[1] = MakeMixedFleet();
    fleets[2] = fleets[1];
    for (auto& node : fleets[2].nodes) node.tier = fleet::Tier::kExcluded;
    fleets[3] = fleets[1];
    for (auto& node : fleets[3].nodes) node.tier = fleet::Tier::kUsable;
  }

  void Load(const std::string& folder) {
    std::set<std::filesystem::path> files;  // in an order that is the same everywhere
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".zone") files.insert(entry.path());
    }
    for (const auto& file : files) {
      auto loaded = zone::LoadZone(file.string(), NameOf(file.stem().string()), addresses, rules);
      if (!loaded.ok()) {
        std::fprintf(stderr, "%s\n", std::string(loaded.status().message()).c_str());
      }
      CHECK_PROPERTY(loaded.ok());
      zones.push_back(loaded->zone);
    }
  }

  // 0: the least; 1: what tells of the server; 2: the largest responses; 3: all, and limited.
  std::unique_ptr<answer::Served> MakeServed(std::size_t settings) const {
    auto made = std::make_unique<answer::Served>(answer::Served{
        zone::ZoneSet(zones, rules.options()),
        locality::Locality(
            {.subnets = {{*IpPrefix::Parse("203.0.113.0/24"),
                          {*IpPrefix::Parse("10.0.0.4"), *IpPrefix::Parse("10.0.0.0/30")}}}},
            {}, addresses),
        std::uint16_t{1232}});
    if (settings == 0) made->edns_size = 512;
    if (settings == 2) made->edns_size = 4096;
    if (settings == 1 || settings == 3) {
      made->cookies = answer::Cookies(std::span(&kSecret, 1));
      made->nsid = {'n', 's', '1'};
      made->chaos = answer::ChaosTexts("dnsd 0.0", "ns1.example");
    }
    if (settings == 3) {
      answer::RateLimitSettings& limits = made->rate_limit.emplace();
      limits.rates.fill(5);
      limits.entries = 64;
    }
    return made;
  }

  // Every other address of a pool has a node; these are usable, last resorts and excluded in turn,
  // warming or not, and some say what they host.
  answer::FleetView MakeMixedFleet() const {
    static const policy::DelayTable delay(2);
    answer::FleetView fleet;
    fleet::HostingBuilder hosting;
    fleet.node_of.resize(addresses.size(), fleet::kNoNode);
    for (std::uint32_t i = 0; i < addresses.size(); i += i % 3 + 1) {
      const auto index = static_cast<fleet::NodeIndex>(fleet.nodes.size());
      fleet.node_of[i] = index;
      answer::NodeEntry node;
      node.figures.load_per_session = 0.01F;
      node.figures.background = static_cast<float>(i % 11) / 10;
      node.figures.delay = &delay;
      node.cost = policy::CostOf(node.figures, 0);
      node.tier = static_cast<fleet::Tier>(index % 3);
      node.last_usable = index;
      node.declares_hosting = index % 4 == 1;
      if (node.declares_hosting) Host(hosting, index);
      fleet.nodes.push_back(node);
    }
    fleet.hosting = hosting.Build();
    return fleet;
  }

  static void Host(fleet::HostingBuilder& hosting, fleet::NodeIndex node) {
    std::vector<fleet::SiteReport> sites;
    for (const char* name : {"www.pools.example", "hosted.hosting.pools.example"}) {
      fleet::SiteReport site;
      site.name = NameOf(name);
      site.ready = node % 8 == 1;
      site.healthy = true;
      sites.push_back(site);
    }
    hosting.SetFull(node, sites);
  }

  AddressTable addresses;
  zone::SiteRules rules;
  std::vector<std::shared_ptr<const zone::Zone>> zones;
  std::vector<std::unique_ptr<answer::Served>> served;  // by settings
  std::array<answer::FleetView, kFleets> fleets;
  answer::WorkerStats stats;
  // Exactly as large as they need be, so that a sanitizer sees a write past the end.
  std::map<std::size_t, std::vector<std::uint8_t>> out;
};

// One input, its query as the reader of the server takes it, and what to hold the response against.
struct Case {
  const answer::Served& served;
  Transport transport;
  std::span<const std::uint8_t> message;
  wire::Query query;
  wire::QueryFault fault;

  Case(const answer::Served& s, Transport t, std::span<const std::uint8_t> m)
      : served(s), transport(t), message(m), fault(wire::ReadQuery(m, query)) {}

  // The payload that the query's OPT offers, at least 512; 512 without one.
  std::size_t limit() const {
    if (transport == Transport::kTcp) return Responder::kMaxTcpSize;
    if (!query.edns.present) return 512;
    return std::clamp<std::size_t>(query.edns.udp_size, 512, served.edns_size);
  }
};

void CheckHeader(const Case& c, std::span<const std::uint8_t> reply) {
  const auto message = c.message;
  CHECK_PROPERTY(message.size() >= 12 && reply.size() >= 12);
  CHECK_PROPERTY(reply.size() <= c.limit());
  CHECK_PROPERTY(reply[0] == message[0] && reply[1] == message[1]);
  CHECK_PROPERTY((reply[2] & 0x80) != 0 && (reply[2] & 0x79) == (message[2] & 0x79));
  CHECK_PROPERTY((reply[3] & 0xE0) == 0);                // no recursion, Z, no AD
  CHECK_PROPERTY((reply[3] & 0x10 & ~message[3]) == 0);  // no CD but the query's
  CHECK_PROPERTY(c.transport == Transport::kUdp || (reply[2] & 0x02) == 0);
  const auto question = c.query.question;
  CHECK_PROPERTY(reply[4] == 0 && reply[5] == (question.empty() ? 0 : 1));
  CHECK_PROPERTY(std::equal(question.begin(), question.end(), reply.begin() + 12));
}

// The offset behind the name at `at`, whose pointers must point backwards.
std::size_t SkipName(std::span<const std::uint8_t> reply, std::size_t at) {
  const std::size_t start = at;
  while (true) {
    CHECK_PROPERTY(at < reply.size());
    const std::size_t length = reply[at];
    if (length >= 0xC0) {
      CHECK_PROPERTY(at + 1 < reply.size());
      const std::size_t target = (length & 0x3F) << 8 | reply[at + 1];
      CHECK_PROPERTY(target >= 12 && target < start);
      return at + 2;
    }
    CHECK_PROPERTY(length <= 63);
    at += 1 + length;
    if (length == 0) return at;
  }
}

// The records fill the message to its last octet, and one OPT stands there if one was asked for.
void CheckShape(const Case& c, std::span<const std::uint8_t> reply) {
  const auto u16 = [&](std::size_t at) {
    return static_cast<std::size_t>(reply[at]) << 8 | reply[at + 1];
  };
  std::size_t at = 12 + c.query.question.size();
  std::size_t opts = 0;
  for (std::size_t i = 0; i < u16(6) + u16(8) + u16(10); ++i) {
    at = SkipName(reply, at);
    CHECK_PROPERTY(at + 10 <= reply.size());
    opts += u16(at) == 41 ? 1U : 0U;
    at += 10 + u16(at + 8);
    CHECK_PROPERTY(at <= reply.size());
  }
  CHECK_PROPERTY(at == reply.size());
  CHECK_PROPERTY(opts == (c.query.edns.present ? 1U : 0U));
}

using RrsetCounts = std::map<std::pair<std::string, RrType>, std::size_t>;

RrsetCounts CountRrsets(const ldns_rr_list* list) {
  RrsetCounts counts;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
    const ldns_rr* rr = ldns_rr_list_rr(list, i);
    const ldns_rdf* owner = ldns_rr_owner(rr);
    std::string name(reinterpret_cast<const char*>(ldns_rdf_data(owner)), ldns_rdf_size(owner));
    for (char& octet : name) {
      octet = static_cast<char>(wire::LowerOctet(static_cast<std::uint8_t>(octet)));
    }
    ++counts[{name, static_cast<RrType>(ldns_rr_get_type(rr))}];
  }
  return counts;
}

// The RRset of the zones that a response may have at `owner`: the name's own, or its wildcard's.
const zone::Rrset* FindRrset(const answer::Served& served, const Name& owner, RrType type) {
  const wire::NameHashes hashes(owner);
  for (const zone::Zone* zone :
       {served.zones.FindClosest(owner, hashes), served.zones.FindAbove(owner, hashes)}) {
    if (zone == nullptr) continue;
    const zone::Lookup found = zone->Find(owner, hashes);
    const zone::Node* node = zone->FindExact(hashes.of(0), owner.wire());
    if (node == nullptr && found.kind == zone::Lookup::Kind::kWildcard) node = found.node;
    if (node == nullptr) continue;
    if (const zone::Rrset* rrset = zone->FindRrset(*node, type)) return rrset;
  }
  return nullptr;
}

// Every RRset of a section stands there whole, but those of sites, which are chosen from.
void CheckRrsets(const Case& c, const ldns_rr_list* list) {
  for (const auto& [key, count] : CountRrsets(list)) {
    const auto& [owner, type] = key;
    const auto name =
        Name::FromWire({reinterpret_cast<const std::uint8_t*>(owner.data()), owner.size()});
    CHECK_PROPERTY(name.has_value());
    const zone::Rrset* rrset = FindRrset(c.served, *name, type);
    if (rrset == nullptr) {
      // Made up: the HINFO of ANY, the CNAME of a DNAME, what is told in class CH.
      CHECK_PROPERTY(type == RrType::kHinfo || type == RrType::kCname ||
                     c.query.qclass == wire::RrClass::kCh);
    } else if (rrset->pool != zone::kNoPool) {
      CHECK_PROPERTY(count >= 1 && count <= rrset->count);
    } else {
      CHECK_PROPERTY(count % rrset->count == 0);
    }
  }
}

void CheckRecords(const Case& c, std::span<const std::uint8_t> reply) {
  ldns_pkt* packet = nullptr;
  CHECK_PROPERTY(ldns_wire2pkt(&packet, reply.data(), reply.size()) == LDNS_STATUS_OK);
  CheckRrsets(c, ldns_pkt_answer(packet));
  CheckRrsets(c, ldns_pkt_authority(packet));
  CheckRrsets(c, ldns_pkt_additional(packet));
  const bool is_short = ldns_pkt_tc(packet);
  if (ldns_pkt_get_rcode(packet) == LDNS_RCODE_NXDOMAIN && !is_short) {
    CHECK_PROPERTY(ldns_rr_list_rr_count(ldns_pkt_authority(packet)) == 1);  // RFC 2308 §3
  }
  if (ldns_pkt_get_rcode(packet) == LDNS_RCODE_SERVFAIL) CHECK_PROPERTY(!ldns_pkt_aa(packet));
  ldns_pkt_free(packet);
}

void CheckReply(const Case& c, std::span<const std::uint8_t> reply) {
  if (reply.empty()) {
    const bool may_drop = c.served.rate_limit.has_value() && c.transport == Transport::kUdp;
    CHECK_PROPERTY(may_drop || c.fault == wire::QueryFault::kNoResponse);
    return;
  }
  CHECK_PROPERTY(c.fault != wire::QueryFault::kNoResponse);
  CheckHeader(c, reply);
  CheckShape(c, reply);
  CheckRecords(c, reply);
}

// Makes the server's part of the cookie in `message` a good one, where a query of OPT alone ends in
// a COOKIE option with room for it.
void MakeCookieGood(const answer::Cookies& cookies, const IpAddress& client,
                    std::vector<std::uint8_t>& message) {
  static constexpr std::uint8_t kOption[] = {0, 10, 0, 24};
  const auto at =
      std::search(message.begin(), message.end(), std::begin(kOption), std::end(kOption));
  if (!cookies.enabled() || message.end() - at < 28) return;
  answer::FullCookie good;
  (void)cookies.Judge(
      std::span(message).subspan(static_cast<std::size_t>(at - message.begin()) + 4, 8), client,
      kWallTime, good);
  std::copy(good.begin(), good.end(), at + 4);
}

// As a batch is answered; every zone is looked ahead in, however small.
std::size_t RespondInSteps(Responder& responder, std::span<const std::uint8_t> message,
                           const IpAddress& client, Transport transport,
                           std::span<std::uint8_t> out) {
  answer::Exchange exchange;
  responder.Read(message, exchange);
  responder.LookAhead(std::span(&exchange, 1));
  if (exchange.zone != nullptr) {
    exchange.zone->PrefetchNode(exchange.hashes.of(0));
    exchange.zone->PrefetchData(exchange.hashes.of(0));
  }
  return responder.Respond(exchange, client, transport, out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size < kControls) return 0;
  const Transport transport = (data[0] & 1) != 0 ? Transport::kTcp : Transport::kUdp;
  const answer::Served& served = *world.served[(data[0] >> 3) % kSettings];
  const IpAddress client = *IpAddress::Parse(kClients[data[1] % kClients.size()]);
  std::vector<std::uint8_t> message(data + kControls, data + size);
  if ((data[0] & 32) != 0) MakeCookieGood(served.cookies, client, message);
  const std::size_t room = transport == Transport::kTcp ? Responder::kMaxTcpSize : served.edns_size;
  std::vector<std::uint8_t>& out = world.out[room];
  out.resize(room);

  Responder responder(0, world.stats, 1);
  responder.Adopt(served);
  responder.Adopt(world.fleets[(data[0] >> 1) % kFleets]);
  responder.set_wall_time(WallTime(std::chrono::seconds(kWallTime)));
  const Case c(served, transport, message);
  for (unsigned i = 0; i <= data[2] % 16U; ++i) {
    responder.set_time(std::chrono::milliseconds(10) * data[3] * i);
    const std::size_t written = (data[0] & 64) != 0
                                    ? RespondInSteps(responder, message, client, transport, out)
                                    : responder.Respond(message, client, transport, out);
    CHECK_PROPERTY(written <= out.size());
    CheckReply(c, std::span(out).first(written));
  }
  return 0;
}
