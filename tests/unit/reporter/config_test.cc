#include "reporter/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reporter/options.h"
#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Options Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "reporter");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

absl::StatusOr<Config> Load(const std::vector<const char*>& arguments) {
  return LoadConfig(Parse(arguments));
}

class ConfigFileTest : public testing::Test {
 protected:
  // The configuration that `yaml` after the indispensable keys makes.
  absl::StatusOr<Config> Load(const std::string& yaml) {
    tree_.Write("/r.yaml", "node: n1\naddresses: 127.0.1.1\ndnsd: 127.0.0.1:5380\n" + yaml);
    return LoadConfig(Parse({"--config", path_.c_str()}));
  }
  std::string Fault(const std::string& yaml) {
    const auto config = Load(yaml);
    return config.ok() ? "none" : Message(config.status());
  }
  FixtureTree tree_;
  std::string path_ = tree_.root() + "/r.yaml";
};

TEST(Options, ExchangeTakesTwoNamesAndNoConfiguration) {
  const Options options = Parse({"exchange", "a", "b"});
  EXPECT_EQ(options.command, Options::Command::kExchange);
  EXPECT_EQ(options.exchange_a + options.exchange_b, "ab");
  EXPECT_EQ(Parse({"exchange", "a"}).exit_status, 2);
}

TEST(Options, TheFlagsOfTheManualMakeAConfiguration) {
  const auto config = Load({"--node",
                            "web1",
                            "--address",
                            "127.0.1.1",
                            "::1",
                            "--dnsd",
                            "127.0.0.1:5380",
                            "localhost:5381",
                            "--interval",
                            "500ms",
                            "--load-source",
                            "file:/run/load.json",
                            "--sites",
                            "www.example",
                            "Shop.example.",
                            "--ports",
                            "8080,8443",
                            "--health",
                            "http://127.0.1.1:8080/",
                            "--site-health",
                            "http://{site}:8080/"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->node, "web1");
  EXPECT_EQ(config->addresses.size(), 2U);
  EXPECT_THAT(config->dnsd, ElementsAre("127.0.0.1:5380", "localhost:5381"));
  EXPECT_EQ(config->interval, 500ms);
  EXPECT_EQ(config->load_source.file_or_command, "/run/load.json");
  EXPECT_FALSE(config->hosting.all);
  EXPECT_TRUE(config->hosting.listed.contains("shop.example"));
  EXPECT_THAT(config->ports, ElementsAre(8080, 8443));
  EXPECT_EQ(config->health->port, 8080);
  EXPECT_FALSE(config->site_health->address);
}

TEST_F(ConfigFileTest, TakesWhatIsSaidOfReplicas) {
  tree_.MakeFolder("/www");
  const auto config = Load(R"(
sites_dir: www
replicas:
  instantiate: /usr/lib/dnsd/hooks/content-rsync
  withdraw: /usr/lib/dnsd/hooks/content-rsync
  verify: 'true'
  timeout: 1h
  retries: 0
  at_once: 7
  quota: 20GiB
  evict: true
  home: ['*.Home.example.', other.example]
  state_dir: state
  lazy: true
  fallback: 127.0.0.1:8099
  redirect: http://{address}
)");
  ASSERT_TRUE(config.ok()) << config.status();
  const ReplicaConfig& replicas = config->replicas;
  EXPECT_TRUE(replicas.takes());
  EXPECT_EQ(replicas.verify, "true");
  EXPECT_EQ(replicas.timeout, 1h);
  EXPECT_EQ(replicas.retries, 0U);
  EXPECT_EQ(replicas.at_once, 7U);
  EXPECT_EQ(replicas.quota, 20ULL << 30);
  EXPECT_TRUE(replicas.evict && replicas.lazy);
  EXPECT_THAT(replicas.home, ElementsAre("*.home.example", "other.example"));
  EXPECT_EQ(replicas.state_dir, tree_.root() + "/state");
  EXPECT_EQ(replicas.fallback->port, 8099);
  EXPECT_EQ(replicas.redirect, "http://{address}");
}

TEST_F(ConfigFileTest, RefusesWhatReplicasCannotBe) {
  tree_.MakeFolder("/www");
  const std::string hooks = "sites_dir: www\nreplicas: {instantiate: a, withdraw: b, ";
  for (const auto& [yaml, wanted] : std::vector<std::pair<std::string, std::string>>{
           {"replicas: {instantiate: a, withdraw: b}\n", "hooks want a `sites_dir`"},
           {"sites_dir: www\nreplicas: {instantiate: a}\n", "both `instantiate` and `withdraw`"},
           {"replicas: {verify: a}\n", "`verify` wants `instantiate`"},
           {"replicas: {quota: 1GiB}\n", "`quota` wants `instantiate`"},
           {hooks + "evict: true}\n", "`evict` wants a `quota`"},
           {hooks + "quota: twenty}\n", "wanted octets, as 65536"},
           {hooks + "lazy: true}\n", "both `lazy` and `fallback`"},
           {hooks + "fallback: '127.0.0.1:80'}\n", "both `lazy` and `fallback`"},
           {hooks + "lazy: true, fallback: '192.0.2.1:80'}\n", "an address of loopback"},
           {hooks + "redirect: 'ftp://x'}\n", "a URL's beginning"},
           {hooks + "redirect: 'http://x'}\n", "`redirect` wants `lazy`"},
           {hooks + "timeout: 999ms}\n", "1s"},
           {hooks + "at_once: 0}\n", "1 to 100"},
           {hooks + "odd: 1}\n", "unknown key 'odd'"}}) {
    EXPECT_THAT(Fault(yaml), HasSubstr(wanted)) << yaml;
  }
}

TEST(Options, AWrongValueIsAUsageError) {
  testing::internal::CaptureStderr();
  for (const auto& wrong :
       std::vector<std::vector<const char*>>{{"--address", "localhost"},
                                             {"--interval", "99ms"},
                                             {"--interval", "61s"},
                                             {"--interval", "1"},
                                             {"--dnsd", "nohost"},
                                             {"--ports", "0"},
                                             {"--health", "ping"},
                                             {"--load-source", "http://x"},
                                             {"--sites", "a b"},
                                             {"--nodee", "x"},
                                             {"--sites", "a.example", "--sites-dir", "/tmp"},
                                             {}}) {
    const Options options = Parse(wrong);
    EXPECT_EQ(options.command, Options::Command::kExit);
    EXPECT_EQ(options.exit_status, 2);
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("Did you mean --node?"));
}

TEST(Options, TheEndsOfTheIntervalsRangeAreIn) {
  EXPECT_EQ(Parse({"--node", "n", "--interval", "100ms"}).interval, 100ms);
  EXPECT_EQ(Parse({"--node", "n", "--interval", "60s"}).interval, 60s);
}

TEST(Options, CheckTakesTheSameOptions) {
  EXPECT_EQ(Parse({"check", "--node", "n1"}).command, Options::Command::kCheck);
}

TEST(LoadConfig, TellsEverythingThatIsMissingOrContradicts) {
  const auto config = Load({"--node", "a b", "--dnsd", "192.0.2.1:5380", "--no-kernel-load",
                            "--site-health", "tcp:127.0.0.1:80", "--token-file", "/nowhere"});
  ASSERT_FALSE(config.ok());
  const std::string message = Message(config.status());
  for (const char* part :
       {"flags: node 'a b'", "no service address", "'192.0.2.1:5380' is not on loopback",
        "no load at all", "wants to know the sites", "token file '/nowhere'"}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
}

TEST(LoadConfig, PlainTextBeyondLoopbackMustBeAskedFor) {
  const std::vector<const char*> plain = {"--node",    "n",      "--address",
                                          "192.0.2.9", "--dnsd", "ns1:53"};
  EXPECT_FALSE(Load(plain).ok());
  auto insecure = plain;
  insecure.push_back("--insecure");
  EXPECT_TRUE(Load(insecure).ok());
}

TEST_F(ConfigFileTest, ReadsEveryKey) {
  tree_.Write("/token", " 0123456789abcdef\n");
  tree_.Write("/ca.pem", "x");
  tree_.MakeFolder("/www");
  const auto config = Load(
      "interval: 2s\nports: [8080]\nload_source: 'exec:echo {}'\nload_source_timeout: 1s\n"
      "load_source_max_age: 1m\n"
      "kernel_load: false\ncgroup: /web.slice\nsites_dir: www\n"
      "health: {check: 'tcp:127.0.0.1:80', interval: 5s, timeout: 2s, rise: 3, fall: 4}\n"
      "site_health: {check: 'http://127.0.0.1/', host: '{site}', status: 204}\n"
      "token_file: token\ntls: {ca: ca.pem, server_name: dnsd.example}\nlog: {level: debug}\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->interval, 2s);
  EXPECT_EQ(config->load_source.timeout, 1s);
  EXPECT_EQ(config->load_source.max_age, 1min);
  EXPECT_FALSE(config->kernel_load);
  EXPECT_EQ(config->hosting.folder, tree_.root() + "/www");
  EXPECT_EQ(config->health->fall, 4U);
  EXPECT_EQ(config->site_health->host, "{site}");
  EXPECT_EQ(config->site_health->status_most, 204U);
  EXPECT_EQ(config->token, "0123456789abcdef");
  EXPECT_EQ(config->tls.server_name, "dnsd.example");
  EXPECT_EQ(config->log_level, "debug");
}

TEST_F(ConfigFileTest, ListsSitesWithTheirVersions) {
  const auto config =
      Load("sites: [a.example]\nhosted: [{name: b.example, version: 7, bytes: 9}]\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->hosting.all);
  EXPECT_EQ(config->hosting.listed.at("a.example"), SiteContent());
  EXPECT_EQ(config->hosting.listed.at("b.example"), (SiteContent{7, 9}));
  EXPECT_TRUE(Load("sites: all\n")->hosting.all);
}

TEST_F(ConfigFileTest, TakesRelativePathsFromItsOwnFolder) {
  EXPECT_EQ(Load("load_source: file:load.json\n")->load_source.file_or_command,
            tree_.root() + "/load.json");
  EXPECT_EQ(Load("load_source: file:/run/load.json\n")->load_source.file_or_command,
            "/run/load.json");
  EXPECT_EQ(Load("load_source: exec:load.json\n")->load_source.file_or_command, "load.json");
}

TEST_F(ConfigFileTest, NamesFileLineAndWhatWasWanted) {
  EXPECT_THAT(Fault("intervall: 1s\n"), StartsWith(path_ + ":4: "));
  EXPECT_THAT(Fault("interval: 61s\n"), HasSubstr(":4: "));
  EXPECT_THAT(Fault("health: {check: ping}\n"), HasSubstr("tcp:HOST:PORT"));
  EXPECT_THAT(Fault("sites: [a.example]\nsites_dir: /tmp\n"), HasSubstr("not both"));
  EXPECT_THAT(Fault("sites: 'a b'\n"), HasSubstr("'a b'"));
  EXPECT_THAT(Fault("cgroup: web\n"), HasSubstr("cgroup 'web'"));
}

TEST_F(ConfigFileTest, ReadsWhereTheStatisticsAre) {
  const auto http =
      Load("statistics: {kind: apache, url: 'http://127.0.0.1:81/s', interval: 2s, timeout: 3s}\n");
  ASSERT_TRUE(http.ok()) << http.status();
  EXPECT_EQ(http->statistics->kind, ServerKind::kApache);
  EXPECT_EQ(http->statistics->place, "http://127.0.0.1:81/s");
  EXPECT_EQ(http->statistics->request.endpoint.port, 81);
  EXPECT_EQ(http->statistics->request.timeout, 3s);
  EXPECT_EQ(http->statistics->interval, 2s);
  const auto socket = Load("statistics: {kind: haproxy, socket: ha.sock}\nkernel_load: false\n");
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_EQ(socket->statistics->request.socket, tree_.root() + "/ha.sock");
}

TEST_F(ConfigFileTest, StatisticsHaveOnePlace) {
  EXPECT_THAT(Fault("statistics: {kind: nginx}\n"), HasSubstr("wanted a `url`"));
  EXPECT_THAT(Fault("statistics: {url: 'http://127.0.0.1/'}\n"), HasSubstr("nginx, apache or"));
  EXPECT_THAT(Fault("statistics: {kind: nginx, url: 'http://web1/'}\n"), HasSubstr("IP address"));
  EXPECT_THAT(Fault("statistics: {kind: nginx, socket: /s}\n"), HasSubstr("a url for this kind"));
  EXPECT_THAT(Fault("statistics: {kind: haproxy, socket: /s, url: 'http://127.0.0.1/'}\n"),
              HasSubstr("not both"));
}

TEST_F(ConfigFileTest, ReadsTheAccessLogs) {
  const auto config = Load(
      "access_logs: [{path: a.log, format: vhost_combined}, {path: '/log/{site}.log'},\n"
      "  {path: /b.log, site: WWW.example, format: common}]\nkernel_load: false\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->access_logs, ElementsAre(AccessLogConfig{tree_.root() + "/a.log", "", true},
                                               AccessLogConfig{"/log/{site}.log", "", false},
                                               AccessLogConfig{"/b.log", "www.example", false}));
}

TEST_F(ConfigFileTest, AnAccessLogNamesItsSitesInOneWay) {
  EXPECT_THAT(Fault("access_logs: [{format: common}]\n"), HasSubstr("a file's path"));
  EXPECT_THAT(Fault("access_logs: [{path: a, format: json}]\n"), HasSubstr("one of common"));
  EXPECT_THAT(Fault("access_logs: [{path: a, site: 'a b'}]\n"), HasSubstr("an owner name"));
  EXPECT_THAT(Fault("access_logs: [{path: '{site}', site: a}]\n"), HasSubstr("or the lines"));
  EXPECT_THAT(Fault("access_logs: [{path: '{site}', format: vhost_common}]\n"),
              HasSubstr("the lines name it"));
}

TEST_F(ConfigFileTest, ReadsWhichProcessesAreTheServer) {
  EXPECT_EQ(Load("server: {process: nginx}\n")->server, (ServerProcesses{"nginx", ""}));
  EXPECT_EQ(Load("server: {pid_file: a.pid}\n")->server.pid_file, tree_.root() + "/a.pid");
  EXPECT_THAT(Fault("server: {process: a, pid_file: b}\n"), HasSubstr("either `process` or"));
}

TEST_F(ConfigFileTest, ReadsWhereTheNodeIs) {
  const auto config = Load("region: eu-north\nlatitude: 52.5\nlongitude: -13.4\nasn: 4200000000\n");
  ASSERT_TRUE(config.ok());
  const Place want{"eu-north", 52.5, -13.4, 4200000000};
  EXPECT_EQ(config->place, want);
}

TEST_F(ConfigFileTest, WhatIsFoundWrongLaterHasItsLineToo) {
  EXPECT_THAT(Fault("rtt: false\nregion: two words\n"), HasSubstr("yaml:5: region 'two words'"));
  EXPECT_THAT(Fault("tls:\n  ca: none.pem\n"), HasSubstr("yaml:5: TLS CA"));
  EXPECT_THAT(Fault("token_file: none\n"), HasSubstr("yaml:4: token file"));
}

TEST_F(ConfigFileTest, ReadsWhereTheLogGoes) {
  const auto config = Load("log: {level: error, to: own.log, format: json}\n");
  EXPECT_EQ(config->log, (LogTarget{tree_.root() + "/own.log", true}));
  EXPECT_EQ(Load("")->log, LogTarget{});
  EXPECT_THAT(Fault("log: {to: journald, format: json}\n"), HasSubstr("no 'json' with journald"));
}

TEST_F(ConfigFileTest, ReadsHowRoundTripTimesAreMeasured) {
  EXPECT_TRUE(Load("")->rtt.enabled);
  EXPECT_FALSE(Load("rtt: false\n")->rtt.enabled);
  const RttConfig want{true, 10s, true};
  EXPECT_EQ(Load("rtt_interval: 10s\nrtt_any_address: true\n")->rtt, want);
  EXPECT_THAT(Fault("rtt_interval: 999ms\n"), HasSubstr(":4: key 'rtt_interval': found '999ms'"));
}

TEST(Options, MeasuringMayBeSwitchedOff) {
  const auto config =
      Load({"--node", "n", "--address", "127.0.1.1", "--dnsd", "127.0.0.1:1", "--no-rtt"});
  ASSERT_TRUE(config.ok());
  EXPECT_FALSE(config->rtt.enabled);
}

TEST_F(ConfigFileTest, RefusesAPlaceThatIsNone) {
  EXPECT_THAT(Fault("latitude: 90.1\nlongitude: 0\n"),
              HasSubstr(":4: key 'latitude': found '90.1'"));
  EXPECT_THAT(Fault("latitude: 1\n"), HasSubstr("latitude and longitude: wanted both or neither"));
  EXPECT_THAT(Fault("region: two words\n"), HasSubstr("region 'two words': wanted 63 octets"));
  EXPECT_THAT(Fault("asn: 0\n"), HasSubstr(":4: key 'asn': found '0'"));
}

TEST(Options, ThePlaceOfTheNodeMayBeAFlag) {
  const auto config =
      Load({"--node", "n", "--address", "127.0.1.1", "--dnsd", "127.0.0.1:1", "--region", "eu",
            "--latitude", "-52.5", "--longitude", "13.4", "--asn", "64500"});
  ASSERT_TRUE(config.ok());
  const Place want{"eu", -52.5, 13.4, 64500};
  EXPECT_EQ(config->place, want);
  EXPECT_EQ(Parse({"--node", "n", "--latitude", "90.1"}).exit_status, 2);
  EXPECT_FALSE(Load({"--node", "n", "--address", "127.0.1.1", "--dnsd", "127.0.0.1:1", "--latitude",
                     "nan", "--longitude", "0"})
                   .ok());
}

TEST_F(ConfigFileTest, HasAtMost256Ports) {
  std::string ports = "ports: [1";
  for (int port = 2; port <= 256; ++port) ports += "," + std::to_string(port);
  EXPECT_EQ(Load(ports + "]\n")->ports.size(), 256U);
  EXPECT_EQ(Fault(ports + ",257]\n"), path_ + ":4: ports: found 257, wanted 256 at most");
}

TEST_F(ConfigFileTest, ARenewedCertificateIsAnotherConfiguration) {
  const char* const yaml = "tls: {ca: ca.pem, certificate: own.pem, key: own.key}\n";
  for (const char* file : {"/ca.pem", "/own.pem", "/own.key"}) tree_.Write(file, "old");
  const auto old = Load(yaml);
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ(Load(yaml)->tls, old->tls);
  for (const char* file : {"/ca.pem", "/own.pem", "/own.key"}) {
    tree_.Write(file, "new");
    EXPECT_NE(Load(yaml)->tls, old->tls) << file;
    tree_.Write(file, "old");
  }
  EXPECT_THAT(Fault("tls: {ca: gone.pem}\n"), HasSubstr("gone.pem': wanted a file"));
}

TEST_F(ConfigFileTest, FlagsOverrideIt) {
  ASSERT_TRUE(Load("sites: [a.example]\n").ok());
  const auto config = LoadConfig(Parse(
      {"--config", path_.c_str(), "--node", "n2", "--dnsd", "127.0.0.1:1", "--sites", "all"}));
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->node, "n2");
  EXPECT_THAT(config->dnsd, ElementsAre("127.0.0.1:1"));
  EXPECT_TRUE(config->hosting.all);
}

TEST(IsDnsdAddress, WantsAHostAndAPort) {
  for (const char* good : {"127.0.0.1:1", "[::1]:65535", "ns1.example:5380", "localhost:1"}) {
    EXPECT_TRUE(IsDnsdAddress(good)) << good;
  }
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:53", "ns1", ":53",
                          "n s:53", "dns:///x:1"}) {
    EXPECT_FALSE(IsDnsdAddress(bad)) << bad;
  }
}

}  // namespace
}  // namespace dnsd::reporter
