#include "dnsd/server/heartbeat_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace dnsd::server {
namespace {

namespace v1 = heartbeat::v1;

TEST(ReadLoad, TakesWhatIsPossibleAsItIs) {
  v1::Load in;
  in.set_cpu_utilization(0.5);
  in.set_run_queue(12);
  in.set_application_utilization(1.5);
  in.set_rps(0);
  (*in.mutable_named_metrics())["queue"] = 3;
  HeartbeatFaults faults;
  Findings findings(faults);
  const fleet::Load load = ReadLoad(in, findings);
  EXPECT_EQ(load.cpu_utilization, 0.5);
  EXPECT_EQ(load.run_queue, 12);
  EXPECT_EQ(load.application_utilization, 1.5);
  EXPECT_EQ(load.rps, 0);
  EXPECT_FALSE(load.mem_utilization);
  EXPECT_EQ(load.named_metrics.at("queue"), 3);
  EXPECT_TRUE(findings.texts().empty());
}

TEST(ReadLoad, DropsOrClampsWhatIsImpossibleAndCountsIt) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const struct {
    const char* what;
    double value;
    std::optional<double> want;
    std::optional<HeartbeatFault> fault;
  } cases[] = {
      {"NaN", nan, std::nullopt, HeartbeatFault::kNotFinite},
      {"infinite", infinity, std::nullopt, HeartbeatFault::kNotFinite},
      {"minus infinite", -infinity, std::nullopt, HeartbeatFault::kNotFinite},
      {"negative", -0.5, std::nullopt, HeartbeatFault::kNegative},
      {"10^9", 1e9, 1, HeartbeatFault::kExcessive},
      {"above rounding", 1.02, 1, HeartbeatFault::kExcessive},
      {"full, rounded up", 1.005, 1, std::nullopt},
      {"full", 1, 1, std::nullopt},
      {"idle", 0, 0, std::nullopt},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    v1::Load in;
    in.set_cpu_utilization(c.value);
    HeartbeatFaults faults;
    Findings findings(faults);
    EXPECT_EQ(ReadLoad(in, findings).cpu_utilization, c.want);
    EXPECT_EQ(findings.texts().size(), c.fault ? 1U : 0U);
    EXPECT_EQ(c.fault ? faults.count(*c.fault) : 1, 1U);
  }
}

TEST(ReadLoad, ClampsRatesAtWhatIsReal) {
  v1::Load in;
  in.set_rps(1e12);
  in.set_cpus(0);
  in.set_connections(1e8);
  HeartbeatFaults faults;
  Findings findings(faults);
  const fleet::Load load = ReadLoad(in, findings);
  EXPECT_EQ(load.rps, 1e8);
  EXPECT_FALSE(load.cpus);
  EXPECT_EQ(load.connections, 1e8);
  EXPECT_EQ(findings.texts().size(), 2U);
}

TEST(ReadLoad, KeepsAHundredNamedMetricsAtMost) {
  v1::Load in;
  for (int i = 0; i < 101; ++i) (*in.mutable_named_metrics())["m" + std::to_string(i)] = i;
  HeartbeatFaults faults;
  Findings findings(faults);
  EXPECT_EQ(ReadLoad(in, findings).named_metrics.size(), 100U);
}

TEST(ReadHeartbeat, LeavesOutSitesThatAreNoNames) {
  v1::Heartbeat in;
  in.mutable_hosting()->set_kind(v1::Hosting::FULL);
  in.mutable_hosting()->add_sites()->set_name("www.lb.example");
  in.mutable_hosting()->add_sites()->set_name("a..b");
  in.mutable_hosting()->add_removed(std::string(64, 'x') + ".example");
  HeartbeatFaults faults;
  Findings findings(faults);
  const fleet::Heartbeat out = ReadHeartbeat(in, findings);
  EXPECT_EQ(out.hosting.kind, fleet::HostingKind::kFull);
  ASSERT_EQ(out.hosting.sites.size(), 1U);
  EXPECT_EQ(out.hosting.sites[0].name.ToString(), "www.lb.example.");
  EXPECT_TRUE(out.hosting.removed.empty());
  EXPECT_EQ(faults.count(HeartbeatFault::kSiteName), 2U);
}

TEST(ReadHeartbeat, ANodeThatDoesNotCheckItselfIsHealthy) {
  HeartbeatFaults faults;
  Findings findings(faults);
  v1::Heartbeat in;
  EXPECT_TRUE(ReadHeartbeat(in, findings).healthy);
  EXPECT_EQ(ReadHeartbeat(in, findings).hosting.kind, fleet::HostingKind::kUnchanged);
  in.mutable_node_health()->set_healthy(false);
  EXPECT_FALSE(ReadHeartbeat(in, findings).healthy);
}

TEST(CheckNodeName, WantsOneTo255OctetsWithoutWhiteSpace) {
  for (const std::string& good :
       {std::string("a"), std::string("web-1.example"), std::string(255, 'n')}) {
    EXPECT_TRUE(CheckNodeName(good).ok()) << good;
  }
  for (const std::string& bad : {std::string(), std::string(256, 'n'), std::string("a b"),
                                 std::string("a\n"), std::string("a\0b", 3), std::string("\x7F")}) {
    EXPECT_FALSE(CheckNodeName(bad).ok()) << bad;
  }
}

TEST(ReadAddresses, WantsFourOrSixteenOctets) {
  for (const std::size_t octets : {4U, 16U}) {
    v1::Hello hello;
    hello.add_addresses(std::string(octets, '\1'));
    EXPECT_EQ(ReadAddresses(hello)->size(), 1U);
  }
  for (const std::size_t octets : {0U, 3U, 5U, 15U, 17U}) {
    v1::Hello hello;
    hello.add_addresses(std::string(octets, '\1'));
    EXPECT_FALSE(ReadAddresses(hello).ok()) << octets;
  }
}

TEST(Printable, KeepsThePeersTextOnOneLine) {
  EXPECT_EQ(Printable("a\nb\x1B[31m"), "a?b?[31m");
  EXPECT_EQ(Printable(std::string(81, 'x')), std::string(80, 'x') + "...");
}

}  // namespace
}  // namespace dnsd::server
