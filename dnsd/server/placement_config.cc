#include "dnsd/server/placement_config.h"

#include <string>
#include <utility>
#include <vector>

#include "dnsd/server/site_patterns.h"

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;
using placement::Consistency, placement::Mode, placement::SiteSettings;
using policy::PlacementRules;

constexpr std::uint32_t kMostReplicas = 10'000;

// What `placement` itself and each of its `sites` may have.
void ReadSiteSettings(YamlMap& map, SiteSettings& site) {
  map.Read("least", site.least, std::uint32_t{1}, kMostReplicas);
  map.Read("most", site.most, std::uint32_t{1}, kMostReplicas);
  map.ReadChoice<Consistency>("consistency", site.consistency,
                              {{"any", Consistency::kAny},
                               {"current", Consistency::kCurrent},
                               {"bounded", Consistency::kBounded}});
  map.Read("stale_for", site.stale_for, 0s, 24h * 366);
  if (site.most != 0 && site.most < site.least) {
    map.Refuse(map.Has("most") ? "most" : "least",
               "'most' to be " + std::to_string(site.least) + " or more, as 'least' is");
  }
  if (map.Has("stale_for") && site.consistency != Consistency::kBounded) {
    map.Refuse("stale_for", "'consistency: bounded' beside it");
  }
}

void ReadRules(YamlMap& map, PlacementRules& rules) {
  map.Read("period", rules.period, 1s, 1h);
  map.Read("high", rules.high, 0.1, 1.0);
  map.Read("low", rules.low, 0.01, 0.99);
  map.Read("hold", rules.hold, 0s, 24h * 31);
  map.Read("copy_start", rules.start, 0s, 1h);
  map.Read("transfers", rules.transfers, std::uint32_t{1}, std::uint32_t{100});
  map.Read("actions_per_node", rules.most_node_actions, std::uint32_t{1}, std::uint32_t{1000});
  map.ReadChoice<PlacementRules::Contract>(
      "contract", rules.contract,
      {{"lazy", PlacementRules::Contract::kLazy}, {"eager", PlacementRules::Contract::kEager}});
  map.ReadChoice<PlacementRules::Storage>(
      "storage", rules.storage,
      {{"naive", PlacementRules::Storage::kNaive},
       {"deletion_aware", PlacementRules::Storage::kDeletionAware},
       {"resource_aware", PlacementRules::Storage::kResourceAware}});
  if (rules.low >= rules.high) {
    map.Refuse(map.Has("low") ? "low" : "high", "'low' to be below 'high': else sites would flap");
  }
}

}  // namespace

void ReadPlacement(YamlMap& root, placement::Settings& out) {
  root.ReadMap("placement", [&](YamlMap& map) {
    map.ReadChoice<Mode>("mode", out.mode,
                         {{"off", Mode::kOff}, {"plan", Mode::kPlan}, {"auto", Mode::kAuto}});
    ReadRules(map, out.rules);
    map.Read("grace", out.grace, 1s, 24h);
    map.Read("repair_after", out.repair_after, 0s, 24h * 31);
    map.Read("task_limit", out.task_limit, 1s, 24h * 7);
    map.Read("actions_per_minute", out.actions_per_minute, std::uint32_t{1},
             std::uint32_t{100'000});
    map.Read("spread", out.spread);
    map.Read("updates", out.updates);
    map.Read("verify_every", out.verify_every, 0s, 24h * 366);
    ReadSiteSettings(map, out.site);
    map.ReadMaps("sites", [&](YamlMap& site) {
      SiteSettings settings = out.site;
      site.Require("name", "an owner name, a pattern, or a list of them");
      const auto patterns = ReadSitePatterns(site, "name");
      ReadSiteSettings(site, settings);
      for (const std::string& pattern : patterns) out.sites.push_back({pattern, settings});
    });
  });
  out.rules.most_actions = out.actions_per_minute;
}

}  // namespace dnsd::server
