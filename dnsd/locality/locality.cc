#include "dnsd/locality/locality.h"

#include <map>
#include <tuple>

namespace dnsd::locality {
namespace {

// Numbers the places of clients as they come up.
class ClientNumbers {
 public:
  explicit ClientNumbers(std::vector<ClientPlace>& clients) : clients_(clients) {}
  std::uint32_t Of(const ClientPlace& place) {
    const Key key{place.list,        place.region,      place.database_region,
                  place.direction.x, place.direction.y, place.direction.z};
    const auto [at, is_new] = numbers_.emplace(key, static_cast<std::uint32_t>(clients_.size()));
    if (is_new) clients_.push_back(place);
    return at->second;
  }

 private:
  using Key = std::tuple<std::uint32_t, std::uint16_t, std::uint16_t, float, float, float>;
  std::vector<ClientPlace>& clients_;
  std::map<Key, std::uint32_t> numbers_;
};

bool Holds(const GeoRule& rule, const Location& location) {
  return (rule.continent == 0 || rule.continent == location.continent) &&
         (rule.country == 0 || rule.country == location.country) &&
         (rule.subdivision == 0 || rule.subdivision == location.subdivision) &&
         (rule.as_number == 0 || rule.as_number == location.as_number);
}

}  // namespace

Locality::Locality(const Settings& settings, const GeoDatabase& database,
                   const AddressTable& addresses)
    : regions_(settings.regions) {
  PlaceMembers(settings, addresses);
  PlaceClients(settings, database);
}

MemberPlace Locality::Resolve(const fleet::Place& place) const {
  MemberPlace resolved;
  resolved.region = regions_.Find(place.region);
  if (place.coordinates) {
    resolved.direction = DirectionOf(place.coordinates->latitude, place.coordinates->longitude);
  }
  return resolved;
}

void Locality::PlaceMembers(const Settings& settings, const AddressTable& addresses) {
  std::vector<PrefixValue> prefixes;
  std::vector<MemberPlace> places{MemberPlace{}};
  for (const NodePlace& node : settings.nodes) {
    places.push_back(Resolve(node.place));
    if (!node.name.empty()) by_name_.emplace(node.name, places.back());
    for (const IpPrefix& prefix : node.addresses) {
      prefixes.push_back({prefix, static_cast<std::uint32_t>(places.size() - 1)});
    }
  }
  if (prefixes.empty()) return;
  const PrefixTable table(RangesOf(prefixes, IpFamily::kV4), RangesOf(prefixes, IpFamily::kV6));
  for (AddressId id = 0; id < addresses.size(); ++id) {
    by_address_.push_back(places[table.Find(addresses.address(id)).value]);
  }
}

std::uint16_t Locality::RegionOf(const Location& location,
                                 const std::vector<GeoRule>& rules) const {
  if (location == Location{}) return 0;  // nothing is known
  for (const GeoRule& rule : rules) {
    if (Holds(rule, location)) return regions_.Find(rule.region);
  }
  return 0;
}

// The operator's prefixes are laid over what databases say: for each range both are kept, since a
// member that the operator's list does not name may yet be at a known distance.
void Locality::PlaceClients(const Settings& settings, const GeoDatabase& database) {
  ClientNumbers numbers(clients_);
  numbers.Of({});
  std::vector<ClientPlace> by_location;
  for (const Location& location : database.locations) {
    ClientPlace place;
    place.database_region = RegionOf(location, settings.rules);
    if (settings.by_distance && location.has_coordinates) {
      place.direction = DirectionOf(static_cast<double>(location.latitude),
                                    static_cast<double>(location.longitude));
    }
    by_location.push_back(place);
  }
  std::vector<PrefixValue> prefixes;
  std::vector<ClientPlace> by_subnet{ClientPlace{}};
  for (const Subnet& subnet : settings.subnets) {
    ClientPlace place;
    if (!subnet.order.empty()) {
      lists_.push_back(subnet.order);
      place.list = static_cast<std::uint32_t>(lists_.size());
    }
    place.region = regions_.Find(subnet.region);
    prefixes.push_back({subnet.clients, static_cast<std::uint32_t>(by_subnet.size())});
    by_subnet.push_back(place);
  }
  std::unordered_map<std::uint64_t, std::uint32_t> known;
  const auto combine = [&](std::uint32_t subnet, std::uint32_t location) {
    const auto [at, is_new] = known.emplace(std::uint64_t{subnet} << 32 | location, 0);
    if (is_new) {
      ClientPlace both = by_location[location];
      both.list = by_subnet[subnet].list;
      both.region = by_subnet[subnet].region;
      at->second = numbers.Of(both);
    }
    return at->second;
  };
  table_ = PrefixTable(Overlay(RangesOf(prefixes, IpFamily::kV4), database.v4, combine),
                       Overlay(RangesOf(prefixes, IpFamily::kV6), database.v6, combine));
}

MemberPlace Locality::PlaceOfNode(const std::string& name, const fleet::Place& reported) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? Resolve(reported) : at->second;
}

Score Locality::ByOperator(const ClientPlace& client, const IpAddress& member,
                           const MemberPlace& place) const {
  if (client.list != 0) {
    const auto& order = lists_[client.list - 1];
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (order[i].Contains(member)) return OperatorScore(i);
    }
  }
  const std::uint8_t rank = regions_.Rank(client.region, place.region);
  return rank == Regions::kUnranked ? Score{0} : OperatorScore(rank);
}

Score Locality::ByDatabase(const ClientPlace& client, const MemberPlace& place) const {
  const std::uint8_t rank = regions_.Rank(client.database_region, place.region);
  const bool located = client.direction.known() && place.direction.known();
  if (rank == Regions::kUnranked && !located) return 0;
  return DatabaseScore(rank, located ? Chord(client.direction, place.direction) : kFarthest);
}

}  // namespace dnsd::locality
