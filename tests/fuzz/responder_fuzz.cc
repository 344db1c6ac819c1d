// Whatever comes in: no response, or one that ldns parses, that is no larger than the client takes
// and has the query's ID and question. The input's first octet chooses transport and fleet.
#include <algorithm>
#include <memory>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/zone/loader.h"
#include "tests/fuzz/check.h"

// Last: to clang it redefines bool, which the standard's headers cannot bear.
#include <ldns/ldns.h>

namespace {

using namespace dnsd;
using answer::Responder;
using answer::Transport;

std::shared_ptr<const zone::Zone> Load(const char* file, const char* apex, AddressTable& addresses,
                                       const zone::SiteRules& rules) {
  const std::string path = std::string(DNSD_SOURCE_DIR "/tests/data/zones/") + file;
  auto loaded = zone::LoadZone(path, *wire::Name::Parse(apex), addresses, rules);
  if (!loaded.ok()) std::fprintf(stderr, "%s\n", std::string(loaded.status().message()).c_str());
  CHECK_PROPERTY(loaded.ok());
  return loaded->zone;
}

// Zones of all kinds, and fleets of no, some and no usable nodes.
struct World {
  World() {
    zone::SiteOptions options;
    options.answers = 2;
    options.order = zone::Order::kLocality;
    rules.Add("*.example", options);
    served = std::make_unique<answer::Served>(answer::Served{
        zone::ZoneSet({Load("types.example.zone", "types.example", addresses, rules),
                       Load("cuts.example.zone", "cuts.example", addresses, rules),
                       Load("chain.example.zone", "chain.example", addresses, rules),
                       Load("wild.example.zone", "wild.example", addresses, rules),
                       Load("big.example.zone", "big.example", addresses, rules),
                       Load("names.example.zone", "names.example", addresses, rules)},
                      rules.options()),
        policy::Closeness(), 1232});
    fleets[1].node_of.resize(addresses.size(), fleet::kNoNode);
    for (std::uint32_t i = 0; i < addresses.size(); i += 2) {
      fleets[1].node_of[i] = static_cast<fleet::NodeIndex>(fleets[1].nodes.size());
      answer::NodeEntry node;
      node.figures.load_per_session = 0.01F;
      node.tier = static_cast<fleet::Tier>(i / 2 % 3);
      fleets[1].nodes.push_back(node);
    }
    fleets[2] = fleets[1];
    for (auto& node : fleets[2].nodes) node.tier = fleet::Tier::kExcluded;
  }

  AddressTable addresses;
  zone::SiteRules rules;
  std::unique_ptr<answer::Served> served;
  answer::FleetView fleets[3];
  answer::WorkerStats stats;
};

// The payload that the query's OPT offers, at least 512; 512 without one.
std::size_t Limit(std::span<const std::uint8_t> message, Transport transport) {
  wire::Query query;
  const auto fault = wire::ReadQuery(message, query);
  CHECK_PROPERTY(fault != wire::QueryFault::kNoResponse);
  if (transport == Transport::kTcp) return 65535;
  return query.edns.present ? std::clamp<std::size_t>(query.edns.udp_size, 512, 1232) : 512;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size == 0) return 0;
  const Transport transport = (data[0] & 1) != 0 ? Transport::kTcp : Transport::kUdp;
  Responder responder(0, world.stats, 1);
  responder.Adopt(*world.served);
  responder.Adopt(world.fleets[(data[0] >> 1) % 3]);
  const std::span<const std::uint8_t> message(data + 1, size - 1);
  // Exactly as large as it need be, so that a sanitizer sees a write past it.
  std::vector<std::uint8_t> out(transport == Transport::kTcp ? Responder::kMaxTcpSize : 1232);
  const std::size_t written = responder.Respond(message, IpAddress(), transport, out);
  if (written == 0) return 0;
  CHECK_PROPERTY(message.size() >= 12 && written >= 12);
  CHECK_PROPERTY(written <= Limit(message, transport));
  CHECK_PROPERTY(out[0] == message[0] && out[1] == message[1]);
  CHECK_PROPERTY((out[2] & 0x80) != 0 && (out[2] & 0x79) == (message[2] & 0x79));
  CHECK_PROPERTY((out[3] & 0xE0) == 0);  // no recursion, Z, no AD
  wire::Query query;
  (void)wire::ReadQuery(message, query);
  CHECK_PROPERTY(out[4] == 0 && out[5] == (query.question.empty() ? 0 : 1));
  CHECK_PROPERTY(std::equal(query.question.begin(), query.question.end(), out.begin() + 12));
  ldns_pkt* packet = nullptr;
  CHECK_PROPERTY(ldns_wire2pkt(&packet, out.data(), written) == LDNS_STATUS_OK);
  ldns_pkt_free(packet);
  return 0;
}
