#include "reporter/server_statistics.h"

#include <gtest/gtest.h>

#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using heartbeat::v1::Load;

const MonotonicTime kStart{1h};

// What a real server said; see tests/data/statistics/README.md.
std::string Recorded(const std::string& name) {
  return FileRoot(DNSD_SOURCE_DIR "/tests/data/statistics").Read("/" + name).value_or("");
}

TEST(ParseServerReading, ReadsNginx) {
  const auto reading = ParseServerReading(ServerKind::kNginx, Recorded("nginx-1.22.txt"), true);
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_EQ(reading->requests, 41U);
  EXPECT_EQ(reading->sessions, 41U);
  EXPECT_EQ(reading->connections, 1);   // of 2, one asks
  EXPECT_EQ(reading->busy_workers, 0);  // of 1, likewise
  EXPECT_FALSE(reading->errors);
  EXPECT_FALSE(reading->workers);
}

TEST(ParseServerReading, ReadsApache) {
  const auto reading = ParseServerReading(ServerKind::kApache, Recorded("apache-2.4.71.txt"), true);
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_EQ(reading->requests, 40U);
  EXPECT_EQ(reading->work_ms, 18U);
  EXPECT_EQ(reading->uptime_seconds, 5U);
  EXPECT_EQ(reading->busy_workers, 0);  // of 1, which answers us
  EXPECT_EQ(reading->workers, 8);
  EXPECT_EQ(reading->connections, 0);
}

TEST(ParseServerReading, CountsApachesWorkersThatCouldBeStarted) {
  const auto reading = ParseServerReading(
      ServerKind::kApache, "BusyWorkers: 3\nIdleWorkers: 1\nScoreboard: _WWW............\n", true);
  ASSERT_TRUE(reading.ok());
  EXPECT_EQ(reading->workers, 16);
  EXPECT_EQ(reading->busy_workers, 2);
  EXPECT_EQ(reading->connections, 2);
  EXPECT_FALSE(reading->requests);  // without ExtendedStatus
}

TEST(ParseServerReading, SumsHaproxysFrontendsAndBackends) {
  const auto reading = ParseServerReading(ServerKind::kHaproxy, Recorded("haproxy-2.6.csv"), false);
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_EQ(reading->requests, 41U);  // web's 40, stats' 1
  EXPECT_EQ(reading->sessions, 41U);
  EXPECT_EQ(reading->errors, 0U);
  EXPECT_EQ(reading->connections, 0);
  EXPECT_EQ(reading->busy_workers, 0);
  EXPECT_DOUBLE_EQ(*reading->process_seconds, 0.006);
}

constexpr const char* kHeader =
    "# pxname,svname,scur,stot,type,rate,hrsp_5xx,check_desc,req_tot,rtime\n";

TEST(ParseServerReading, WeighsHaproxysBackendsByWhatTheyDo) {
  const auto read = [](const std::string& rows) {
    return *ParseServerReading(ServerKind::kHaproxy, kHeader + rows, false);
  };
  const ServerReading busy = read("a,BACKEND,3,100,1,9,,,,10\nb,BACKEND,1,900,1,1,,,,110\n");
  EXPECT_DOUBLE_EQ(*busy.process_seconds, 0.020);
  EXPECT_EQ(busy.busy_workers, 4);
  const ServerReading idle = read("a,BACKEND,0,100,1,0,,,,10\nb,BACKEND,0,900,1,0,,,,110\n");
  EXPECT_DOUBLE_EQ(*idle.process_seconds, 0.100);
  EXPECT_FALSE(read("a,BACKEND,0,0,1,0,,,,0\n").process_seconds) << "nothing was ever done";
}

TEST(ParseServerReading, LeavesHaproxysServersAndItselfOut) {
  const std::string rows =
      "web,FRONTEND,7,50,0,,2,,60,\n"
      "app,s1,5,50,2,,9,\"Layer4, passed\",99,5\n";
  const auto socket = ParseServerReading(ServerKind::kHaproxy, kHeader + rows, false);
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(socket->connections, 7);
  EXPECT_EQ(socket->errors, 2U);
  EXPECT_EQ(socket->requests, 60U);
  EXPECT_EQ(ParseServerReading(ServerKind::kHaproxy, kHeader + rows, true)->connections, 6);
}

TEST(ParseServerReading, ReadsPastAQuotedField) {
  const auto reading = ParseServerReading(
      ServerKind::kHaproxy, std::string(kHeader) + "web,FRONTEND,1,2,0,,3,\"a, b\",4,\n", false);
  ASSERT_TRUE(reading.ok());
  EXPECT_EQ(reading->requests, 4U);
}

TEST(ParseServerReading, RefusesWhatThatServerDoesNotSay) {
  const struct {
    ServerKind kind;
    const char* text;
  } cases[] = {
      {ServerKind::kNginx, ""},
      {ServerKind::kNginx, "<html>"},
      {ServerKind::kNginx, "Active connections: 1 \nserver accepts handled requests\n 1 1 \n"},
      {ServerKind::kNginx,
       "Active connections: x \nserver accepts handled requests\n 1 1 1 \n"
       "Reading: 0 Writing: 1 Waiting: 1 \n"},
      {ServerKind::kApache, ""},
      {ServerKind::kApache, "<html>BusyWorkers: 1"},
      {ServerKind::kApache, "BusyWorkers: 1\n"},
      {ServerKind::kApache, "BusyWorkers: -1\nIdleWorkers: 1\n"},
      {ServerKind::kHaproxy, ""},
      {ServerKind::kHaproxy, "Unknown command\n"},
      {ServerKind::kHaproxy, kHeader},
  };
  for (const auto& c : cases) {
    EXPECT_FALSE(ParseServerReading(c.kind, c.text, true).ok()) << c.text;
  }
}

ServerReading Counters(std::uint64_t requests) {
  ServerReading reading;
  reading.requests = requests;
  reading.errors = requests / 10;
  reading.sessions = requests / 2;
  reading.work_ms = requests * 20;
  return reading;
}

TEST(ServerMeter, TurnsGrowthIntoRatesWithoutOurOwnRequests) {
  ServerMeter meter;
  EXPECT_FALSE(meter.Take(Counters(100), 1, kStart).has_rps()) << "nothing to compare with";
  const Load load = meter.Take(Counters(300), 2, kStart + 2s);
  EXPECT_DOUBLE_EQ(load.rps(), 99);
  EXPECT_DOUBLE_EQ(load.eps(), 10);
  EXPECT_DOUBLE_EQ(load.sps(), 49);
  EXPECT_DOUBLE_EQ(load.process_time_seconds(), 4.0 / 198);
}

TEST(ServerMeter, AnIdleServerTakesNoTimeThatWeKnow) {
  ServerMeter meter;
  meter.Take(Counters(100), 1, kStart);
  const Load load = meter.Take(Counters(101), 1, kStart + 1s);
  EXPECT_EQ(load.rps(), 0);
  EXPECT_FALSE(load.has_process_time_seconds());
}

TEST(ServerMeter, ARestartedServerHasNoRatesOnce) {
  ServerMeter meter;
  meter.Take(Counters(1000), 0, kStart);
  const Load restarted = meter.Take(Counters(10), 0, kStart + 1s);
  EXPECT_FALSE(restarted.has_rps());
  EXPECT_FALSE(restarted.has_eps());
  EXPECT_FALSE(restarted.has_process_time_seconds());
  EXPECT_DOUBLE_EQ(meter.Take(Counters(30), 0, kStart + 2s).rps(), 20);
}

TEST(ServerMeter, AYoungerServerIsAnotherOneWhateverItHasCounted) {
  ServerMeter meter;
  ServerReading reading = Counters(100);
  reading.uptime_seconds = 50;
  meter.Take(reading, 0, kStart);
  reading = Counters(500);
  reading.uptime_seconds = 3;
  EXPECT_FALSE(meter.Take(reading, 0, kStart + 60s).has_rps());
}

TEST(ServerMeter, HasNoRatesWithoutTime) {
  ServerMeter meter;
  meter.Take(Counters(100), 0, kStart);
  EXPECT_FALSE(meter.Take(Counters(200), 0, kStart).has_rps());
}

}  // namespace
}  // namespace dnsd::reporter
