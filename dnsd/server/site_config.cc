#include "dnsd/server/site_config.h"

namespace dnsd::server {

void ReadSiteOptions(YamlMap& map, zone::SiteOptions& options) {
  using zone::AllDown, zone::Order, zone::Policy;
  map.ReadChoice<Policy>(
      "policy", options.policy,
      {{"least_cost", Policy::kLeastCost}, {"round_robin", Policy::kRoundRobin}});
  map.ReadChoice<Order>("order", options.order,
                        {{"cost", Order::kCost}, {"locality", Order::kLocality}});
  map.ReadChoice<AllDown>("all_down", options.all_down,
                          {{"all", AllDown::kAll},
                           {"last_good", AllDown::kLastGood},
                           {"nodata", AllDown::kNoData},
                           {"servfail", AllDown::kServFail}});
  std::uint16_t answers = 0;
  if (map.Read<std::uint16_t>("answers", answers, 1, 100)) options.answers = answers;
  std::uint32_t ttl = 0;
  if (map.Read<std::uint32_t>("ttl", ttl, 0, 604'800)) options.ttl = ttl;
  double margin = 0;
  if (map.Read("margin", margin, 0, 10)) options.margin = static_cast<float>(margin);
}

}  // namespace dnsd::server
