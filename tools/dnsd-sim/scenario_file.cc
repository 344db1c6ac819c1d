#include "tools/dnsd-sim/scenario_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <set>
#include <utility>

#include "dnsd/base/yaml.h"
#include "dnsd/server/site_config.h"
#include "tools/dnsd-sim/replay.h"

namespace dnsd {
namespace sim {
namespace {

// A number of a list.
struct Positive {
  double value = 0;
};

}  // namespace
}  // namespace sim

template <>
struct YamlType<sim::Positive> {
  static constexpr const char* kWanted = "a number above 0";
  static bool Parse(const std::string& text, sim::Positive& out) {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, out.value);
    return error == std::errc() && at == end && std::isfinite(out.value) && out.value > 0;
  }
};

namespace sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostNodes = 10'000;
constexpr double kMostCpus = 4096;

bool ReadSeconds(YamlMap& map, const std::string& key, double& out, Duration least = 0s,
                 Duration most = 24h) {
  Duration duration{};
  if (!map.Read(key, duration, least, most)) return false;
  out = Seconds(duration);
  return true;
}

template <typename T>
void ReadList(YamlMap& map, const std::string& key, std::vector<T>& out, double most,
              const char* wanted) {
  std::vector<Positive> values;
  if (!map.Read(key, values)) return;
  std::vector<T> read;
  for (const Positive& positive : values) {
    const T value = static_cast<T>(positive.value);
    if (positive.value > most || static_cast<double>(value) != positive.value) {
      return map.Refuse(key, wanted);
    }
    read.push_back(value);
  }
  out = std::move(read);
}

void ReadDistribution(YamlMap& root, const std::string& key, Distribution& out) {
  root.ReadMap(key, [&](YamlMap& map) {
    ReadSeconds(map, "mean", out.mean);
    map.ReadChoice<Shape>("shape", out.shape,
                          {{"constant", Shape::kConstant},
                           {"exponential", Shape::kExponential},
                           {"lognormal", Shape::kLognormal}});
    map.Read("deviation", out.deviation, 0.01, 20);
  });
}

void ReadBackground(YamlMap& map, BackgroundSpec& out) {
  map.ReadChoice<BackgroundKind>("kind", out.kind,
                                 {{"constant", BackgroundKind::kConstant},
                                  {"wandering", BackgroundKind::kWandering},
                                  {"steps", BackgroundKind::kSteps}});
  map.Read("mean", out.mean, 0, Background::kMost);
  map.Read("spread", out.spread, 0, 1);
  ReadSeconds(map, "period", out.period, 100ms);
}

void ReadNode(YamlMap& map, Scenario& scenario) {
  NodeSpec node;
  std::size_t count = 1;
  double megabytes = node.memory / 1e6;
  map.Read<std::size_t>("count", count, 1, kMostNodes);
  map.Read("cpus", node.cpus, 0.1, kMostCpus);
  map.Read("speed", node.speed, 0.001, 1000);
  if (map.Read("memory_mb", megabytes, 1, 1e9)) node.memory = megabytes * 1e6;
  map.ReadMap("background",
              [&](YamlMap& background) { ReadBackground(background, node.background); });
  scenario.nodes.insert(scenario.nodes.end(), count, node);
  if (scenario.nodes.size() > kMostNodes) {
    map.AddError("more than " + std::to_string(kMostNodes) + " nodes");
    scenario.nodes.clear();
  }
}

void ReadEvent(YamlMap& map, Scenario& scenario) {
  NodeEvent event;
  std::size_t node = 0;
  map.Require("at", "when it happens, as 100s");
  map.Require("node", "the node's number, from 1");
  ReadSeconds(map, "at", event.at);
  ReadSeconds(map, "for", event.lasts, 1ms);
  map.Read<std::size_t>("node", node, 1, std::max<std::size_t>(1, scenario.nodes.size()));
  event.node = node - 1;
  bool dead = false;
  unsigned kinds = 0;
  const auto take = [&](bool is_there, NodeEvent::Kind kind) {
    if (!is_there) return;
    event.kind = kind;
    ++kinds;
  };
  take(map.Read("slow", event.value, 0.01, 1000), NodeEvent::Kind::kSlow);
  take(map.Read("dead", dead) && dead, NodeEvent::Kind::kDead);
  take(map.Read("errors", event.value, 0, 1), NodeEvent::Kind::kErrors);
  take(map.Read("background", event.value, 0, Background::kMost), NodeEvent::Kind::kBackground);
  if (kinds != 1) {
    map.AddError(
        "an event has one of 'slow' (times), 'dead: true', 'errors' and 'background' "
        "(shares); found " +
        std::to_string(kinds));
  }
  scenario.events.push_back(event);
}

void ReadSessions(YamlMap& map, SessionSpec& out) {
  double megabytes = 0;
  using Arrivals = SessionSpec::Arrivals;
  map.ReadChoice<Arrivals>("arrivals", out.arrivals,
                           {{"poisson", Arrivals::kPoisson},
                            {"regular", Arrivals::kRegular},
                            {"closed", Arrivals::kClosed}});
  map.Read<std::size_t>("clients", out.clients, 1, 1'000'000);
  if ((out.arrivals == Arrivals::kClosed) != (out.clients > 0)) {
    map.AddError("'arrivals: closed' and 'clients' go together");
  }
  map.Read("requests", out.requests, 1, 1e6);
  ReadDistribution(map, "work", out.work);
  ReadDistribution(map, "think", out.think);
  ReadSeconds(map, "keep_alive", out.keep_alive);
  if (map.Read("memory_mb", megabytes, 0, 1e6)) out.memory = megabytes * 1e6;
  if (!(out.work.mean > 0)) map.Refuse("work", "a mean above 0");
}

void ReadResolvers(YamlMap& map, ResolverSpec& out) {
  map.Read<std::size_t>("count", out.count, 1, Resolvers::kMost);
  map.Read("zipf", out.zipf, 0, 5);
  double all = 0;
  map.ReadMaps("keep", [&](YamlMap& keep) {
    KeepRule rule;
    keep.Require("for", "how long answers are kept in spite of their TTL, as 30s");
    keep.Require("share", "of the resolvers, 0 to 1");
    ReadSeconds(keep, "for", rule.seconds);
    keep.Read("share", rule.share, 0, 1);
    all += rule.share;
    if (all > 1 + 1e-9) keep.Refuse("share", "shares whose sum is at most 1");
    out.keeps.push_back(rule);
  });
}

void ReadDnsd(YamlMap& map, Scenario& scenario) {
  ReadList(map, "count", scenario.dnsd_counts, 64, "whole numbers from 1 to 64");
  ReadList(map, "shares", scenario.dnsd.shares, 1e6, "numbers above 0");
  map.Read<std::size_t>("workers", scenario.dnsd.workers, 1, 64);
  if (scenario.dnsd.shares.empty()) return;
  for (const std::size_t count : scenario.dnsd_counts) {
    if (count != scenario.dnsd.shares.size()) {
      map.Refuse("shares", "as many numbers as 'count' says: " + std::to_string(count));
    }
  }
}

void ReadReports(YamlMap& map, Scenario& scenario) {
  std::vector<Duration> intervals;
  if (map.Read("interval", intervals)) {
    scenario.intervals.clear();
    for (const Duration interval : intervals) {
      scenario.intervals.push_back(Seconds(interval));
      if (interval < 100ms || interval > 60s) map.Refuse("interval", "100ms to 60s");
    }
  }
  map.Read("loss", scenario.reports.loss, 0, 0.99);
  ReadSeconds(map, "delay", scenario.reports.delay, 0s, 10s);
  map.Read("early", scenario.reports.early, 0.01, 1);
}

void ReadDemand(YamlMap& map, Scenario& scenario) {
  Step step;
  map.Require("at", "from when on, as 100s");
  map.Require("factor", "a factor of the rate");
  ReadSeconds(map, "at", step.at);
  map.Read("factor", step.value, 0, 1000);
  if (!scenario.demand.empty() && step.at < scenario.demand.back().at) {
    map.Refuse("at", "a time not before the last step's");
  }
  scenario.demand.push_back(step);
}

void ReadPolicy(YamlMap& map, std::vector<PolicySpec>& out) {
  PolicySpec policy;
  map.Require("name", "what the table calls it");
  map.Read("name", policy.name);
  if (map.Has("ideal")) {
    map.ReadChoice<PolicySpec::Kind>("ideal", policy.kind,
                                     {{"limit", PolicySpec::Kind::kLimit},
                                      {"splitter", PolicySpec::Kind::kSplitter},
                                      {"counts", PolicySpec::Kind::kCounts}});
  } else {
    auto config = std::make_shared<server::Config>();
    server::ReadSiteOptions(map, config->member_lists, config->site_defaults);
    map.Read("true_weights", policy.true_weights);
    map.Read("suspect_after", config->heartbeat.suspect_after, 1, 1000);
    map.Read("dead_after", config->heartbeat.dead_after, 1, 1000);
    map.Read("warm_up", config->heartbeat.warm_up, 0s, 1h);
    policy.config = std::move(config);
  }
  for (const PolicySpec& other : out) {
    if (other.name == policy.name) map.Refuse("name", "a name that no policy above has");
  }
  out.push_back(std::move(policy));
}

void ReadReplay(YamlMap& map, bool has_duration, Scenario& scenario) {
  std::string file;
  double scale = 1;
  map.Require("file", "a CSV file of what nodes reported");
  map.Read("file", file);
  map.Read("scale", scale, 0.001, 1000);
  if (file.empty()) return;
  file = (std::filesystem::path(scenario.path).parent_path() / file).string();
  const auto history = LoadHistory(file);
  if (!history.ok()) return map.AddError(Message(history.status()));
  const absl::Status status = Replay(*history, scale, has_duration, scenario);
  if (!status.ok()) map.AddError(Message(status));
}

void ReadScenario(YamlMap& root, Scenario& scenario) {
  scenario.name = std::filesystem::path(scenario.path).stem().string();
  root.Read("name", scenario.name);
  ReadSeconds(root, "warm_up", scenario.warm_up);
  ReadSeconds(root, "duration", scenario.duration, 1s);
  root.Read<std::size_t>("repetitions", scenario.repetitions, 1, 1000);
  root.Read<std::uint64_t>("seed", scenario.seed, 0, 1ULL << 62);
  ReadList(root, "utilisation", scenario.utilisations, 10, "numbers above 0, at most 10");
  double rate = 0;
  if (root.Read("rate", rate, 1e-6, 1e7)) scenario.rate = rate;
  root.ReadMaps("nodes", [&](YamlMap& node) { ReadNode(node, scenario); });
  root.ReadMap("sessions", [&](YamlMap& map) { ReadSessions(map, scenario.sessions); });
  root.ReadMaps("demand", [&](YamlMap& step) { ReadDemand(step, scenario); });
  root.ReadMap("replay", [&](YamlMap& map) { ReadReplay(map, root.Has("duration"), scenario); });
  root.ReadMaps("events", [&](YamlMap& event) { ReadEvent(event, scenario); });
  root.ReadMap("resolvers", [&](YamlMap& map) { ReadResolvers(map, scenario.resolvers); });
  root.ReadMap("dnsd", [&](YamlMap& map) { ReadDnsd(map, scenario); });
  root.ReadMap("reports", [&](YamlMap& map) { ReadReports(map, scenario); });
  root.ReadMaps("policies", [&](YamlMap& map) { ReadPolicy(map, scenario.policies); });
  root.ReadMap("find", [&](YamlMap& map) {
    FindSpec find;
    map.Read("slowdown99", find.slowdown99, 1, 1e6);
    map.Read("unfinished", find.unfinished, 0.0001, 1);
    if (!map.Has("slowdown99") && !map.Has("unfinished")) {
      map.AddError("nothing to find: wanted 'slowdown99', 'unfinished' or both");
    }
    map.Read("from", find.from, 0.001, 10);
    map.Read("to", find.to, 0.001, 10);
    scenario.find = find;
  });
  if (scenario.nodes.empty()) root.AddError("no nodes: wanted 'nodes', a list, or 'replay'");
}

}  // namespace

absl::StatusOr<Scenario> LoadScenario(const std::string& path) {
  YamlFile file = YamlFile::Load(path);
  Scenario scenario;
  scenario.path = path;
  file.Read([&](YamlMap& root) { ReadScenario(root, scenario); });
  DNSD_RETURN_IF_ERROR(file.status());
  return scenario;
}

absl::StatusOr<std::vector<PolicySpec>> LoadPolicies(const std::string& path) {
  YamlFile file = YamlFile::Load(path);
  std::vector<PolicySpec> policies;
  file.Read([&](YamlMap& root) {
    root.Require("policies", "a list of policies");
    root.ReadMaps("policies", [&](YamlMap& map) { ReadPolicy(map, policies); });
  });
  DNSD_RETURN_IF_ERROR(file.status());
  return policies;
}

absl::StatusOr<PolicySpec> PolicyNamed(const std::string& name) {
  const bool ideal = name == "limit" || name == "splitter" || name == "counts";
  YamlFile file = YamlFile::Parse(
      "{name: \"" + name + "\", " + (ideal ? "ideal" : "policy") + ": \"" + name + "\"}",
      "policy '" + name + "'");
  std::vector<PolicySpec> policies;
  file.Read([&](YamlMap& root) { ReadPolicy(root, policies); });
  DNSD_RETURN_IF_ERROR(file.status());
  return std::move(policies.front());
}

}  // namespace sim
}  // namespace dnsd
