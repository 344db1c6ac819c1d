#include "dnsd/server/site_config.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/base/duration.h"
#include "dnsd/base/octet_size.h"

namespace dnsd {

namespace server {
namespace {

constexpr std::uint32_t kMostTtl = 604'800;

// Seconds, as zone files have them, or a duration.
struct Ttl {
  std::uint32_t seconds = 0;
};

}  // namespace
}  // namespace server

template <>
struct YamlType<server::Ttl> {
  static constexpr const char* kWanted = "whole seconds up to 604800, as 5, 5s or 1h";
  static bool Parse(const std::string& text, server::Ttl& out) {
    const bool has_unit = text.find_first_not_of("0123456789") != std::string::npos;
    const auto duration = ParseDuration(has_unit ? text : text + "s");
    if (!duration || *duration % std::chrono::seconds(1) != Duration::zero()) return false;
    if (*duration > std::chrono::seconds(server::kMostTtl)) return false;
    out.seconds = static_cast<std::uint32_t>(Seconds(*duration));
    return true;
  }
};

namespace server {
namespace {

using zone::AllDown, zone::CostRule, zone::Order, zone::Policy, zone::SiteOptions, zone::WeightRule;

constexpr std::size_t kMostLists = 65'535;
constexpr std::size_t kMostGroups = 254;

void ReadFloat(YamlMap& map, const std::string& key, double least, double most, float& out) {
  double value = 0;
  if (map.Read(key, value, least, most)) out = static_cast<float>(value);
}
void ReadFloat(YamlMap& map, const std::string& key, double least, double most,
               std::optional<float>& out) {
  double value = 0;
  if (map.Read(key, value, least, most)) out = static_cast<float>(value);
}

// {192.0.2.1: 3, 198.51.100.0/24: 0.5}
void ReadWeights(YamlMap& map, zone::MemberLists& lists, SiteOptions& options) {
  zone::MemberWeights weights;
  const bool given = map.ReadMap("weights", [&](YamlMap& list) {
    for (const std::string& key : list.Keys()) {
      float weight = 0;
      ReadFloat(list, key, 0, 1e6, weight);
      if (const auto prefix = IpPrefix::Parse(key)) {
        weights.emplace_back(*prefix, weight);
      } else {
        list.AddError("key 'weights': found '" + key + "', wanted " + YamlType<IpPrefix>::kWanted);
      }
    }
  });
  if (!given) return;
  if (lists.weights.size() == kMostLists) return map.Refuse("weights", "65,535 lists at most");
  lists.weights.push_back(std::move(weights));
  options.weights = static_cast<std::uint16_t>(lists.weights.size());
}

// [{members: [192.0.2.1, 192.0.2.2]}, {members: 198.51.100.0/24}]
void ReadGroups(YamlMap& map, zone::MemberLists& lists, SiteOptions& options) {
  zone::MemberGroups groups;
  const bool given = map.ReadMaps("groups", [&](YamlMap& group) {
    group.Require("members", "addresses or prefixes");
    group.Read("members", groups.emplace_back());
  });
  if (!given) return;
  if (groups.size() > kMostGroups) return map.Refuse("groups", "254 groups at most");
  if (lists.groups.size() == kMostLists) return map.Refuse("groups", "65,535 lists at most");
  lists.groups.push_back(std::move(groups));
  options.groups = static_cast<std::uint16_t>(lists.groups.size());
}

void ReadPolicy(YamlMap& map, SiteOptions& options) {
  map.ReadChoice<Policy>("policy", options.policy,
                         {{"least_cost", Policy::kLeastCost},
                          {"round_robin", Policy::kRoundRobin},
                          {"random", Policy::kRandom},
                          {"weighted", Policy::kWeighted},
                          {"least_load", Policy::kLeastLoad},
                          {"quota", Policy::kQuota},
                          {"wlc", Policy::kWlc},
                          {"memory_weight", Policy::kMemoryWeight},
                          {"dynamic_weight", Policy::kDynamicWeight},
                          {"hash", Policy::kHash},
                          {"failover", Policy::kFailover}});
  map.ReadChoice<CostRule>("cost", options.cost,
                           {{"delay", CostRule::kDelay},
                            {"load", CostRule::kLoad},
                            {"exponential", CostRule::kExponential}});
  map.ReadChoice<WeightRule>("weights_by", options.weights_by,
                             {{"static", WeightRule::kStatic},
                              {"cpus", WeightRule::kCpus},
                              {"memory", WeightRule::kMemory},
                              {"process_time", WeightRule::kProcessTime}});
  ReadFloat(map, "cost_base", 1.1, 1e6, options.cost_base);
  ReadFloat(map, "smoothing", 0, 0.99, options.smoothing);
  map.Read<std::uint16_t>("quota_every", options.quota_every, 1, 10'000);
  ReadFloat(map, "bound", 0, 100, options.bound);
  if (std::uint64_t octets = 0;
      ReadOctetSize(map, "memory_per_connection", octets, 1, 1'000'000'000'000)) {
    options.memory_per_connection = static_cast<float>(octets);
  }
  ReadFloat(map, "memory_plus", 0.001, 1e6, options.memory_plus);
}

}  // namespace

void ReadSiteOptions(YamlMap& map, zone::MemberLists& lists, SiteOptions& options) {
  ReadPolicy(map, options);
  ReadWeights(map, lists, options);
  ReadGroups(map, lists, options);
  map.ReadChoice<Order>("order", options.order,
                        {{"cost", Order::kCost}, {"locality", Order::kLocality}});
  map.ReadChoice<zone::Prefer>(
      "prefer", options.prefer,
      {{"cost", zone::Prefer::kCost}, {"locality", zone::Prefer::kLocality}});
  ReadFloat(map, "spill", 0, 10, options.spill);
  map.ReadChoice<AllDown>("all_down", options.all_down,
                          {{"all", AllDown::kAll},
                           {"last_good", AllDown::kLastGood},
                           {"nodata", AllDown::kNoData},
                           {"servfail", AllDown::kServFail}});
  ReadFloat(map, "panic", 0, 1, options.panic);
  std::uint16_t answers = 0;
  if (map.Read<std::uint16_t>("answers", answers, 1, 100)) options.answers = answers;
  if (map.Read<std::uint16_t>("answers_cached", answers, 1, 100)) options.answers_cached = answers;
  if (Ttl ttl; map.Read("ttl", ttl)) options.ttl = ttl.seconds;
  ReadFloat(map, "margin", 0, 10, options.margin);
}

}  // namespace server
}  // namespace dnsd
