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
constexpr std::size_t kFewNames = 10'000;                  // searched in a moment
constexpr std::size_t kEventsAtOnce = 60;
constexpr std::size_t kAddressesShown = 4;  // of a node
constexpr int kSilentLong = 10;             // intervals
constexpr Duration kSilentAtLeast = std::chrono::seconds(10);

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
          {"fail_open_lately", now.failed},
          {"panic", total([](const Stats& s) -> auto& { return s.panic; })},
          {"panic_lately", now.panicked},
          {"spill", total([](const Stats& s) -> auto& { return s.spilled; })}};
}

// Whether what a node reported is no more what it is like: it is gone, or silent for long.
bool IsStale(const NodeStatus& node, MonotonicTime now) {
  using State = fleet::NodeState;
  if (node.state == State::kDead || node.state == State::kLeaving || !node.heard) return true;
  return now - *node.heard > std::max(kSilentLong * node.interval, kSilentAtLeast);
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
      {"stale", IsStale(node, now)},
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

std::size_t NamesIn(const answer::Served& served, const answer::FleetView& fleet) {
  std::size_t names = fleet.hosting->site_count();
  for (const auto& zone : served.zones.zones()) names += zone->node_count();
  return names;
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

struct Overview::Moment {
  SiteRows sites;
  Activity::Now activity;
};

Overview::Overview(const Observed& observed, const Activity& activity, const Events& events,
                   const Published<answer::FleetView>& fleet, Doer doer)
    : observed_(observed),
      activity_(activity),
      events_(events),
      fleet_(fleet),
      doer_(std::move(doer)) {}
Overview::~Overview() = default;

void Overview::Renew() {
  snapshots_.clear();
  moment_.reset();
}

Overview::Moment& Overview::Now() {
  if (moment_ == nullptr) {
    moment_.reset(new Moment{SiteRows(observed_.served->Get(), fleet_.Get(), observed_.fleet()),
                             activity_.Get()});
  }
  return *moment_;
}

void Overview::TakeResult(Found& found) {
  if (found.search == nullptr) return;
  const bool is_dropped = found.search.use_count() == 1;  // whoever was to search has ended
  {
    std::lock_guard lock(found.search->mutex);
    if (!found.search->done && !is_dropped) return;
    if (found.search->done) {
      found.sites = std::move(found.search->found);
      found.known = true;
    }
  }
  found.search.reset();
}

// What is searched is kept alive meanwhile. Whoever searches knows nothing of us: we may be gone.
void Overview::Begin(const std::string& pattern, Found& found, MonotonicTime now) {
  const std::uint64_t generation = observed_.served->generation();
  auto search = std::make_shared<Search>();
  auto work = [search, pattern, served = observed_.served->Get(), fleet = fleet_.Get()] {
    const std::vector<std::string> patterns(pattern.empty() ? 0 : 1, pattern);
    SiteNames names = FindSites(patterns, *served, *fleet->hosting, kSites);
    std::lock_guard lock(search->mutex);
    search->found = std::move(names);
    search->done = true;
  };
  if (NamesIn(*observed_.served->Get(), *fleet_.Get()) <= kFewNames) {
    work();
  } else if (!doer_(std::move(work))) {
    return;
  }
  found.generation = generation;
  found.looked = now;
  found.search = std::move(search);
}

// Those of the last search; a new one is begun where that is old. None before the first is done.
const Overview::Found& Overview::Find(const std::string& pattern, MonotonicTime now) {
  if (!found_.contains(pattern) && found_.size() >= kMostFound) found_.clear();
  Found& found = found_[pattern];
  TakeResult(found);
  const bool is_old = !found.known || now >= found.looked + kLookAgain ||
                      found.generation != observed_.served->generation();
  if (found.search == nullptr && is_old) {
    Begin(pattern, found, now);
    TakeResult(found);
  }
  return found;
}

// The busiest first, then others that there are.
Json Overview::SitesJson(const std::string& filter, MonotonicTime now) {
  const std::string pattern = PatternOf(filter);
  const auto& busy = Now().activity.sites;
  std::vector<std::tuple<double, std::string, const SiteActivity::Site*>> order;
  for (const auto& [name, site] : busy) {
    const std::string bare = name.substr(0, name.size() - 1);
    if (!pattern.empty() && !MatchesPattern(bare, pattern)) continue;
    order.emplace_back(-site.all.rate, name, &site);
  }
  std::sort(order.begin(), order.end());
  const Found& found = Find(pattern, now);
  for (const wire::Name& name : found.sites.names) {
    std::string text = name.ToString();
    if (!busy.contains(text)) order.emplace_back(0, std::move(text), nullptr);
  }
  Json shown = Json::array();
  bool more = found.sites.more;
  for (const auto& [rate, text, activity] : order) {
    if (more && shown.size() == kSites) break;
    const auto name = wire::Name::Parse(text);
    Json site = name ? Now().sites.RowOf(*name, activity) : Json();
    if (site.is_null()) continue;  // it was one when it was counted
    more = more || shown.size() == kSites;
    if (shown.size() < kSites) shown.push_back(std::move(site));
  }
  return {{"more", more}, {"searching", !found.known}, {"shown", std::move(shown)}};
}

const std::string& Overview::Snapshot(const OverviewFilter& filter, MonotonicTime now,
                                      WallTime wall) {
  const auto known = snapshots_.find(filter);
  if (known != snapshots_.end()) return known->second;
  const Moment& moment = Now();
  const Json json{{"server", ServerJson(observed_, wall)},
                  {"totals", TotalsJson(observed_, moment.activity)},
                  {"zones", ZonesJson(moment.sites.served())},
                  {"nodes", NodesJson(moment.sites.report(), moment.activity, filter.nodes, now)},
                  {"sites", SitesJson(filter.sites, now)}};
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
