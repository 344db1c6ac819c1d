#include "dnsd/server/status_json.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "dnsd/server/load_json.h"
#include "dnsd/server/order_json.h"
#include "dnsd/server/time_text.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::ordered_json;

Json Texts(const std::vector<IpAddress>& addresses) {
  Json list = Json::array();
  for (const IpAddress& address : addresses) list.push_back(address.ToString());
  return list;
}

Json ListenJson(const Observed& observed) {
  Json listen{{"dns", Json::array()}, {"heartbeat", nullptr}, {"http", nullptr}};
  for (const Endpoint& endpoint : observed.dns) listen["dns"].push_back(endpoint.ToString());
  if (observed.heartbeat) listen["heartbeat"] = observed.heartbeat->ToString();
  if (observed.http) listen["http"] = observed.http->ToString();
  return listen;
}

Json ReloadJson(const ReloadStatus& reload) {
  return {{"last", TimeText(reload.last)}, {"successful", reload.error.empty()},
          {"error", reload.error},         {"done", reload.done},
          {"failed", reload.failed},       {"changes", reload.changes}};
}

Json QueriesJson(const Observed& observed) {
  using Stats = answer::WorkerStats;
  const auto total = [&](auto pick) { return Total(observed, pick); };
  Json responses = Json::object();
  for (std::size_t rcode = 0; rcode < Stats::kRcodes; ++rcode) {
    const auto count = total([=](const Stats& s) -> auto& { return s.responses[rcode]; });
    if (count > 0) responses[RcodeName(rcode)] = count;
  }
  return {{"udp", total([](const Stats& s) -> auto& { return s.queries[0]; })},
          {"tcp", total([](const Stats& s) -> auto& { return s.queries[1]; })},
          {"udp_receive_drops", observed.receive_drops()},
          {"responses", std::move(responses)},
          {"dropped", total([](const Stats& s) -> auto& { return s.dropped; })},
          {"truncated", total([](const Stats& s) -> auto& { return s.truncated; })},
          {"rate_limit_dropped", total([](const Stats& s) -> auto& { return s.rate_dropped; })},
          {"rate_limit_slipped", total([](const Stats& s) -> auto& { return s.rate_slipped; })},
          {"site_answers", total([](const Stats& s) -> auto& { return s.site_answers; })},
          {"fail_open", total([](const Stats& s) -> auto& { return s.fail_open; })},
          {"panic", total([](const Stats& s) -> auto& { return s.panic; })},
          {"explored", total([](const Stats& s) -> auto& { return s.explored; })}};
}

Json TcpJson(const Observed& observed) {
  const TcpCounts tcp = CountTcp(observed);
  return {{"open", tcp.open},
          {"connections", tcp.connections},
          {"closed", tcp.closed},
          {"refused", tcp.refused}};
}

Json ZonesJson(const Observed& observed) {
  Json zones = Json::array();
  const auto served = observed.served->Get();
  for (const auto& zone : served->zones.zones()) {
    zones.push_back({{"apex", zone->apex().ToString()},
                     {"serial", zone->serial()},
                     {"records", zone->record_count()},
                     {"sites", zone->site_count()}});
  }
  return zones;
}

Json DemandJson(const NodeStatus& node) {
  Json busiest = Json::array();
  for (const fleet::NodeDemand::Site& site : node.busiest) {
    busiest.push_back({{"site", site.name},
                       {"rps", site.rates.rps},
                       {"eps", site.rates.eps},
                       {"bytes_per_second", site.rates.bytes_per_second}});
  }
  return {
      {"sites", node.demanded_sites}, {"rps", node.demand_rps}, {"busiest", std::move(busiest)}};
}

// What is not known is null.
Json PlaceJson(const fleet::Place& place) {
  Json json{{"region", nullptr}, {"latitude", nullptr}, {"longitude", nullptr}, {"asn", nullptr}};
  if (!place.region.empty()) json["region"] = place.region;
  if (place.coordinates) {
    json["latitude"] = place.coordinates->latitude;
    json["longitude"] = place.coordinates->longitude;
  }
  if (place.asn != 0) json["asn"] = place.asn;
  return json;
}

Json NodeJson(const NodeStatus& node, MonotonicTime now) {
  Json json{{"name", node.name},
            {"state", fleet::NameOf(node.state)},
            {"reason", node.reason},
            {"addresses", Texts(node.addresses)},
            {"refused_addresses", Texts(node.refused)},
            {"heartbeat_age_seconds", nullptr},
            {"interval_seconds", Seconds(node.interval)},
            {"software_version", node.software_version},
            {"place", PlaceJson(node.place)},
            {"cost", node.cost},
            {"answers", node.answers},
            {"error_share", node.error_share},
            {"declares_hosting", node.declares_hosting},
            {"sites", node.sites},
            {"load", LoadToJson(node.load)}};
  json["order"] = OrderJson(node.order);
  if (node.heard) json["heartbeat_age_seconds"] = Seconds(now - *node.heard);
  json["demand"] = DemandJson(node);
  json["model"] = {{"sessions", node.figures.sessions},
                   {"load_per_session", node.figures.load_per_session},
                   {"background", node.figures.background},
                   {"sessions_per_answer", node.figures.sessions_per_answer},
                   {"cpus", node.figures.cpus},
                   {"factor", node.figures.factor}};
  return json;
}

Json FleetJson(const Observed& observed, const StatusReport& fleet) {
  return {{"heartbeats", fleet.reports},
          {"heartbeats_dropped", fleet.dropped_beats},
          {"heartbeat_faults", FaultCounts(observed, fleet)},
          {"streams", observed.streams()},
          {"hosted_sites", fleet.hosted_sites},
          {"bound_addresses", fleet.bound_addresses},
          {"transitions", fleet.transitions},
          {"publications", fleet.publications},
          {"session_seconds", fleet.session_seconds},
          {"sessions_per_answer", fleet.sessions_per_answer},
          {"cpus_per_session", fleet.cpus_per_session},
          {"state_store_error", fleet.store_error}};
}

Json HistoryJson(const Observed& observed) {
  if (!observed.history) return nullptr;
  const HistoryHealth health = observed.history();
  return {{"samples", health.samples}, {"failed", health.failed}, {"error", health.error}};
}

Json LocalityJson(const StatusReport& fleet) {
  Json measured = nullptr;
  if (fleet.rtts) {
    measured = {{"prefixes", fleet.rtts->prefixes},   {"figures", fleet.rtts->figures},
                {"octets", fleet.rtts->octets},       {"samples", fleet.rtts->samples},
                {"over_rate", fleet.rtts->over_rate}, {"evicted", fleet.rtts->evicted},
                {"expired", fleet.rtts->expired}};
  }
  return {{"measured", std::move(measured)}};
}

Json SiteOrdersJson(const StatusReport& fleet) {
  Json orders = Json::array();
  for (const SiteOrder& order : fleet.site_orders) {
    Json json{{"site", order.key.site}, {"node", nullptr}, {"order", OrderJson(order.order)}};
    if (!order.key.node.empty()) json["node"] = order.key.node;
    orders.push_back(std::move(json));
  }
  return orders;
}

}  // namespace

std::string StatusJson(const Observed& observed, MonotonicTime now, WallTime wall) {
  const auto fleet = observed.fleet();
  Json nodes = Json::array();
  for (const NodeStatus& node : fleet->nodes) nodes.push_back(NodeJson(node, now));
  const Json status{
      {"version", DNSD_VERSION},
      {"time", TimeText(wall)},
      {"started", TimeText(observed.started)},
      {"uptime_seconds", std::chrono::duration<double>(wall - observed.started).count()},
      {"workers", observed.workers.size()},
      {"listen", ListenJson(observed)},
      {"reload", ReloadJson(observed.reload())},
      {"queries", QueriesJson(observed)},
      {"tcp", TcpJson(observed)},
      {"zones", ZonesJson(observed)},
      {"fleet", FleetJson(observed, *fleet)},
      {"locality", LocalityJson(*fleet)},
      {"history", HistoryJson(observed)},
      {"nodes", std::move(nodes)},
      {"site_orders", SiteOrdersJson(*fleet)}};
  // Node names come from reporters: what is not UTF-8 is replaced, never thrown at.
  return status.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dnsd::server
