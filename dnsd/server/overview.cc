#include "dnsd/server/overview.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "dnsd/base/pattern.h"
#include "dnsd/server/balance.h"
#include "dnsd/server/events_json.h"
#include "dnsd/server/overview_sites.h"
#include "dnsd/server/time_text.h"
#include "dnsd/wire/name.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kLookAgain = std::chrono::seconds(30);  // for sites that a filter names
constexpr std::size_t kMostFound = 32;                     // filters remembered
constexpr std::size_t kEventsAtOnce = 60;
constexpr std::size_t kAddressesShown = 4;  // of a node

// Names come from reporters: what is not UTF-8 is replaced, never thrown at.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A part of a name is a pattern too.
std::string PatternOf(const std::string& filter) {
  if (filter.empty() || filter.find_first_of("*?") != std::string::npos) return filter;
  return "*" + filter + "*";
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return static_cast<char>(wire::LowerOctet(static_cast<std::uint8_t>(c)));
  });
  return text;
}

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json StatesJson(const StatusReport& fleet) {
  Json states = Json::object();
  std::array<std::size_t, static_cast<std::size_t>(fleet::NodeState::kDisabled) + 1> counts{};
  for (const NodeStatus& node : fleet.nodes) ++counts[static_cast<std::size_t>(node.state)];
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) states[fleet::NameOf(static_cast<fleet::NodeState>(i))] = counts[i];
  }
  return states;
}

Json ServerJson(const Observed& observed, WallTime wall) {
  const ReloadStatus reload = observed.reload();
  Json json{{"version", DNSD_VERSION},
            {"time", TimeText(wall)},
            {"uptime_seconds", std::chrono::duration<double>(wall - observed.started).count()},
            {"workers", observed.workers.size()}};
  json["reload"] = {{"last", TimeText(reload.last)}, {"error", reload.error}};
  json["listen"] = Json::array();
  for (const Endpoint& endpoint : observed.dns) json["listen"].push_back(endpoint.ToString());
  return json;
}

Json ZonesJson(const answer::Served& served) {
  Json shown = Json::array();
  std::size_t sites = 0;
  for (const auto& zone : served.zones.zones()) {
    sites += zone->site_count();
    if (shown.size() == Overview::kZones) continue;
    shown.push_back({{"apex", zone->apex().ToString()},
                     {"serial", zone->serial()},
                     {"sites", zone->site_count()}});
  }
  return {{"total", served.zones.zones().size()}, {"sites", sites}, {"shown", std::move(shown)}};
}

Json TotalsJson(const Observed& observed, const Activity::Now& now) {
  using Stats = answer::WorkerStats;
  const auto total = [&](auto pick) { return Total(observed, pick); };
  return {{"queries", total([](const Stats& s) -> auto& { return s.queries[0]; }) +
                          total([](const Stats& s) -> auto& { return s.queries[1]; })},
          {"queries_rate", now.queries},
          {"site_answers", total([](const Stats& s) -> auto& { return s.site_answers; })},
          {"site_answers_rate", now.site_answers},
          {"fail_open", total([](const Stats& s) -> auto& { return s.fail_open; })},
          {"panic", total([](const Stats& s) -> auto& { return s.panic; })},
          {"spill", total([](const Stats& s) -> auto& { return s.spilled; })}};
}

Json NodeJson(const NodeStatus& node, const Balance::Node& share, double rate, MonotonicTime now) {
  Json addresses = Json::array();
  for (std::size_t i = 0; i < std::min(kAddressesShown, node.addresses.size()); ++i) {
    addresses.push_back(node.addresses[i].ToString());
  }
  Json json{
      {"name", node.name},
      {"state", fleet::NameOf(node.state)},
      {"reason", node.reason},
      {"order", nullptr},
      {"addresses", std::move(addresses)},
      {"more_addresses", node.addresses.size() - std::min(kAddressesShown, node.addresses.size())},
      {"region", node.place.region},
      {"cpu", OrNull(node.load.cpu_utilization)},
      {"memory", OrNull(node.load.mem_utilization)},
      {"connections", OrNull(node.load.connections)},
      {"cpus", node.figures.cpus},
      {"cost", node.cost},
      {"answers", node.answers},
      {"rate", rate},
      {"answer_share", share.answers},
      {"load_share", share.load},
      {"age_seconds", nullptr},
      {"sites", node.sites},
      {"declares_hosting", node.declares_hosting}};
  if (node.heard) json["age_seconds"] = Seconds(now - *node.heard);
  if (node.order.kind != fleet::Order::Kind::kNone) {
    json["order"] = {{"kind", fleet::NameOf(node.order.kind)}, {"reason", node.order.reason}};
  }
  return json;
}

// Those in trouble first, then the busiest.
std::vector<std::size_t> Rank(const StatusReport& fleet, const std::vector<double>& rates,
                              const std::string& pattern, std::size_t most, std::size_t& matching) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < fleet.nodes.size(); ++i) {
    if (pattern.empty() || MatchesPattern(LowerCase(fleet.nodes[i].name), pattern)) {
      order.push_back(i);
    }
  }
  matching = order.size();
  const auto key = [&](std::size_t i) {
    const NodeStatus& node = fleet.nodes[i];
    const bool well = fleet::TierOf(node.state) == fleet::Tier::kUsable;
    return std::tuple(well, i < rates.size() ? -rates[i] : 0,
                      -node.load.cpu_utilization.value_or(0));
  };
  const auto before = [&](std::size_t a, std::size_t b) {
    return std::tuple(key(a), fleet.nodes[a].name) < std::tuple(key(b), fleet.nodes[b].name);
  };
  const auto kept = static_cast<std::ptrdiff_t>(std::min(most, order.size()));
  std::partial_sort(order.begin(), order.begin() + kept, order.end(), before);
  order.resize(static_cast<std::size_t>(kept));
  return order;
}

Json NodesJson(const StatusReport& fleet, const Activity::Now& activity, const std::string& filter,
               MonotonicTime now) {
  const Balance balance = BalanceOf(fleet.nodes, activity.node_rates);
  std::size_t matching = 0;
  Json shown = Json::array();
  for (const std::size_t i :
       Rank(fleet, activity.node_rates, PatternOf(filter), Overview::kNodes, matching)) {
    const double rate = i < activity.node_rates.size() ? activity.node_rates[i] : 0;
    shown.push_back(NodeJson(fleet.nodes[i], balance.nodes[i], rate, now));
  }
  return {{"total", fleet.nodes.size()},
          {"states", StatesJson(fleet)},
          {"imbalance", balance.imbalance},
          {"matching", matching},
          {"shown", std::move(shown)}};
}

Json PointJson(const Activity::Point& point, const StatusReport& fleet) {
  Json nodes = Json::object();
  double rest = point.other_nodes;
  for (const auto& [node, rate] : point.nodes) {
    if (nodes.size() < Overview::kNodesAPoint && node < fleet.nodes.size()) {
      nodes[fleet.nodes[node].name] = rate;
    } else {
      rest += static_cast<double>(rate);
    }
  }
  return {{"number", point.number},
          {"queries", point.queries},
          {"fail_open", point.answers_failed},
          {"nodes", std::move(nodes)},
          {"other_nodes", rest}};
}

class PageFeed : public HttpFeed {
 public:
  PageFeed(Overview& overview, OverviewFilter filter)
      : overview_(overview), filter_(std::move(filter)) {}
  std::string Next() override { return overview_.News(filter_, point_, event_); }

 private:
  Overview& overview_;
  const OverviewFilter filter_;
  std::uint64_t point_ = 0;
  std::uint64_t event_ = 0;
};

}  // namespace

const Overview::Found& Overview::Find(const std::string& pattern, MonotonicTime now) {
  auto served = observed_.served->Get();
  const auto at = found_.find(pattern);
  if (at != found_.end() && at->second.served == served && now < at->second.looked + kLookAgain) {
    return at->second;
  }
  if (at == found_.end() && found_.size() >= kMostFound) found_.clear();
  SiteNames names = FindSites(*served, *fleet_.Get(), pattern, kSites);
  Found& found = found_[pattern];
  found = {std::move(served), now, std::move(names.names), names.more};
  return found;
}

const std::string& Overview::Snapshot(const OverviewFilter& filter, MonotonicTime now,
                                      WallTime wall) {
  const auto known = snapshots_.find(filter);
  if (known != snapshots_.end()) return known->second;
  const auto report = observed_.fleet();
  const auto served = observed_.served->Get();
  const auto view = fleet_.Get();
  const Activity::Now activity = activity_.Get();
  std::vector<std::pair<double, std::string>> busy;
  const std::string pattern = PatternOf(filter.sites);
  for (const auto& [name, site] : activity.sites) {
    const std::string bare = name.substr(0, name.size() - 1);
    if (pattern.empty() || MatchesPattern(bare, pattern)) busy.emplace_back(-site.all.rate, name);
  }
  std::sort(busy.begin(), busy.end());
  std::vector<std::string> names;
  for (const auto& [rate, name] : busy) names.push_back(name);
  const Found& found = Find(pattern, now);
  for (const std::string& name : found.names) {
    if (!activity.sites.contains(name)) names.push_back(name);
  }
  Json sites = Json::array();
  for (const std::string& name : names) {
    if (sites.size() == kSites) break;
    const auto its = activity.sites.find(name);
    Json site = SiteJson(name, *served, *view, *report,
                         its == activity.sites.end() ? nullptr : &its->second);
    if (!site.is_null()) sites.push_back(std::move(site));
  }
  Json json{{"server", ServerJson(observed_, wall)},
            {"totals", TotalsJson(observed_, activity)},
            {"zones", ZonesJson(*served)},
            {"nodes", NodesJson(*report, activity, filter.nodes, now)}};
  json["sites"] = {{"more", found.more || names.size() > kSites}, {"shown", std::move(sites)}};
  return snapshots_[filter] = Text(json);
}

std::string Overview::News(const OverviewFilter& filter, std::uint64_t& point,
                           std::uint64_t& event) {
  std::string news;
  const auto say = [&](const char* kind, const std::string& data) {
    news += std::string("event: ") + kind + "\ndata: " + data + "\n\n";
  };
  const auto points = activity_.Since(point);
  if (!points.empty()) {
    const auto fleet = observed_.fleet();
    Json json = Json::array();
    for (const Activity::Point& one : points) json.push_back(PointJson(one, *fleet));
    point = points.back().number;
    say("points", Text(json));
  }
  const Events::Some some = events_.Since(event, kEventsAtOnce);
  if (!some.events.empty()) {
    std::string list;
    for (const Event& one : some.events) list += (list.empty() ? "[" : ",") + EventJson(one);
    event = some.events.back().sequence;
    say("events", list + "]");
  }
  say("overview", Snapshot(filter, MonotonicClock::now(), std::chrono::system_clock::now()));
  return news;
}

std::optional<OverviewFilter> FilterOf(const HttpQuery& query) {
  OverviewFilter filter;
  for (const auto& [name, text] : {std::pair{"nodes", &filter.nodes}, {"sites", &filter.sites}}) {
    const auto value = query.find(name);
    if (value == query.end()) continue;
    if (value->second.size() > OverviewFilter::kMostLength) return std::nullopt;
    *text = LowerCase(value->second);
  }
  return filter;
}

std::unique_ptr<HttpFeed> ListenTo(Overview& overview, const HttpQuery& query) {
  auto filter = FilterOf(query);
  if (!filter) return nullptr;
  return std::make_unique<PageFeed>(overview, *std::move(filter));
}

}  // namespace dnsd::server
