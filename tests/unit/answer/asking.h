// Zones, a fleet and a responder for tests; queries out of words, and responses read by ldns.
#pragma once

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/fleet/hosting_builder.h"
#include "tests/octets.h"
#include "tests/unit/zone_text.h"

namespace dnsd::answer {

// What to ask, beside name and type.
struct Asking {
  std::optional<std::uint16_t> edns;  // the payload size offered; nothing: no OPT
  bool dnssec_ok = false;
  const char* subnet = nullptr;  // a prefix for RFC 7871; implies OPT
  const char* client = "198.51.100.53";
  Transport transport = Transport::kUdp;
};

struct Reply {
  std::string octets;
  int rcode = -1;  // -1: none came
  bool aa = false, tc = false;
  std::string question;
  // "owner TTL IN TYPE rdata", in the message's order; OPT left out.
  std::vector<std::string> answer, authority, additional;
  bool edns = false;
  int scope = -1;  // of the client subnet option; -1: there is none

  // The rdata of the answer's records.
  std::vector<std::string> rdata() const {
    std::vector<std::string> all;
    for (const std::string& record : answer) all.push_back(record.substr(record.rfind(' ') + 1));
    return all;
  }
};

inline std::vector<std::string> Records(const ldns_rr_list* list) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
    char* text = ldns_rr2str(ldns_rr_list_rr(list, i));
    std::string record(text);
    std::free(text);
    std::replace(record.begin(), record.end(), '\t', ' ');
    record.erase(record.find_last_not_of(" \n") + 1);
    all.push_back(record);
  }
  return all;
}

inline Reply ReadReply(std::span<const std::uint8_t> octets) {
  Reply reply;
  reply.octets = Text(octets);
  if (octets.empty()) return reply;
  ldns_pkt* packet = nullptr;
  const ldns_status status = ldns_wire2pkt(&packet, octets.data(), octets.size());
  EXPECT_EQ(status, LDNS_STATUS_OK) << ldns_get_errorstr_by_id(status);
  if (status != LDNS_STATUS_OK) return reply;
  reply.rcode = ldns_pkt_get_rcode(packet) | ldns_pkt_edns_extended_rcode(packet) << 4;
  reply.aa = ldns_pkt_aa(packet);
  reply.tc = ldns_pkt_tc(packet);
  EXPECT_TRUE(ldns_pkt_qr(packet));
  EXPECT_FALSE(ldns_pkt_ra(packet));
  for (const std::string& question : Records(ldns_pkt_question(packet))) reply.question += question;
  reply.answer = Records(ldns_pkt_answer(packet));
  reply.authority = Records(ldns_pkt_authority(packet));
  reply.additional = Records(ldns_pkt_additional(packet));
  reply.edns = ldns_pkt_edns(packet);
  if (const ldns_rdf* data = ldns_pkt_edns_data(packet)) {
    const std::string options = Text({ldns_rdf_data(data), ldns_rdf_size(data)});
    // Code 8, length, family, source, scope: the only option that dnsd sends.
    if (options.size() >= 8 && options[1] == 8) reply.scope = static_cast<std::uint8_t>(options[7]);
  }
  ldns_pkt_free(packet);
  return reply;
}

inline std::string U16(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

// The octets of a query of ID 0x1234 without RD. `name`: labels without escapes.
inline std::string QueryOctets(const std::string& name, wire::RrType type, const Asking& asking) {
  const bool opt = asking.edns || asking.subnet != nullptr || asking.dnssec_ok;
  std::string message = "\x12\x34" + U16(0) + U16(1) + U16(0) + U16(0) + U16(opt ? 1 : 0);
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    if (dot > at) message += static_cast<char>(dot - at) + name.substr(at, dot - at);
    at = dot + 1;
  }
  message += '\0' + U16(static_cast<std::size_t>(type)) + U16(1);
  if (!opt) return message;
  std::string option;
  if (asking.subnet != nullptr) {
    const IpPrefix prefix = *IpPrefix::Parse(asking.subnet);
    const bool v4 = prefix.address.family() == IpFamily::kV4;
    const std::string octets = Text(prefix.address.octets().first((prefix.length + 7U) / 8));
    option = U16(8) + U16(4 + octets.size()) + U16(v4 ? 1 : 2) + static_cast<char>(prefix.length) +
             '\0' + octets;
  }
  return message + '\0' + U16(41) + U16(asking.edns.value_or(1232)) + U16(0) +
         U16(asking.dnssec_ok ? 0x8000 : 0) + U16(option.size()) + option;
}

class AskingTest : public ::testing::Test {
 protected:
  // The text stands behind an SOA and an NS that need no data of its own.
  void AddZone(const std::string& apex, const std::string& text) {
    const std::string soa = "$TTL 60\n@ 3600 SOA ns hostmaster 1 2 3 4 5\n@ NS ns.elsewhere.\n";
    auto loaded = zone::LoadZone(folder_.Write("zone", soa + text), *wire::Name::Parse(apex),
                                 addresses_, rules_);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    zones_.push_back(loaded->zone);
  }
  // A node of one CPU and background load 0 to 1; each session takes a hundredth more.
  static NodeEntry NodeOfLoad(float background) {
    static const policy::DelayTable delay(1);
    NodeEntry node;
    node.figures.load_per_session = 0.01F;
    node.figures.background = background;
    node.figures.delay = &delay;
    node.cost = policy::CostOf(node.figures, 0);
    return node;
  }
  fleet::NodeIndex AddNode(const NodeEntry& node, std::initializer_list<const char*> addresses) {
    const auto index = static_cast<fleet::NodeIndex>(fleet_.nodes.size());
    fleet_.nodes.push_back(node);
    for (const char* address : addresses) {
      const AddressId id = addresses_.Intern(*IpAddress::Parse(address));
      if (fleet_.node_of.size() <= id) fleet_.node_of.resize(id + 1, fleet::kNoNode);
      fleet_.node_of[id] = index;
    }
    return index;
  }
  // What is not `ready` here is not answered.
  void Host(fleet::NodeIndex node, const std::vector<std::pair<const char*, bool>>& sites) {
    std::vector<fleet::SiteReport> reports;
    for (const auto& [name, ready] : sites) {
      fleet::SiteReport report;
      report.name = *wire::Name::Parse(name);
      report.ready = ready;
      report.healthy = true;
      reports.push_back(report);
    }
    hosting_.SetFull(node, reports);
    fleet_.nodes[node].declares_hosting = true;
    fleet_.hosting = hosting_.Build();
  }
  // After the zones and nodes are there; again after the fleet has changed.
  void Start() {
    std::vector<zone::SiteOptions> options = rules_.options();
    std::vector<policy::Gauge> gauges = policy::AssignGauges(options);
    served_ = std::make_unique<Served>(Served{zone::ZoneSet(zones_, std::move(options)),
                                              locality::Locality(locality_, geo_, addresses_),
                                              edns_size_});
    served_->gauges = std::move(gauges);
    served_->members = policy::MemberTables(lists_, addresses_);
    responder_ = std::make_unique<Responder>(0, stats_, 1);
    responder_->Adopt(*served_);
    responder_->Adopt(fleet_);
  }
  Reply Send(const std::string& message, const Asking& asking = {}) {
    const bool tcp = asking.transport == Transport::kTcp;
    std::vector<std::uint8_t> out(tcp ? Responder::kMaxTcpSize : edns_size_);
    const std::size_t size = responder_->Respond(Octets(message), *IpAddress::Parse(asking.client),
                                                 asking.transport, out);
    return ReadReply(std::span(out).first(size));
  }
  Reply Ask(const std::string& name, wire::RrType type, const Asking& asking = {}) {
    return Send(QueryOctets(name, type, asking), asking);
  }

  zone::ZoneFolder folder_;
  AddressTable addresses_;
  zone::SiteRules rules_;
  locality::Settings locality_;
  locality::GeoDatabase geo_;
  zone::MemberLists lists_;
  std::uint16_t edns_size_ = 1232;
  FleetView fleet_;
  WorkerStats stats_;
  std::vector<std::shared_ptr<const zone::Zone>> zones_;
  std::unique_ptr<Served> served_;
  std::unique_ptr<Responder> responder_;

 private:
  fleet::HostingBuilder hosting_;
};

}  // namespace dnsd::answer
