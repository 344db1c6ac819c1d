#include "dnsd/server/load_served.h"

#include <malloc.h>

#include <iterator>
#include <random>
#include <utility>

#include "dnsd/zone/loader.h"

namespace dnsd::server {
namespace {

std::uint64_t RandomSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

absl::StatusOr<LoadedServed> LoadServed(const Config& config, AddressTable& addresses,
                                        const HeldZones& held) {
  const zone::SiteRules rules = SiteRulesOf(config);
  std::vector<std::shared_ptr<const zone::Zone>> zones;
  std::vector<std::string> warnings;
  std::string faults;
  for (const ZoneConfig& wanted : config.zones) {
    if (auto as_it_is = held ? held(wanted.apex) : nullptr) {
      zones.push_back(std::move(as_it_is));
      continue;
    }
    auto loaded = zone::LoadZone(wanted.file, wanted.apex, addresses, rules);
    if (!loaded.ok()) {
      faults += (faults.empty() ? "" : "\n") + Message(loaded.status());
      continue;
    }
    zones.push_back(std::move(loaded->zone));
    std::move(loaded->warnings.begin(), loaded->warnings.end(), std::back_inserter(warnings));
  }
  auto geo = LoadDatabases(config.locality.databases);
  if (!geo.ok()) faults += (faults.empty() ? "" : "\n") + Message(geo.status());
  malloc_trim(0);  // what building the zones took besides
  if (!faults.empty()) return absl::InvalidArgumentError(faults);
  const EdnsConfig& edns = config.edns;
  std::vector<zone::SiteOptions> options = rules.options();
  std::vector<policy::Gauge> gauges = policy::AssignGauges(options);
  auto served = std::make_shared<const answer::Served>(
      answer::Served{.zones = zone::ZoneSet(std::move(zones), std::move(options)),
                     .locality = locality::Locality(config.locality.settings, *geo, addresses),
                     .edns_size = config.edns_size,
                     .rate_limit = config.rate_limit,
                     .rate_limit_seed = RandomSeed(),
                     .client_subnets = config.locality.client_subnets,
                     .measured = config.locality.measured_use,
                     .cookies = answer::Cookies(CookieSecretsOf(edns, {})),
                     .nsid = edns.nsid,
                     .chaos = answer::ChaosTexts(edns.chaos_version, edns.chaos_identity),
                     .gauges = std::move(gauges),
                     .members = policy::MemberTables(config.member_lists, addresses)});
  return LoadedServed{std::move(served), std::move(warnings)};
}

}  // namespace dnsd::server
