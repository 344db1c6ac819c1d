// Where clients and members are, as far as configuration and databases know, and how near that
// makes them.
//
//   client ──PrefixTable──> ClientPlace { operator's list or region, database's region, direction }
//                                │
//   member ─────────────────> MemberPlace { region, direction }  ──> Score
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnsd/base/address_table.h"
#include "dnsd/base/ip.h"
#include "dnsd/fleet/place.h"
#include "dnsd/locality/geo_database.h"
#include "dnsd/locality/prefix_table.h"
#include "dnsd/locality/regions.h"
#include "dnsd/locality/score.h"
#include "dnsd/locality/sphere.h"

namespace dnsd::locality {

// A client prefix with its order of members, nearest first (as BIND's sortlist has it), or its
// region.
struct Subnet {
  IpPrefix clients;
  std::vector<IpPrefix> order{};  // empty: by region
  std::string region{};

  friend bool operator==(const Subnet&, const Subnet&) = default;
};

// Which of a database's locations are of a region: all that it says must hold; 0 or empty says
// nothing.
struct GeoRule {
  std::uint64_t continent = 0, country = 0, subdivision = 0;  // CodeOf
  std::uint32_t as_number = 0;
  std::string region{};

  friend bool operator==(const GeoRule&, const GeoRule&) = default;
};

// Where the operator says that nodes are: by name, or by their addresses.
struct NodePlace {
  std::string name{};
  std::vector<IpPrefix> addresses{};
  fleet::Place place{};

  friend bool operator==(const NodePlace&, const NodePlace&) = default;
};

struct Settings {
  std::vector<RegionOrder> regions{};
  std::vector<Subnet> subnets{};
  std::vector<NodePlace> nodes{};
  std::vector<GeoRule> rules{};  // the first that holds counts
  bool by_distance = false;

  friend bool operator==(const Settings&, const Settings&) = default;
};

struct ClientPlace {
  std::uint32_t list = 0;             // the operator's, from 1; 0: none
  std::uint16_t region = 0;           // the operator's
  std::uint16_t database_region = 0;  // by a rule
  Direction direction{};              // unknown unless distances count

  friend bool operator==(const ClientPlace&, const ClientPlace&) = default;
};

struct MemberPlace {
  std::uint16_t region = 0;
  Direction direction{};

  bool known() const { return region != 0 || direction.known(); }
  friend bool operator==(const MemberPlace&, const MemberPlace&) = default;
};

// Immutable once built; safe to share between threads.
class Locality {
 public:
  Locality() : Locality(Settings{}, {}, {}) {}
  // The places of members are known for what is in `addresses` now.
  Locality(const Settings& settings, const GeoDatabase& database, const AddressTable& addresses);

  // Nobody is in a list, in a region or anywhere: only addresses tell members apart.
  bool empty() const { return clients_.size() == 1; }

  // The client's place, a number for place(), and the bits that told it.
  Found Find(const IpAddress& client) const { return table_.Find(client); }
  const ClientPlace& place(std::uint32_t number) const { return clients_[number]; }

  // Of a member by its address; unknown where `nodes` does not name it.
  MemberPlace PlaceOfAddress(AddressId id) const {
    return id < by_address_.size() ? by_address_[id] : MemberPlace{};
  }
  // Of a node: as `nodes` has it by name, else as its reporter says.
  MemberPlace PlaceOfNode(const std::string& name, const fleet::Place& reported) const;

  // How near by what the operator says; 0: it says nothing of the two.
  Score ByOperator(const ClientPlace& client, const IpAddress& member,
                   const MemberPlace& place) const;
  // Likewise by databases.
  Score ByDatabase(const ClientPlace& client, const MemberPlace& place) const;

  const Regions& regions() const { return regions_; }
  const PrefixTable& table() const { return table_; }

 private:
  MemberPlace Resolve(const fleet::Place& place) const;
  std::uint16_t RegionOf(const Location& location, const std::vector<GeoRule>& rules) const;
  void PlaceMembers(const Settings& settings, const AddressTable& addresses);
  void PlaceClients(const Settings& settings, const GeoDatabase& database);

  Regions regions_;
  std::vector<std::vector<IpPrefix>> lists_;  // number 1 is the first
  std::vector<ClientPlace> clients_;          // 0: nothing is known
  PrefixTable table_;
  std::vector<MemberPlace> by_address_;  // by AddressId
  std::unordered_map<std::string, MemberPlace> by_name_;
};

}  // namespace dnsd::locality
