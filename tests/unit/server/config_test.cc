#include "dnsd/server/config.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "dnsd/server/config_check.h"
#include "dnsd/server/config_file.h"

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "config_test." + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  absl::StatusOr<Config> Load(const std::string& text) {
    auto config = LoadConfigFile(Write("dnsd.yaml", text));
    if (config.ok()) {
      if (auto status = CheckConfig(*config); !status.ok()) return status;
    }
    return config;
  }
  // The errors, with the folder taken out.
  std::string Errors(const std::string& text) {
    std::string errors = Message(Load(text).status());
    for (std::size_t at; (at = errors.find(folder_ + "/")) != std::string::npos;) {
      errors.erase(at, folder_.size() + 1);
    }
    return errors;
  }

  std::string folder_;
};

constexpr const char* kLeast =
    "listen: [127.0.0.1:0]\nzones: [{apex: lb.example, file: lb.zone}]\n";

TEST_F(ConfigTest, ReadsEveryKey) {
  Write("token", "  0123456789abcdef\n");
  for (const char* pem : {"cert.pem", "key.pem", "ca.pem"}) Write(pem, "");
  const auto config = Load(R"(
listen: ["127.0.0.1:53", "[::1]:53"]
workers: 2
zones:
  - {apex: LB.example., file: lb.zone}
  - {apex: other.example, file: /zones/other}
site_defaults: {ttl: 5s}
sites:
  - {name: WWW.lb.example., policy: round_robin, answers: 2, all_down: servfail}
  - {name: ["*.a.lb.example", "b.lb.example"], order: locality, ttl: 0s, margin: 0.5}
subnets:
  - {clients: 10.0.0.0/8, order: [192.0.2.1, 192.0.2.0/24]}
heartbeat:
  listen: 0.0.0.0:5380
  tls: {certificate: cert.pem, key: key.pem, client_ca: ca.pem}
  reporters:
    - {token_file: token, nodes: [web1, "web2*"], addresses: 192.0.2.0/24, sites: "*.lb.example"}
    - {certificate: web3.example, nodes: web3}
  suspect_after: 2
  dead_after: 4
  warm_up: 1m
  restart_grace: 5s
http: {listen: 127.0.0.1:8053, hosts: NS1.example, busiest_sites: 20}
control:
  socket: control.sock
  listen: 192.0.2.1:7054
  tls: {certificate: cert.pem, key: key.pem, client_ca: ca.pem}
  token_file: token
history: {interval: 30s, keep: 2d, samples: 5000}
state_dir: state
edns_size: 1400B
tcp: {clients: 10, clients_per_prefix: 5, ipv4_prefix: 24, ipv6_prefix: 56, idle: 30s, transfer: 2s}
log: {level: debug}
)");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen[1].ToString(), "[::1]:53");
  EXPECT_EQ(config->workers, 2U);
  EXPECT_EQ(config->zones[0].apex.ToString(), "lb.example.");
  EXPECT_EQ(config->zones[0].file, folder_ + "/lb.zone");
  EXPECT_EQ(config->zones[1].file, "/zones/other");
  ASSERT_EQ(config->sites.size(), 3U);
  EXPECT_EQ(config->sites[0].pattern, "www.lb.example");
  EXPECT_EQ(config->sites[0].options.policy, zone::Policy::kRoundRobin);
  EXPECT_EQ(config->sites[0].options.all_down, zone::AllDown::kServFail);
  EXPECT_EQ(config->sites[0].options.answers, 2);
  EXPECT_EQ(config->sites[0].options.ttl, 5U);
  EXPECT_EQ(config->sites[2].options.order, zone::Order::kLocality);
  EXPECT_EQ(config->sites[2].options.ttl, 0U);
  EXPECT_EQ(config->locality.settings.subnets[0].order[0].ToString(), "192.0.2.1/32");
  EXPECT_EQ(config->heartbeat.grants[0].token, "0123456789abcdef");
  EXPECT_EQ(config->heartbeat.grants[0].nodes.size(), 2U);
  EXPECT_EQ(config->heartbeat.grants[1].certificate_name, "web3.example");
  EXPECT_EQ(config->heartbeat.dead_after, 4);
  EXPECT_EQ(config->heartbeat.warm_up, 1min);
  EXPECT_EQ(config->http_listen->port, 8053);
  EXPECT_EQ(config->http_hosts, std::vector<std::string>{"ns1.example"});
  EXPECT_EQ(config->http_busiest_sites, 20U);
  EXPECT_EQ(config->control_socket, folder_ + "/control.sock");
  EXPECT_EQ(config->control_remote,
            (RemoteControlConfig{.listen = Endpoint::Parse("192.0.2.1:7054"),
                                 .tls = {.certificate = folder_ + "/cert.pem",
                                         .key = folder_ + "/key.pem",
                                         .client_ca = folder_ + "/ca.pem",
                                         .contents = config->control_remote.tls.contents},
                                 .token = "0123456789abcdef"}));
  EXPECT_EQ(config->history.interval, 30s);
  EXPECT_EQ(config->history.limits.age, 48h);
  EXPECT_EQ(config->history.limits.samples, 5000U);
  EXPECT_EQ(config->state_dir, folder_ + "/state");
  EXPECT_EQ(config->edns_size, 1400);
  EXPECT_EQ(config->tcp, (TcpLimits{.clients = 10,
                                    .clients_per_prefix = 5,
                                    .ipv4_prefix = 24,
                                    .ipv6_prefix = 56,
                                    .idle = 30s,
                                    .transfer = 2s}));
  EXPECT_EQ(config->log_level, "debug");
}

TEST_F(ConfigTest, ReadsThePoliciesAndTheirParameters) {
  const auto config = Load(std::string(kLeast) + R"(
site_defaults: {policy: least_cost, cost: load, smoothing: 0.5}
sites:
  - {name: a, policy: weighted, weights: {192.0.2.1: 3, 198.51.100.0/24: 0.5, "2001:db8::1": 0}}
  - {name: b, policy: failover, groups: [{members: 192.0.2.1}, {members: [192.0.2.2, 198.51.100.0/24]}]}
  - {name: c, policy: quota, cost_base: 9, quota_every: 3}
  - {name: d, policy: wlc, weights_by: memory, memory_per_connection: 1MB, memory_plus: 5}
  - {name: e, policy: hash, bound: 0.5, margin: 0.2, panic: 0}
)");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->site_defaults.cost, zone::CostRule::kLoad);
  const auto options = [&](std::size_t i) { return config->sites[i].options; };
  EXPECT_EQ(options(0).smoothing, 0.5F) << "from the defaults";
  EXPECT_EQ(options(0).policy, zone::Policy::kWeighted);
  ASSERT_EQ(options(0).weights, 1U);
  const auto& weights = config->member_lists.weights[0];
  ASSERT_EQ(weights.size(), 3U);
  EXPECT_EQ(weights[1].first.ToString(), "198.51.100.0/24");
  EXPECT_EQ(weights[1].second, 0.5F);
  EXPECT_EQ(options(1).policy, zone::Policy::kFailover);
  ASSERT_EQ(options(1).groups, 1U);
  ASSERT_EQ(config->member_lists.groups[0].size(), 2U);
  EXPECT_EQ(config->member_lists.groups[0][1].size(), 2U);
  EXPECT_EQ(options(2).cost_base, 9.0F);
  EXPECT_EQ(options(2).quota_every, 3U);
  EXPECT_EQ(options(3).weights_by, zone::WeightRule::kMemory);
  EXPECT_EQ(options(3).memory_per_connection, 1e6F);
  EXPECT_EQ(options(3).memory_plus, 5.0F);
  EXPECT_EQ(options(4).bound, 0.5F);
  EXPECT_EQ(options(4).margin, 0.2F);
  EXPECT_EQ(options(4).panic, 0.0F);
  EXPECT_EQ(options(3).panic, 0.3F);
}

TEST_F(ConfigTest, BoundsHowManyPoliciesDiffer) {
  std::string text = std::string(kLeast) + "sites:\n";
  for (int i = 0; i < 70; ++i) {
    text += "  - {name: s" + std::to_string(i) +
            ", policy: quota, cost_base: " + std::to_string(2 + i) + "}\n";
  }
  EXPECT_THAT(Errors(text), ::testing::HasSubstr("more than 62 policies that differ"));
}

TEST_F(ConfigTest, TheFirstMatchingSiteRuleWins) {
  const auto config = Load(std::string(kLeast) +
                           "site_defaults: {answers: 3}\n"
                           "sites:\n"
                           "  - {name: www.lb.example, answers: 1}\n"
                           "  - {name: '*.lb.example', answers: 2}\n");
  ASSERT_TRUE(config.ok()) << config.status();
  const zone::SiteRules rules = SiteRulesOf(*config);
  const auto answers = [&](const char* name) {
    return rules.options()[rules.Match(*wire::Name::Parse(name)).value_or(0)].answers;
  };
  EXPECT_EQ(answers("WWW.lb.example"), 1);
  EXPECT_EQ(answers("a.b.lb.example"), 2);
  EXPECT_EQ(answers("lb.example"), 3);
}

TEST_F(ConfigTest, SaysWhatIsWrongAndWhatWasWanted) {
  Write("short", "secret");
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"workers: -1",
       "dnsd.yaml:3: key 'workers': found '-1', wanted a whole number from 0 to 1024"},
      {"sites: [{name: a, policy: lest_cost}]",
       "dnsd.yaml:3: key 'policy': found 'lest_cost', wanted one of least_cost, round_robin, "
       "random, "
       "weighted, least_load, quota, wlc, memory_weight, dynamic_weight, hash, failover"},
      {"sites: [{name: a, weights: {10.0.0.x: 3}}]",
       "dnsd.yaml:3: key 'weights': found '10.0.0.x', wanted an address or a prefix without bits "
       "past its length, as 192.0.2.0/24 or 2001:db8::/32"},
      {"sites: [{name: a, weights: {10.0.0.1: -3}}]",
       "dnsd.yaml:3: key '10.0.0.1': found '-3', wanted a number from 0 to 1e+06"},
      {"sites: [{name: a, groups: [{}]}]",
       "dnsd.yaml:3: key 'members' is missing, wanted addresses or prefixes"},
      {"sites: [{policy: round_robin}]",
       "dnsd.yaml:3: key 'name' is missing, wanted an owner name, a pattern, or a list of them"},
      {"edns_size: 511", "dnsd.yaml:3: key 'edns_size': found '511', wanted 512 to 4096 octets"},
      {"edns_size: 1400s",
       "dnsd.yaml:3: key 'edns_size': found '1400s', wanted octets, as 65536, 64KiB or 3.5MB"},
      {"edns_size: 4097", "dnsd.yaml:3: key 'edns_size': found '4097', wanted 512 to 4096 octets"},
      {"subnets: [{clients: 10.0.0.1/8, order: 10.0.0.1}]",
       "dnsd.yaml:3: key 'clients': found '10.0.0.1/8', wanted an address or a prefix without bits "
       "past its length, as 192.0.2.0/24 or 2001:db8::/32"},
      {"heartbeat: {reporters: [{token: abc, nodes: a}]}",
       "dnsd.yaml:3: a reporter has either 'token_file' or 'certificate': one proof of who it is\n"
       "dnsd.yaml:3: unknown key 'token' in 'heartbeat.reporters'; known keys: token_file, "
       "certificate, nodes, addresses, sites"},
      {"heartbeat: {reporters: [{token_file: none, nodes: a}]}",
       "dnsd.yaml:3: key 'token_file': found 'none', wanted a file that can be read"},
      {"heartbeat: {reporters: [{token_file: short, nodes: a}]}",
       "dnsd.yaml:3: key 'token_file': found 'short', wanted a file that holds a token of 16 to "
       "4096 characters; it has 6"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(Errors(std::string(kLeast) + c.text), c.want);
  }
}

TEST_F(ConfigTest, RefusesContradictionsAndSaysWhatToDo) {
  Write("token", "0123456789abcdef");
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"", "dnsd.yaml: no address to listen on"},
      {"listen: 127.0.0.1:0", "dnsd.yaml: no zone to serve"},
      {"zones: [{apex: a, file: a}, {apex: A., file: b}]",
       "dnsd.yaml:1: zone 'a.' is given twice; first at dnsd.yaml:1; remove one"},
      {"\nlisten: [127.0.0.1:53, 127.0.0.1:53]",
       "dnsd.yaml:2: listen address 127.0.0.1:53 is given twice"},
      {"listen: [0.0.0.0:53, 127.0.0.1:53]",
       "dnsd.yaml:1: listen address 0.0.0.0:53 takes in 127.0.0.1:53; remove one"},
      {"listen: ['[::1]:53', '[::]:53']", "listen address [::]:53 takes in [::1]:53; remove one"},
      {"heartbeat: {suspect_after: 3, dead_after: 3}",
       "dnsd.yaml:1: heartbeat.suspect_after must be below"},
      {"heartbeat: {listen: 192.0.2.1:5380}", "set heartbeat.tls, listen on a loopback"},
      {"heartbeat:\n  listen: 0.0.0.0:5380\n",
       "dnsd.yaml:2: heartbeats on 0.0.0.0:5380 would be plain text beyond loopback"},
      {"heartbeat: {listen: 127.0.0.1:0, reporters: [{certificate: a, nodes: a}]}",
       "can be proved under heartbeat.tls.client_ca alone"},
      {"heartbeat: {reporters: [{token_file: token, nodes: a}]}", "without heartbeat.listen"},
      {"heartbeat: {listen: 127.0.0.1:0, reporters: [{token_file: token, nodes: a}, "
       "{token_file: token, nodes: b}]}",
       "the same token or certificate as at dnsd.yaml:1"},
      {"heartbeat: {listen: 127.0.0.1:0, tls: {certificate: no.pem, key: no.pem}}",
       "dnsd.yaml:1: heartbeat.tls.certificate: cannot read 'no.pem'"},
      {"control: {listen: 127.0.0.1:0}", "dnsd.yaml:1: control on 127.0.0.1:0 would be anybody's"},
      {"control: {token_file: token}",
       "dnsd.yaml:1: control.tls, token_file, names and readers do nothing"},
      {"control: {listen: 127.0.0.1:0, token_file: token, names: [a]}",
       "dnsd.yaml:1: names can be proved under control.tls.client_ca alone"},
      {"control: {listen: 192.0.2.1:1, token_file: token}", "would be plain text beyond loopback"},
      {"sites: [{name: a}, {name: A.}]", "site 'a' is given twice"},
      {"subnets: [{clients: 10.0.0.0/8, order: 10.0.0.1}, {clients: 10.0.0.0/8, order: 10.0.0.2}]",
       "clients '10.0.0.0/8' is given twice"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_NE(Errors(c.text).find(c.want), std::string::npos) << Errors(c.text);
  }
}

TEST_F(ConfigTest, AWildcardGoesWithOtherPortsAndTheOtherFamily) {
  EXPECT_EQ(Errors("listen: [0.0.0.0:53, 127.0.0.1:54, '[::1]:53', 0.0.0.0:0, 127.0.0.1:0]\n"
                   "zones: [{apex: a, file: a}]\n"),
            "");
}

TEST_F(ConfigTest, SiteRulesHaveNumbersOf16Bits) {
  Config config = *Load(kLeast);
  for (int i = 0; i < 65'535; ++i) {
    config.sites.push_back({"s" + std::to_string(i), {}, "f:" + std::to_string(i)});
  }
  EXPECT_EQ(CheckConfig(config), absl::OkStatus());
  config.sites.push_back({"one.more", {}, "f:65535"});
  EXPECT_EQ(Message(CheckConfig(config)),
            "f:65535: found 65536 names and patterns in 'sites', wanted at most 65535; join some "
            "into a pattern");
}

TEST_F(ConfigTest, PlainTextHeartbeatsAreForLoopbackOrSaidInsecure) {
  EXPECT_EQ(Errors(std::string(kLeast) + "heartbeat: {listen: '[::1]:0'}"), "");
  EXPECT_EQ(Errors(std::string(kLeast) + "heartbeat: {listen: 0.0.0.0:0, insecure: true}"), "");
}

}  // namespace
}  // namespace dnsd::server
