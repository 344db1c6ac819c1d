#include "dnsd/server/metrics.h"

#include <prometheus/text_serializer.h>

#include <chrono>
#include <limits>
#include <map>
#include <utility>

#include "dnsd/server/balance.h"
#include "dnsd/server/metric_families.h"
#include "dnsd/server/placement_metrics.h"

namespace dnsd::server {
namespace {

using prometheus::MetricFamily;
using Families = MetricFamilies;

double UnixSeconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void AddServer(const Observed& observed, Families& out) {
  out.Gauge("dnsd_build_info", "1, labelled with the version.");
  out.Add(1.0, {{"version", DNSD_VERSION}});
  out.Gauge("dnsd_start_time_seconds", "Start of the process, seconds since the epoch.");
  out.Add(UnixSeconds(observed.started));
  const ReloadStatus reload = observed.reload();
  out.Counter("dnsd_reloads_total", "Reloads of configuration and zones, by result.");
  out.Add(reload.done, {{"result", "done"}});
  out.Add(reload.failed, {{"result", "failed"}});
  out.Gauge("dnsd_last_reload_successful",
            "1 unless the last reload failed; then the old state serves.");
  out.Add(reload.error.empty() ? 1.0 : 0.0);
}

void AddTaps(const Observed& observed, Families& out) {
  const std::vector<TapStatus> taps = observed.taps();
  if (taps.empty()) return;
  out.Counter("dnsd_tap_written_total", "Queries told of, by where to: query_log, dnstap.");
  for (const TapStatus& tap : taps) out.Add(tap.written, {{"to", tap.name}});
  out.Counter(
      "dnsd_tap_lost_total",
      "Queries that were to be told of and could not be: the worker's ring was full, or the "
      "file or reader took nothing.");
  for (const TapStatus& tap : taps) out.Add(tap.lost, {{"to", tap.name}});
}

void AddQueries(const Observed& observed, Families& out) {
  using Stats = answer::WorkerStats;
  const auto total = [&](auto pick) { return Total(observed, pick); };
  out.Counter("dnsd_queries_total", "DNS messages received, by transport.");
  out.Add(total([](const Stats& s) -> auto& { return s.queries[0]; }), {{"transport", "udp"}});
  out.Add(total([](const Stats& s) -> auto& { return s.queries[1]; }), {{"transport", "tcp"}});
  out.Counter("dnsd_udp_receive_drops_total",
              "Datagrams that the kernel dropped, as a socket's receive buffer was full.");
  out.Add(observed.receive_drops());
  out.Counter("dnsd_responses_total", "Responses, by RCODE.");
  for (std::size_t rcode = 0; rcode < Stats::kRcodes; ++rcode) {
    const auto count = total([=](const Stats& s) -> auto& { return s.responses[rcode]; });
    if (count > 0 || rcode <= 5) out.Add(count, {{"rcode", RcodeName(rcode)}});
  }
  out.Counter("dnsd_queries_by_type_total", "Queries that could be read, by QTYPE.");
  for (std::size_t type = 0; type < Stats::kTypes; ++type) {
    const auto count = total([=](const Stats& s) -> auto& { return s.types[type]; });
    if (count > 0 || IsCommon(type)) out.Add(count, {{"qtype", TypeName(type)}});
  }
  static constexpr struct {
    const char* name;
    const char* help;
    Counter Stats::*counter;
  } kCounters[] = {
      {"dnsd_dropped_total", "Messages that no response is owed to.", &Stats::dropped},
      {"dnsd_malformed_total", "Messages answered with FORMERR.", &Stats::malformed},
      {"dnsd_truncated_total", "Responses with TC set.", &Stats::truncated},
      {"dnsd_rate_limit_dropped_total", "Responses over a rate limit, not sent.",
       &Stats::rate_dropped},
      {"dnsd_rate_limit_slipped_total", "Responses over a rate limit, sent with TC or as errors.",
       &Stats::rate_slipped},
      {"dnsd_send_errors_total", "Responses that the kernel did not take.", &Stats::send_errors},
      {"dnsd_site_answers_total", "Answers chosen from a pool.", &Stats::site_answers},
      {"dnsd_fail_open_total", "Site answers by all_down: no member was left.", &Stats::fail_open},
      {"dnsd_panic_total", "Site answers with suspects as usable: too few others were left.",
       &Stats::panic},
      {"dnsd_explored_total", "Site answers given to measure how far a member is.",
       &Stats::explored},
      {"dnsd_spill_total", "Choices that went past nearer members, which were busier.",
       &Stats::spilled},
  };
  for (const auto& c : kCounters) {
    out.Counter(c.name, c.help);
    out.Add(total([&](const Stats& s) -> auto& { return s.*c.counter; }));
  }
}

// One batch of datagrams in many is timed.
void AddLatency(const Observed& observed, Families& out) {
  using answer::Latency;
  out.Histogram("dnsd_response_seconds",
                "Over UDP, from a batch of queries read to its responses sent; sampled.");
  prometheus::ClientMetric::Histogram histogram;
  for (std::size_t i = 0; i < Latency::kBuckets; ++i) {
    for (const auto* stats : observed.workers) histogram.sample_count += stats->latency.count(i);
    const double bound = i + 1 < Latency::kBuckets ? Seconds(Latency::BoundOf(i))
                                                   : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  for (const auto* stats : observed.workers) {
    histogram.sample_sum += static_cast<double>(stats->latency.nanoseconds()) / 1e9;
  }
  out.Add(std::move(histogram));
}

void AddProcess(WallTime started, const ProcessFigures& process, Families& out) {
  out.Counter("process_cpu_seconds_total", "User and system time.");
  out.Add(process.cpu_seconds);
  out.Gauge("process_start_time_seconds", "Start of the process, seconds since the epoch.");
  out.Add(UnixSeconds(started));
  out.Gauge("process_resident_memory_bytes", "Resident memory.");
  out.Add(process.resident_octets);
  out.Gauge("process_virtual_memory_bytes", "Virtual memory.");
  out.Add(process.virtual_octets);
  out.Gauge("process_threads", "Threads.");
  out.Add(process.threads);
  out.Gauge("process_open_fds", "Open file descriptors.");
  out.Add(process.open_files);
  out.Gauge("process_max_fds", "File descriptors that may be open.");
  out.Add(process.most_files);
}

void AddTcp(const Observed& observed, Families& out) {
  const TcpCounts tcp = CountTcp(observed);
  out.Gauge("dnsd_tcp_open", "TCP connections open now.");
  out.Add(tcp.open);
  out.Counter("dnsd_tcp_connections_total", "TCP connections let in.");
  out.Add(tcp.connections);
  out.Counter("dnsd_tcp_closed_total", "TCP connections closed, by reason.");
  for (const auto& [reason, count] : tcp.closed) out.Add(count, {{"reason", reason}});
  out.Counter("dnsd_tcp_refused_total", "TCP connections not let in, by reason.");
  for (const auto& [reason, count] : tcp.refused) out.Add(count, {{"reason", reason}});
}

void AddZones(const Observed& observed, Families& out) {
  const auto served = observed.served->Get();
  const auto add = [&](const char* name, const char* help, auto value) {
    out.Gauge(name, help);
    for (const auto& zone : served->zones.zones()) {
      out.Add(static_cast<double>(value(*zone)), {{"zone", zone->apex().ToString()}});
    }
  };
  add("dnsd_zone_serial", "SOA serial.", [](const zone::Zone& z) { return z.serial(); });
  add("dnsd_zone_records", "Records.", [](const zone::Zone& z) { return z.record_count(); });
  add("dnsd_zone_sites", "Names answered from a pool.",
      [](const zone::Zone& z) { return z.site_count(); });
}

void AddHeartbeats(const Observed& observed, const StatusReport& fleet, Families& out) {
  out.Counter("dnsd_heartbeats_total", "Heartbeats taken in, Hellos included.");
  out.Add(fleet.reports);
  out.Counter("dnsd_heartbeats_dropped_total", "Heartbeats overtaken before they were read.");
  out.Add(fleet.dropped_beats);
  out.Counter("dnsd_heartbeat_faults_total", "What was wrong with heartbeats, by reason.");
  for (const auto& [reason, count] : FaultCounts(observed, fleet)) {
    out.Add(count, {{"reason", reason}});
  }
  out.Gauge("dnsd_heartbeat_streams", "Open streams of reporters.");
  out.Add(static_cast<double>(observed.streams()));
}

void AddFleet(const StatusReport& fleet, Families& out) {
  out.Gauge("dnsd_nodes", "Nodes, by state.");
  std::map<std::string, std::uint64_t> states;
  for (int i = 0; i <= static_cast<int>(fleet::NodeState::kDisabled); ++i) {
    states[fleet::NameOf(static_cast<fleet::NodeState>(i))] = 0;
  }
  for (const NodeStatus& node : fleet.nodes) ++states[fleet::NameOf(node.state)];
  for (const auto& [state, count] : states) out.Add(count, {{"state", state}});
  out.Gauge("dnsd_hosted_sites", "Sites that some node names.");
  out.Add(fleet.hosted_sites);
  out.Gauge("dnsd_bound_addresses", "Addresses of pools that a node holds.");
  out.Add(fleet.bound_addresses);
  out.Counter("dnsd_node_transitions_total", "Changes of a node's state.");
  out.Add(fleet.transitions);
  out.Counter("dnsd_fleet_publications_total", "Views of the fleet given to the workers.");
  out.Add(fleet.publications);
  out.Gauge("dnsd_session_seconds", "Mean length of a session (tau).");
  out.Add(fleet.session_seconds);
  out.Gauge("dnsd_sessions_per_answer", "Sessions that follow one answer (kappa).");
  out.Add(fleet.sessions_per_answer);
  out.Gauge("dnsd_state_store_working", "1 unless the last write to the state store failed.");
  out.Add(fleet.store_error.empty() ? 1.0 : 0.0);
}

void AddHistory(const Observed& observed, Families& out) {
  if (!observed.history) return;
  const HistoryHealth health = observed.history();
  out.Gauge("dnsd_history_working", "1 unless the last write to the history failed.");
  out.Add(health.error.empty() ? 1.0 : 0.0);
  out.Counter("dnsd_history_failed_writes_total", "Writes to the history that were not taken.");
  out.Add(health.failed);
}

void AddMeasured(const StatusReport& fleet, Families& out) {
  const locality::RttCounts counts = fleet.rtts.value_or(locality::RttCounts());
  out.Gauge("dnsd_rtt_prefixes", "Client prefixes with a measured round-trip time.");
  out.Add(counts.prefixes);
  out.Gauge("dnsd_rtt_figures", "Round-trip times kept, one a prefix and node.");
  out.Add(counts.figures);
  out.Gauge("dnsd_rtt_bytes", "Memory that they take.");
  out.Add(counts.octets);
  out.Counter("dnsd_rtt_samples_total", "Round-trip times taken in.");
  out.Add(counts.samples);
  out.Counter("dnsd_rtt_over_rate_total", "Round-trip times left out, more than nodes may send.");
  out.Add(counts.over_rate);
  out.Counter("dnsd_rtt_evicted_total", "Prefixes that made room for others.");
  out.Add(counts.evicted);
  out.Counter("dnsd_rtt_expired_total", "Round-trip times that grew too old.");
  out.Add(counts.expired);
}

void AddSites(const Activity::Now& now, Families& out) {
  out.Counter("dnsd_site_member_answers_total",
              "Addresses given out by site and member, of the busiest sites; \"other\" are members "
              "that there is no room for.");
  for (const auto& [name, site] : now.sites) {
    for (const auto& [address, count] : site.members) {
      out.Add(count.answers, {{"site", name}, {"member", address.ToString()}});
    }
    const std::uint64_t others = site.other_members.answers;
    if (others > 0) out.Add(others, {{"site", name}, {"member", "other"}});
  }
  out.Counter("dnsd_busy_site_answers_total",
              "Answers by site, of the busiest; all others together are \"other\".");
  for (const auto& [name, site] : now.sites) out.Add(site.all.answers, {{"site", name}});
  out.Add(now.other_answers, {{"site", "other"}});
}

void AddBalance(const StatusReport& fleet, const Activity::Now& now, Families& out) {
  const Balance balance = BalanceOf(fleet.nodes, now.node_rates);
  out.Gauge("dnsd_imbalance_ratio", "Highest CPU utilisation over the mean; 0: none is known.");
  out.Add(balance.imbalance);
  out.Gauge("dnsd_node_answer_share", "Of the addresses given out of late, 0 to 1.");
  for (std::size_t i = 0; i < fleet.nodes.size(); ++i) {
    out.Add(balance.nodes[i].answers, {{"node", fleet.nodes[i].name}});
  }
  out.Gauge("dnsd_node_load_share", "Of the CPUs busy at all usable nodes, 0 to 1.");
  for (std::size_t i = 0; i < fleet.nodes.size(); ++i) {
    out.Add(balance.nodes[i].load, {{"node", fleet.nodes[i].name}});
  }
}

void AddNodes(const StatusReport& fleet, MonotonicTime now, Families& out) {
  out.Gauge("dnsd_node_state", "1, labelled with the state that the node is in.");
  for (const auto& node : fleet.nodes) {
    out.Add(1.0, {{"node", node.name}, {"state", fleet::NameOf(node.state)}});
  }
  out.Counter("dnsd_answers_total", "Addresses of the node given out.");
  for (const auto& node : fleet.nodes) out.Add(node.answers, {{"node", node.name}});
  out.Gauge("dnsd_node_cost", "Cost of one more session at the node: least is chosen.");
  for (const auto& node : fleet.nodes) {
    out.Add(static_cast<double>(node.cost), {{"node", node.name}});
  }
  const auto optional = [&](const char* name, const char* help,
                            std::optional<double> fleet::Load::*value) {
    out.Gauge(name, help);
    for (const auto& node : fleet.nodes) {
      if (node.load.*value) out.Add(*(node.load.*value), {{"node", node.name}});
    }
  };
  optional("dnsd_node_cpu_utilization", "As reported, 0 to 1.", &fleet::Load::cpu_utilization);
  optional("dnsd_node_mem_utilization", "As reported, 0 to 1.", &fleet::Load::mem_utilization);
  optional("dnsd_node_connections", "Established, as reported.", &fleet::Load::connections);
  out.Gauge("dnsd_heartbeat_age_seconds", "Since the node's last heartbeat.");
  for (const auto& node : fleet.nodes) {
    if (node.heard) out.Add(Seconds(now - *node.heard), {{"node", node.name}});
  }
}

}  // namespace

std::vector<MetricFamily> Metrics::Collect() const { return CollectAt(MonotonicClock::now()); }

std::string Metrics::Text(MonotonicTime now) const {
  return prometheus::TextSerializer().Serialize(CollectAt(now));
}

std::vector<MetricFamily> Metrics::CollectAt(MonotonicTime now) const {
  const auto fleet = observed_.fleet();
  Families out;
  AddServer(observed_, out);
  AddProcess(observed_.started, process_.Read(), out);
  AddQueries(observed_, out);
  AddLatency(observed_, out);
  AddTaps(observed_, out);
  AddTcp(observed_, out);
  AddZones(observed_, out);
  AddHeartbeats(observed_, *fleet, out);
  AddFleet(*fleet, out);
  AddMeasured(*fleet, out);
  AddHistory(observed_, out);
  if (fleet->placement != nullptr) AddPlacement(*fleet->placement, out);
  AddNodes(*fleet, now, out);
  const Activity::Now activity = activity_.Get();
  AddSites(activity, out);
  AddBalance(*fleet, activity, out);
  return out.Take();
}

}  // namespace dnsd::server
