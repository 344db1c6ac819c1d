#include "dnsd/server/history_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "dnsd/answer/explain.h"
#include "dnsd/server/events_json.h"
#include "dnsd/server/history_store.h"
#include "dnsd/server/site_names.h"
#include "dnsd/server/time_text.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostSamples = 10'000;
constexpr std::size_t kMostEvents = 1'000;

struct Subject {
  std::string site;  // empty: it is a node
  std::set<std::string> nodes;
};

absl::StatusOr<Subject> Find(const std::string& text, const answer::Served& served,
                             const answer::FleetView& fleet, const StatusReport& report) {
  const bool is_node = std::any_of(report.nodes.begin(), report.nodes.end(),
                                   [&](const NodeStatus& node) { return node.name == text; });
  if (is_node) return Subject{"", {text}};
  const SiteNames sites = FindSites({text}, served, *fleet.hosting, 2);
  if (sites.names.size() != 1 || text.empty()) {
    return absl::NotFoundError("found " + std::to_string(sites.names.size()) +
                               (sites.more ? " and more" : "") + " sites for '" + text +
                               "', wanted the name of one node or one site");
  }
  Subject subject{sites.names[0].ToString(), {}};
  answer::Explainer explainer(served, fleet);
  for (const auto type : {wire::RrType::kA, wire::RrType::kAaaa}) {
    const auto pool = explainer.Explain(sites.names[0], type, IpAddress());
    for (const auto& member : pool.members) {
      if (!member.node.empty()) subject.nodes.insert(member.node);
    }
  }
  return subject;
}

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json ToJson(const HistorySample& sample) {
  return {{"time", TimeText(sample.time)},
          {"node", sample.node},
          {"state", sample.state},
          {"cost", sample.cost},
          {"answers", sample.answers},
          {"cpu_utilization", OrNull(sample.cpu_utilization)},
          {"mem_utilization", OrNull(sample.mem_utilization)},
          {"connections", OrNull(sample.connections)},
          {"rps", OrNull(sample.rps)}};
}

}  // namespace

absl::StatusOr<std::string> HistoryJson(const std::string& text, WallTime since,
                                        const std::string& path, const answer::Served& served,
                                        const answer::FleetView& fleet,
                                        const StatusReport& report) {
  const auto subject = Find(text, served, fleet, report);
  if (!subject.ok()) return subject.status();
  auto store = HistoryStore::OpenToRead(path);
  if (!store.ok()) return store.status();
  const auto samples = store->Samples(subject->nodes, since, kMostSamples);
  if (!samples.ok()) return samples.status();
  const auto events = store->EventsOf(subject->nodes, subject->site, since, kMostEvents);
  if (!events.ok()) return events.status();
  Json json{{"subject", subject->site.empty() ? text : subject->site},
            {"kind", subject->site.empty() ? "node" : "site"},
            {"since", TimeText(since)},
            {"nodes", subject->nodes},
            {"samples", Json::array()},
            {"events", Json::array()}};
  for (const HistorySample& sample : *samples) json["samples"].push_back(ToJson(sample));
  for (const Event& event : *events) json["events"].push_back(EventToJson(event));
  // Names come from reporters: what is not UTF-8 is replaced, never thrown at.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dnsd::server
