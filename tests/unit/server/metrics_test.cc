#include "dnsd/server/metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "dnsd/server/status_json.h"

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;

// Two workers, one node that is alive and one that is dead, no zone.
class MetricsTest : public testing::Test {
 protected:
  MetricsTest() {
    observed_.workers = {&workers_[0], &workers_[1]};
    observed_.fleet = [this] { return report_; };
    observed_.reload = [this] { return reload_; };
    observed_.streams = [] { return std::size_t{1}; };
    observed_.served = &served_;
    observed_.faults = &faults_;
    observed_.dns = {*Endpoint::Parse("127.0.0.1:53")};
    observed_.http = Endpoint::Parse("[::1]:8053");
    NodeStatus web1;
    web1.name = "web\"1\"";
    web1.state = fleet::NodeState::kAlive;
    web1.addresses = {*IpAddress::Parse("192.0.2.1")};
    web1.heard = now_ - 1500ms;
    web1.interval = 1s;
    web1.load.cpu_utilization = 0.25;
    web1.cost = 2.5F;
    web1.answers = 7;
    NodeStatus web2;
    web2.name = "web2\xFF";
    web2.state = fleet::NodeState::kDead;
    report_ = std::make_shared<StatusReport>();
    report_->nodes = {web1, web2};
    report_->reports = 9;
  }

  std::string Metric(const std::string& name) {
    const std::string text = "\n" + Metrics(observed_, activity_).Text(now_);
    const std::size_t at = text.find("\n" + name + " ");
    if (at == std::string::npos) return "";
    const std::size_t value = at + name.size() + 2;
    return text.substr(value, text.find('\n', value) - value);
  }

  const MonotonicTime now_ = MonotonicTime() + 1h;
  answer::WorkerStats workers_[2];
  std::shared_ptr<StatusReport> report_;
  ReloadStatus reload_;
  HeartbeatFaults faults_;
  Published<answer::Served> served_{std::make_shared<const answer::Served>(
      answer::Served{.zones = zone::ZoneSet({}, {{}}), .locality = {}})};
  Observed observed_;
  Activity activity_{observed_, 2};
};

TEST_F(MetricsTest, AHistoryThatIsNotWrittenShows) {
  EXPECT_EQ(Metric("dnsd_history_working"), "");  // none is kept
  HistoryHealth health{.error = "", .samples = 5, .failed = 2};
  observed_.history = [&] { return health; };
  EXPECT_EQ(Metric("dnsd_history_working"), "1");
  health.error = "disk full";
  EXPECT_EQ(Metric("dnsd_history_working"), "0");
  EXPECT_EQ(Metric("dnsd_history_failed_writes_total"), "2");
}

TEST_F(MetricsTest, CountersAreSumsOverTheWorkers) {
  workers_[0].queries[0].Add(3);
  workers_[1].queries[0].Add(4);
  workers_[1].queries[1].Add(1);
  workers_[0].responses[3].Add(2);
  workers_[0].responses[16].Add();
  workers_[1].fail_open.Add(5);
  workers_[0].panic.Add(6);
  EXPECT_EQ(Metric("dnsd_queries_total{transport=\"udp\"}"), "7");
  EXPECT_EQ(Metric("dnsd_queries_total{transport=\"tcp\"}"), "1");
  EXPECT_EQ(Metric("dnsd_responses_total{rcode=\"NXDOMAIN\"}"), "2");
  EXPECT_EQ(Metric("dnsd_responses_total{rcode=\"BADVERS\"}"), "1");
  EXPECT_EQ(Metric("dnsd_responses_total{rcode=\"NOERROR\"}"), "0");
  EXPECT_EQ(Metric("dnsd_fail_open_total"), "5");
  EXPECT_EQ(Metric("dnsd_panic_total"), "6");
}

TEST_F(MetricsTest, TcpConnectionsAreOpenUntilTheyAreClosed) {
  workers_[0].tcp_connections.Add(5);
  workers_[1].tcp_connections.Add(3);
  workers_[0].tcp_closed[static_cast<std::size_t>(answer::TcpEnd::kIdle)].Add(2);
  workers_[1].tcp_closed[static_cast<std::size_t>(answer::TcpEnd::kStop)].Add();
  workers_[1].tcp_refused[static_cast<std::size_t>(answer::TcpRefusal::kShortage)].Add(4);
  EXPECT_EQ(Metric("dnsd_tcp_connections_total"), "8");
  EXPECT_EQ(Metric("dnsd_tcp_open"), "5");
  EXPECT_EQ(Metric("dnsd_tcp_closed_total{reason=\"idle\"}"), "2");
  EXPECT_EQ(Metric("dnsd_tcp_closed_total{reason=\"stop\"}"), "1");
  EXPECT_EQ(Metric("dnsd_tcp_closed_total{reason=\"room\"}"), "0");
  EXPECT_EQ(Metric("dnsd_tcp_refused_total{reason=\"shortage\"}"), "4");
  EXPECT_EQ(Metric("dnsd_tcp_refused_total{reason=\"prefix\"}"), "0");
}

TEST_F(MetricsTest, NodesAreLabelledWithNamesThatCannotBreakTheFormat) {
  EXPECT_EQ(Metric("dnsd_node_state{node=\"web\\\"1\\\"\",state=\"alive\"}"), "1");
  EXPECT_EQ(Metric("dnsd_node_cost{node=\"web\\\"1\\\"\"}"), "2.5");
  EXPECT_EQ(Metric("dnsd_node_cpu_utilization{node=\"web\\\"1\\\"\"}"), "0.25");
  EXPECT_EQ(Metric("dnsd_answers_total{node=\"web\\\"1\\\"\"}"), "7");
  EXPECT_EQ(Metric("dnsd_heartbeat_age_seconds{node=\"web\\\"1\\\"\"}"), "1.5");
  EXPECT_EQ(Metric("dnsd_nodes{state=\"dead\"}"), "1");
  EXPECT_EQ(Metric("dnsd_nodes{state=\"draining\"}"), "0");
}

TEST_F(MetricsTest, FaultsOfServiceAndFleetAreAddedByReason) {
  faults_.Add(HeartbeatFault::kNoHello, 2);
  report_->faults[static_cast<std::size_t>(fleet::Fault::kNoHello)] = 3;
  report_->faults[static_cast<std::size_t>(fleet::Fault::kSequenceBack)] = 1;
  EXPECT_EQ(Metric("dnsd_heartbeat_faults_total{reason=\"no_hello\"}"), "5");
  EXPECT_EQ(Metric("dnsd_heartbeat_faults_total{reason=\"sequence_back\"}"), "1");
  EXPECT_EQ(Metric("dnsd_heartbeats_total"), "9");
}

TEST_F(MetricsTest, QueriesAreCountedByTypeUnderTheNamesThatPeopleKnow) {
  const auto add = [this](unsigned type, std::uint64_t n) {
    workers_[type % 2]
        .types[answer::WorkerStats::SlotOf(wire::RrType{static_cast<std::uint16_t>(type)})]
        .Add(n);
  };
  add(1, 5);
  add(65, 2);
  add(100, 1);
  add(258, 4);
  add(259, 3);  // the first that has no slot of its own
  add(65535, 6);
  EXPECT_EQ(Metric("dnsd_queries_by_type_total{qtype=\"A\"}"), "5");
  EXPECT_EQ(Metric("dnsd_queries_by_type_total{qtype=\"HTTPS\"}"), "2");
  EXPECT_EQ(Metric("dnsd_queries_by_type_total{qtype=\"TYPE100\"}"), "1");
  EXPECT_EQ(Metric("dnsd_queries_by_type_total{qtype=\"TYPE258\"}"), "4");
  EXPECT_EQ(Metric("dnsd_queries_by_type_total{qtype=\"other\"}"), "9");
  EXPECT_EQ(Metric("dnsd_queries_by_type_total{qtype=\"MX\"}"), "0");
  EXPECT_EQ(Metric("dnsd_queries_by_type_total{qtype=\"CAA\"}"), "");
}

TEST_F(MetricsTest, ResponseTimesAreAHistogram) {
  workers_[0].latency.Add(1us, 3);
  workers_[1].latency.Add(3us, 2);
  workers_[1].latency.Add(10s, 1);
  EXPECT_EQ(Metric("dnsd_response_seconds_bucket{le=\"1e-06\"}"), "3");
  EXPECT_EQ(Metric("dnsd_response_seconds_bucket{le=\"2e-06\"}"), "3");
  EXPECT_EQ(Metric("dnsd_response_seconds_bucket{le=\"4e-06\"}"), "5");
  EXPECT_EQ(Metric("dnsd_response_seconds_bucket{le=\"0.065536\"}"), "5");
  EXPECT_EQ(Metric("dnsd_response_seconds_bucket{le=\"+Inf\"}"), "6");
  EXPECT_EQ(Metric("dnsd_response_seconds_count"), "6");
  EXPECT_EQ(Metric("dnsd_response_seconds_sum"), "10.000009");
}

TEST_F(MetricsTest, TheBusiestSitesAreNamedAndTheOthersAddedUp) {
  const auto answer = [this](const char* site, std::uint64_t hash, int times) {
    const auto name = *wire::Name::Parse(site);
    const std::uint8_t address[] = {192, 0, 2, static_cast<std::uint8_t>(hash)};
    for (int i = 0; i < times; ++i) {
      workers_[0].site_answers.Add();
      auto* row = workers_[0].sites.Add(hash << 32, name.wire(), 1);
      answer::SiteTally::AddMember(*row, 0, address, 1);
    }
  };
  activity_.Update(now_);
  answer("a.example", 1, 50);
  answer("b.example", 2, 30);
  answer("c.example", 3, 10);
  activity_.Update(now_ + 1s);
  EXPECT_EQ(Metric("dnsd_site_member_answers_total{site=\"a.example.\",member=\"192.0.2.1\"}"),
            "50");
  EXPECT_EQ(Metric("dnsd_busy_site_answers_total{site=\"b.example.\"}"), "30");
  EXPECT_EQ(Metric("dnsd_busy_site_answers_total{site=\"c.example.\"}"), "");
  EXPECT_EQ(Metric("dnsd_busy_site_answers_total{site=\"other\"}"), "10");
}

TEST_F(MetricsTest, SharesOfAnswersStandBesideSharesOfLoad) {
  report_->nodes[0].figures.cpus = 2;
  report_->nodes[1].state = fleet::NodeState::kAlive;
  report_->nodes[1].name = "web2";
  report_->nodes[1].load.cpu_utilization = 0.5;
  report_->nodes[1].figures.cpus = 3;
  activity_.Update(now_);
  report_->nodes[0].answers += 30;
  report_->nodes[1].answers += 10;
  activity_.Update(now_ + 1s);
  EXPECT_EQ(Metric("dnsd_node_answer_share{node=\"web\\\"1\\\"\"}"), "0.75");
  EXPECT_EQ(Metric("dnsd_node_answer_share{node=\"web2\"}"), "0.25");
  EXPECT_EQ(Metric("dnsd_node_load_share{node=\"web2\"}"), "0.75");
  EXPECT_EQ(Metric("dnsd_imbalance_ratio").substr(0, 6), "1.3333");
}

TEST_F(MetricsTest, TheProcessTellsWhatItTakes) {
  EXPECT_GT(std::stod(Metric("process_resident_memory_bytes")), 1e6);
  EXPECT_GE(std::stod(Metric("process_open_fds")), 3);
  EXPECT_GE(std::stod(Metric("process_threads")), 1);
}

TEST_F(MetricsTest, AFailedReloadShows) {
  EXPECT_EQ(Metric("dnsd_last_reload_successful"), "1");
  reload_ = {
      .done = 1, .failed = 2, .last = {}, .error = "lb.zone:3: no", .followers = {}, .changes = {}};
  EXPECT_EQ(Metric("dnsd_last_reload_successful"), "0");
  EXPECT_EQ(Metric("dnsd_reloads_total{result=\"failed\"}"), "2");
  const auto json = nlohmann::json::parse(StatusJson(observed_, now_, {}));
  EXPECT_EQ(json["reload"]["error"], "lb.zone:3: no");
}

TEST_F(MetricsTest, StatusJsonHoldsWhatIsKnownAndIsUtf8) {
  workers_[0].queries[0].Add(3);
  const auto json =
      nlohmann::json::parse(StatusJson(observed_, now_, observed_.started + std::chrono::hours(2)));
  EXPECT_EQ(json["uptime_seconds"], 7200);
  EXPECT_EQ(json["time"], "1970-01-01T02:00:00Z");
  EXPECT_EQ(json["listen"]["dns"][0], "127.0.0.1:53");
  EXPECT_TRUE(json["listen"]["heartbeat"].is_null());
  EXPECT_EQ(json["listen"]["http"], "[::1]:8053");
  EXPECT_EQ(json["queries"]["udp"], 3);
  EXPECT_EQ(json["nodes"][0]["name"], "web\"1\"");
  EXPECT_EQ(json["nodes"][0]["state"], "alive");
  EXPECT_EQ(json["nodes"][0]["heartbeat_age_seconds"], 1.5);
  EXPECT_EQ(json["nodes"][0]["load"]["cpu_utilization"], 0.25);
  EXPECT_FALSE(json["nodes"][0]["load"].contains("rps"));
  EXPECT_EQ(json["nodes"][1]["name"], "web2\xEF\xBF\xBD");
  EXPECT_TRUE(json["nodes"][1]["heartbeat_age_seconds"].is_null());
}

}  // namespace
}  // namespace dnsd::server
