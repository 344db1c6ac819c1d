#include "dnsd/server/locality_config.h"

#include <map>
#include <utility>

namespace dnsd::server {
namespace {

using locality::CodeOf;

bool IsCode(const std::string& text, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) return false;
  for (const char c : text) {
    if ((c < 'A' || c > 'Z') && (c < '0' || c > '9')) return false;
  }
  return true;
}

void ReadRegion(YamlMap& map, LocalityConfig& out) {
  locality::RegionOrder region;
  map.Require("name", "the region's name");
  map.Read("name", region.name);
  map.Read("order", region.order);
  out.settings.regions.push_back(std::move(region));
  out.region_origins.push_back(map.Origin());
}

void ReadSubnet(YamlMap& map, LocalityConfig& out) {
  locality::Subnet subnet;
  map.Require("clients", "a prefix, as 192.0.2.0/24");
  const bool clients = map.Read("clients", subnet.clients);
  const bool ordered = map.Read("order", subnet.order);
  const bool placed = map.Read("region", subnet.region);
  if (map.Has("order") == map.Has("region")) {
    map.AddError(
        "a subnet has either 'order', a list of addresses or prefixes, the nearest first, or "
        "'region', the name of one of 'regions'");
  }
  if (!clients || (!ordered && !placed)) return;
  out.settings.subnets.push_back(std::move(subnet));
  out.subnet_origins.push_back(map.Origin());
}

void ReadNode(YamlMap& map, LocalityConfig& out) {
  locality::NodePlace node;
  map.Read("name", node.name);
  map.Read("addresses", node.addresses);
  if (!map.Has("name") && !map.Has("addresses")) {
    map.AddError("a node has a 'name', as its reporter gives it, or 'addresses'");
  }
  map.Read("region", node.place.region);
  fleet::Coordinates at;
  const bool north = map.Read("latitude", at.latitude, -90, 90);
  const bool east = map.Read("longitude", at.longitude, -180, 180);
  if (map.Has("latitude") != map.Has("longitude")) {
    map.AddError("a place has both 'latitude' and 'longitude', in degrees");
  }
  if (north && east) node.place.coordinates = at;
  map.Read<std::uint32_t>("asn", node.place.asn, 1, 0xFFFFFFFF);
  out.settings.nodes.push_back(std::move(node));
  out.node_origins.push_back(map.Origin());
}

void ReadCode(YamlMap& map, const std::string& key, const std::string& wanted, std::uint64_t& out) {
  std::string text;
  if (!map.Read(key, text)) return;
  if (IsCode(text, 2, 2)) {
    out = CodeOf(text);
  } else {
    map.Refuse(key, wanted);
  }
}

void ReadRule(YamlMap& map, LocalityConfig& out) {
  locality::GeoRule rule;
  ReadCode(map, "continent", "a continent of two letters, as EU", rule.continent);
  ReadCode(map, "country", "a country of two letters as ISO 3166-1 has it, as DE", rule.country);
  std::string text;
  if (map.Read("subdivision", text)) {
    const std::size_t dash = text.find('-');
    if (dash == 2 && IsCode(text.substr(0, 2), 2, 2) && IsCode(text.substr(3), 1, 3)) {
      rule.country = CodeOf(text.substr(0, 2));
      rule.subdivision = CodeOf(text.substr(3));
    } else {
      map.Refuse("subdivision", "country and part of it as ISO 3166-2 has them, as US-CA");
    }
  }
  map.Read<std::uint32_t>("asn", rule.as_number, 1, 0xFFFFFFFF);
  if (!map.Has("continent") && !map.Has("country") && !map.Has("subdivision") && !map.Has("asn")) {
    map.AddError("a rule has one of 'continent', 'country', 'subdivision', 'asn', or several");
  }
  map.Require("region", "the name of one of 'regions'");
  map.Read("region", rule.region);
  out.settings.rules.push_back(std::move(rule));
  out.rule_origins.push_back(map.Origin());
}

answer::ClientSubnets ReadClientSubnets(YamlMap& map) {
  std::vector<std::string> from = {"all"};
  std::uint8_t ipv4 = answer::ClientSubnets::kIpv4Bits;
  std::uint8_t ipv6 = answer::ClientSubnets::kIpv6Bits;
  map.Read("from", from);
  map.Read<std::uint8_t>("ipv4", ipv4, 0, 32);
  map.Read<std::uint8_t>("ipv6", ipv6, 0, 128);
  if (from.size() == 1 && from[0] == "all") return {ipv4, ipv6};
  std::vector<IpPrefix> resolvers;
  if (from.size() == 1 && from[0] == "none") return {resolvers, ipv4, ipv6};
  for (const std::string& text : from) {
    const auto prefix = IpPrefix::Parse(text);
    if (prefix) {
      resolvers.push_back(*prefix);
    } else {
      map.Refuse("from",
                 "all, none, or a list of resolvers' addresses or prefixes, as 192.0.2.0/24; "
                 "not '" +
                     text + "'");
    }
  }
  return {resolvers, ipv4, ipv6};
}

// Finds names given twice.
class Names {
 public:
  Names(const char* what, const std::function<void(const std::string&, const std::string&)>& add)
      : what_(what), add_(add) {}
  void Note(const std::string& name, const std::string& origin) {
    const auto [at, is_new] = seen_.emplace(name, origin);
    if (!is_new) {
      add_(origin, std::string(what_) + " '" + name + "' is given twice; first at " + at->second +
                       "; remove one");
    }
  }

 private:
  const char* what_;
  const std::function<void(const std::string&, const std::string&)>& add_;
  std::map<std::string, std::string> seen_;
};

}  // namespace

void ReadLocality(YamlMap& root, const std::function<std::string(const std::string&)>& path_of,
                  LocalityConfig& out, MeasuredConfig& measured) {
  root.ReadMaps("regions", [&](YamlMap& map) { ReadRegion(map, out); });
  root.ReadMaps("subnets", [&](YamlMap& map) { ReadSubnet(map, out); });
  root.ReadMaps("nodes", [&](YamlMap& map) { ReadNode(map, out); });
  root.ReadMap("locality", [&](YamlMap& map) {
    ReadMeasured(map, measured, out.measured_use);
    std::vector<std::string> files;
    map.Read("databases", files);
    for (const std::string& file : files) {
      out.databases.push_back({path_of(file), map.Origin("databases")});
    }
    map.ReadMaps("rules", [&](YamlMap& rule) { ReadRule(rule, out); });
    map.Read("by_distance", out.settings.by_distance);
    if ((map.Has("rules") || out.settings.by_distance) && !map.Has("databases")) {
      map.AddError(
          "'rules' and 'by_distance' do nothing without 'databases'; add them, or remove "
          "these");
    }
    if (map.Has("databases") && !map.Has("rules") && !out.settings.by_distance) {
      map.AddError(
          "'databases' do nothing without 'rules' or 'by_distance: true'; add one of "
          "these, or remove them");
    }
  });
  root.ReadMap("client_subnet", [&](YamlMap& map) { out.client_subnets = ReadClientSubnets(map); });
}

void CheckLocality(const LocalityConfig& config,
                   const std::function<void(const std::string&, const std::string&)>& add) {
  const locality::Settings& settings = config.settings;
  if (settings.regions.size() > locality::Regions::kMost) {
    add(config.region_origins[locality::Regions::kMost],
        "found " + std::to_string(settings.regions.size()) + " regions, wanted at most " +
            std::to_string(locality::Regions::kMost));
    return;
  }
  const locality::Regions regions(settings.regions);
  const auto check_region = [&](const std::string& name, const std::string& origin) {
    if (name.empty() || regions.Find(name) != 0) return;
    std::string known;
    for (const auto& region : settings.regions) known += (known.empty() ? "" : ", ") + region.name;
    add(origin, "found region '" + name +
                    "', wanted one of 'regions': " + (known.empty() ? "there is none" : known));
  };
  Names region_names("region", add);
  for (std::size_t i = 0; i < settings.regions.size(); ++i) {
    const std::string& origin = config.region_origins[i];
    region_names.Note(settings.regions[i].name, origin);
    for (const std::string& name : settings.regions[i].order) check_region(name, origin);
  }
  Names clients("clients", add);
  for (std::size_t i = 0; i < settings.subnets.size(); ++i) {
    clients.Note(settings.subnets[i].clients.ToString(), config.subnet_origins[i]);
    check_region(settings.subnets[i].region, config.subnet_origins[i]);
  }
  Names nodes("node", add);
  Names addresses("nodes' address", add);
  for (std::size_t i = 0; i < settings.nodes.size(); ++i) {
    const auto& node = settings.nodes[i];
    if (!node.name.empty()) nodes.Note(node.name, config.node_origins[i]);
    for (const IpPrefix& prefix : node.addresses) {
      addresses.Note(prefix.ToString(), config.node_origins[i]);
    }
    check_region(node.place.region, config.node_origins[i]);
  }
  for (std::size_t i = 0; i < settings.rules.size(); ++i) {
    check_region(settings.rules[i].region, config.rule_origins[i]);
  }
}

absl::StatusOr<locality::GeoDatabase> LoadDatabases(const std::vector<DatabaseFile>& files) {
  locality::GeoDatabase all;
  std::string faults;
  for (const DatabaseFile& file : files) {
    auto loaded = locality::LoadGeoDatabase(file.path);
    if (!loaded.ok()) {
      faults += (faults.empty() ? "" : "\n") + file.origin + ": key 'databases': found '" +
                file.path + "', wanted " + Message(loaded.status());
    } else if (all.locations.size() == 1) {
      all = *std::move(loaded);
    } else {
      all = locality::Join(all, *loaded);
    }
  }
  if (!faults.empty()) return absl::InvalidArgumentError(faults);
  return all;
}

}  // namespace dnsd::server
