#include "tools/dnsd-sim/placement_file.h"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <utility>

#include "dnsd/base/yaml.h"

namespace dnsd {
namespace sim {
namespace {

// A share in a list.
struct RoomShare {
  double value = 0;
};

}  // namespace
}  // namespace sim

template <>
struct YamlType<sim::RoomShare> {
  static constexpr const char* kWanted = "a number from 0 to 100";
  static bool Parse(const std::string& text, sim::RoomShare& out) {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, out.value);
    return error == std::errc() && at == end && out.value >= 0 && out.value <= 100;
  }
};

namespace sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostNodes = 10'000;
constexpr std::uint32_t kMostSites = 1'000'000;

bool ReadSeconds(YamlMap& map, const std::string& key, double& out, Duration least = 0s,
                 Duration most = 240h) {
  Duration duration{};
  if (!map.Read(key, duration, least, most)) return false;
  out = Seconds(duration);
  return true;
}

void ReadNodes(YamlMap& map, PlacementScenario& scenario) {
  policy::PlacementNode node;
  std::size_t count = 1;
  std::uint32_t groups = 0;
  double megabytes = node.bandwidth / 1e6;
  map.Read<std::size_t>("count", count, 1, kMostNodes);
  map.Read("cpus", node.cpus, 0.1, 4096);
  map.Read<std::uint32_t>("groups", groups, 0, kMostNodes);
  if (map.Read("bandwidth_mb", megabytes, 0.001, 1e6)) node.bandwidth = megabytes * 1e6;
  for (std::size_t i = 0; i < count && scenario.nodes.size() < kMostNodes; ++i) {
    node.group = groups == 0 ? 0 : 1 + static_cast<std::uint32_t>(i) % groups;
    scenario.nodes.push_back(node);
  }
}

void ReadSites(YamlMap& map, PlacementScenario& scenario) {
  map.Read<std::uint32_t>("count", scenario.sites, 1, kMostSites);
  map.Read("zipf", scenario.zipf, 0, 5);
  map.Read<std::uint32_t>("replicas", scenario.least, 1, 100);
  double megabytes = 0;
  if (map.Read("mb", megabytes, 1e-6, 1e9)) scenario.bytes.mean = megabytes * 1e6;
  map.ReadChoice<Shape>("shape", scenario.bytes.shape,
                        {{"constant", Shape::kConstant},
                         {"exponential", Shape::kExponential},
                         {"lognormal", Shape::kLognormal}});
  map.Read("deviation", scenario.bytes.deviation, 0.01, 20);
}

void ReadCrowd(YamlMap& map, Crowd& crowd) {
  ReadSeconds(map, "rise", crowd.rise, 1ms);
  ReadSeconds(map, "for", crowd.lasts, 1ms);
  map.Read("factor", crowd.factor, 0, 1e6);
}

void ReadEvent(YamlMap& map, PlacementScenario& scenario) {
  double at = 0;
  map.Require("at", "when it happens, as 100s");
  ReadSeconds(map, "at", at);
  if (map.Has("site")) {
    Crowd crowd;
    std::uint32_t rank = 1;
    map.Read<std::uint32_t>("site", rank, 1, scenario.sites);
    ReadCrowd(map, crowd);
    crowd.at = at;
    crowd.site = rank - 1;
    scenario.crowds.push_back(crowd);
    return;
  }
  Outage outage{.at = at};
  map.Require("node", "the node's number, from 1; or 'site', a site's rank");
  std::uint32_t node = 1;
  map.Read<std::uint32_t>(
      "node", node, 1, static_cast<std::uint32_t>(std::max<std::size_t>(1, scenario.nodes.size())));
  outage.node = node - 1;
  ReadSeconds(map, "for", outage.lasts, 1ms);
  map.Read("drained", outage.drained);
  scenario.outages.push_back(outage);
}

void ReadRandom(YamlMap& map, PlacementScenario& scenario) {
  RandomEvents& random = scenario.random;
  map.Read<std::size_t>("crowds", random.crowds, 0, 100'000);
  map.Read<std::size_t>("deaths", random.deaths, 0, 100'000);
  map.Read<std::size_t>("drains", random.drains, 0, 100'000);
  random.ranks = scenario.sites;
  map.Read<std::uint32_t>("ranks", random.ranks, 1, scenario.sites);
  ReadCrowd(map, random.crowd);
  ReadSeconds(map, "outage", random.outage, 1s);
}

void ReadMethod(YamlMap& map, std::vector<PlacementMethod>& out) {
  using Rules = policy::PlacementRules;
  using Kind = PlacementMethod::Kind;
  PlacementMethod method;
  Rules& rules = method.rules;
  map.Require("name", "what the table calls it");
  map.Read("name", method.name);
  map.ReadChoice<Kind>(
      "kind", method.kind,
      {{"rule", Kind::kRule}, {"static", Kind::kStatic}, {"everywhere", Kind::kEverywhere}});
  map.Read("told", method.told);
  map.Read("bars", method.bars);
  map.ReadChoice<Rules::Contract>(
      "contract", rules.contract,
      {{"lazy", Rules::Contract::kLazy}, {"eager", Rules::Contract::kEager}});
  map.ReadChoice<Rules::Storage>("storage", rules.storage,
                                 {{"naive", Rules::Storage::kNaive},
                                  {"deletion_aware", Rules::Storage::kDeletionAware},
                                  {"resource_aware", Rules::Storage::kResourceAware}});
  map.ReadChoice<Rules::Copy>(
      "copy", rules.copy,
      {{"chain", Rules::Copy::kChain}, {"tree", Rules::Copy::kTree}, {"star", Rules::Copy::kStar}});
  map.Read("jump", rules.jump);
  map.Read("high", rules.high, 0.01, 10);
  map.Read("low", rules.low, 0, 10);
  map.Read("headroom", rules.headroom, 0, 1);
  map.Read("most_growth", rules.most_growth, 1, 100);
  map.Read("period", rules.period, 100ms, 1h);
  map.Read("start", rules.start, 0s, 1h);
  map.Read("hold", rules.hold, 0s, 24h);
  map.Read<std::uint32_t>("most_actions", rules.most_actions, 0, 100'000);
  map.Read<std::uint32_t>("most_node_actions", rules.most_node_actions, 1, 100'000);
  map.Read<std::uint32_t>("transfers", rules.transfers, 1, 100'000);
  out.push_back(std::move(method));
}

void ReadPlacement(YamlMap& root, PlacementScenario& scenario) {
  scenario.name = std::filesystem::path(scenario.path).stem().string();
  root.Read("name", scenario.name);
  ReadSeconds(root, "warm_up", scenario.warm_up);
  ReadSeconds(root, "duration", scenario.duration, 1s);
  ReadSeconds(root, "step", scenario.step, 10ms, 5min);
  root.Read<std::uint64_t>("seed", scenario.seed, 0, 1ULL << 62);
  root.Read("load", scenario.load, 0.001, 10);
  root.Read("daily", scenario.daily, 0, 1);
  ReadSeconds(root, "dead_after", scenario.dead_after);
  ReadSeconds(root, "lost_after", scenario.lost_after);
  ReadSeconds(root, "withdraw", scenario.withdraw);
  root.Read("copy_cpu_s_per_gb", scenario.copy_cpu, 0, 1e6);
  std::vector<RoomShare> rooms;
  if (root.Read("rooms", rooms)) {
    for (const RoomShare& room : rooms) scenario.rooms.push_back(room.value);
  }
  root.ReadMaps("nodes", [&](YamlMap& map) { ReadNodes(map, scenario); });
  root.ReadMap("sites", [&](YamlMap& map) { ReadSites(map, scenario); });
  root.ReadMaps("events", [&](YamlMap& map) { ReadEvent(map, scenario); });
  root.ReadMap("random", [&](YamlMap& map) { ReadRandom(map, scenario); });
  root.Require("methods", "a list of methods");
  root.ReadMaps("methods", [&](YamlMap& map) { ReadMethod(map, scenario.methods); });
  if (scenario.nodes.empty()) {
    root.AddError("no nodes: wanted 'nodes', a list");
  } else if (scenario.least > scenario.nodes.size()) {
    root.AddError("'sites.replicas': found " + std::to_string(scenario.least) + ", wanted " +
                  std::to_string(scenario.nodes.size()) + " at most, as there are nodes");
  }
}

}  // namespace

bool IsPlacementScenario(const std::string& path) {
  YamlFile file = YamlFile::Load(path);
  bool has = false;
  file.Read([&](YamlMap& root) { has = root.Has("sites"); });
  return has;
}

absl::StatusOr<PlacementScenario> LoadPlacement(const std::string& path) {
  YamlFile file = YamlFile::Load(path);
  PlacementScenario scenario;
  scenario.path = path;
  file.Read([&](YamlMap& root) { ReadPlacement(root, scenario); });
  DNSD_RETURN_IF_ERROR(file.status());
  return scenario;
}

}  // namespace sim
}  // namespace dnsd
