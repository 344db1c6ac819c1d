#include "dnsd/server/heartbeat_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "dnsd/server/load_json.h"

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

TEST(ReadLoad, DropsRatesAndCountsAboveWhatIsReal) {
  v1::Load in;
  in.set_rps(1e12);
  in.set_sps(1.1e7);
  in.set_connections(1e7);
  in.set_run_queue(1e9);
  HeartbeatFaults faults;
  Findings findings(faults);
  const fleet::Load load = ReadLoad(in, findings);
  EXPECT_FALSE(load.rps);
  EXPECT_FALSE(load.sps);
  EXPECT_FALSE(load.run_queue);
  EXPECT_EQ(load.connections, 1e7);
  EXPECT_EQ(faults.count(HeartbeatFault::kExcessive), 3U);
  EXPECT_EQ(findings.texts().at(0),
            "rps: found 1000000000000.000000, wanted at most "
            "10000000.000000; left out");
}

TEST(ReadLoad, ANodeHasMoreThanNoneAndAtMost4096Cpus) {
  for (const double cpus : {0.0, 0.009, 5000.0}) {
    v1::Load in;
    in.set_cpus(cpus);
    HeartbeatFaults faults;
    Findings findings(faults);
    EXPECT_FALSE(ReadLoad(in, findings).cpus) << cpus;
    EXPECT_EQ(findings.texts().size(), 1U);
  }
}

// Every number that the protocol has reaches the store and status.json under its name.
TEST(ReadLoad, LosesNoFieldOfTheProtocol) {
  v1::Load in;
  const auto* type = v1::Load::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    if (!type->field(i)->is_map()) in.GetReflection()->SetDouble(&in, type->field(i), 0.5);
  }
  HeartbeatFaults faults;
  Findings findings(faults);
  const fleet::Load load = ReadLoad(in, findings);
  const auto json = LoadToJson(load);
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->is_map()) continue;
    EXPECT_TRUE(json.contains(type->field(i)->name())) << type->field(i)->name();
  }
  EXPECT_EQ(LoadFromJson(json), load);
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

TEST(ReadAddresses, Takes256AtMost) {
  v1::Hello hello;
  for (int i = 0; i < 256; ++i) {
    hello.add_addresses(std::string({'\x7F', '\0', '\1', static_cast<char>(i)}));
  }
  EXPECT_EQ(ReadAddresses(hello)->size(), 256U);
  hello.add_addresses(hello.addresses(0));
  EXPECT_EQ(ReadAddresses(hello).status().message(),
            "a Hello has 257 service addresses, wanted 256 at most");
}

TEST(ReadPlace, TakesWhatIsKnown) {
  HeartbeatFaults faults;
  Findings findings(faults);
  v1::Hello in;
  EXPECT_EQ(ReadPlace(in, findings), fleet::Place());
  in.set_region("eu-north");
  in.set_latitude(-90);
  in.set_longitude(180);
  in.set_asn(4200000000);
  const fleet::Place want{"eu-north", fleet::Coordinates{-90, 180}, 4200000000};
  EXPECT_EQ(ReadPlace(in, findings), want);
  EXPECT_TRUE(findings.texts().empty());
}

TEST(ReadPlace, LeavesOutARegionThatIsNoWord) {
  const std::pair<std::string, bool> cases[] = {{std::string(63, 'x'), true},
                                                {std::string(64, 'x'), false},
                                                {"two words", false},
                                                {"line\nfeed", false},
                                                {"del\x7F", false}};
  for (const auto& [region, good] : cases) {
    HeartbeatFaults faults;
    Findings findings(faults);
    v1::Hello in;
    in.set_region(region);
    EXPECT_EQ(ReadPlace(in, findings).region, good ? region : "");
    EXPECT_EQ(faults.count(HeartbeatFault::kPlace), good ? 0U : 1U) << region;
  }
}

TEST(ReadPlace, LeavesOutCoordinatesThatAreNotOnTheGlobe) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const struct {
    std::optional<double> latitude, longitude;
    bool good;
  } cases[] = {{52.5, 13.4, true},
               {90.1, 0, false},
               {0, -180.1, false},
               {nan, 0, false},
               {0, nan, false},
               {52.5, std::nullopt, false},
               {std::nullopt, 13.4, false}};
  for (const auto& c : cases) {
    HeartbeatFaults faults;
    Findings findings(faults);
    v1::Hello in;
    if (c.latitude) in.set_latitude(*c.latitude);
    if (c.longitude) in.set_longitude(*c.longitude);
    EXPECT_EQ(ReadPlace(in, findings).coordinates.has_value(), c.good);
    EXPECT_EQ(faults.count(HeartbeatFault::kPlace), c.good ? 0U : 1U);
  }
}

v1::RttSample Sample(const char* prefix, std::uint32_t length, std::uint32_t count = 1,
                     std::uint32_t median = 20'000, std::uint32_t minimum = 10'000) {
  v1::RttSample sample;
  const IpAddress address = *IpAddress::Parse(prefix);
  sample.set_prefix(address.octets().data(), address.octets().size());
  sample.set_length(length);
  sample.set_count(count);
  sample.set_median_us(median);
  sample.set_minimum_us(minimum);
  return sample;
}

TEST(ReadRtts, TakesPossibleOnesOfAWholePrefix) {
  v1::RttSample short_prefix = Sample("192.0.2.0", 24);
  short_prefix.set_prefix("abc");
  const struct {
    const char* what;
    v1::RttSample sample;
    bool good;
  } cases[] = {
      {"IPv4", Sample("192.0.2.0", 24), true},
      {"loopback", Sample("127.0.1.0", 24), true},
      {"IPv6", Sample("2001:db8:1::", 48), true},
      {"an address", Sample("192.0.2.1", 24), false},
      {"bits past the length", Sample("2001:db8:1:1::", 48), false},
      {"longer", Sample("192.0.2.0", 25), false},
      {"shorter", Sample("192.0.2.0", 23), false},
      {"IPv6 /24", Sample("2001:d00::", 24), false},
      {"3 octets", short_prefix, false},
      {"none", v1::RttSample(), false},
      {"no connection", Sample("192.0.2.0", 24, 0), false},
      {"many", Sample("192.0.2.0", 24, 10'000'000), true},
      {"too many", Sample("192.0.2.0", 24, 10'000'001), false},
      {"0", Sample("192.0.2.0", 24, 1, 0, 0), false},
      {"1 microsecond", Sample("192.0.2.0", 24, 1, 1, 1), true},
      {"minimum 0", Sample("192.0.2.0", 24, 1, 1, 0), false},
      {"minimum above", Sample("192.0.2.0", 24, 1, 20, 21), false},
      {"just below a minute", Sample("192.0.2.0", 24, 1, 59'999'999, 1), true},
      {"a minute", Sample("192.0.2.0", 24, 1, 60'000'000, 1), false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    HeartbeatFaults faults;
    Findings findings(faults);
    v1::Heartbeat in;
    *in.add_rtts() = c.sample;
    EXPECT_EQ(ReadRtts(in, findings).size(), c.good ? 1U : 0U);
    EXPECT_EQ(faults.count(HeartbeatFault::kRtt), c.good ? 0U : 1U);
  }
}

TEST(ReadRtts, GivesMilliseconds) {
  HeartbeatFaults faults;
  Findings findings(faults);
  v1::Heartbeat in;
  *in.add_rtts() = Sample("2001:db8:1::", 48, 7, 20'500, 10'000);
  const fleet::RttSample want{*IpAddress::Parse("2001:db8:1::"), 7, 20.5F, 10};
  EXPECT_EQ(ReadHeartbeat(in, findings).rtts, std::vector{want});
}

TEST(ReadRtts, TakesTheFirst256) {
  v1::Heartbeat in;
  for (int i = 0; i < 256; ++i) *in.add_rtts() = Sample("192.0.2.0", 24);
  HeartbeatFaults faults;
  Findings findings(faults);
  EXPECT_EQ(ReadRtts(in, findings).size(), 256U);
  EXPECT_TRUE(findings.texts().empty());
  *in.add_rtts() = Sample("192.0.2.0", 24);
  EXPECT_EQ(ReadRtts(in, findings).size(), 256U);
  EXPECT_EQ(faults.count(HeartbeatFault::kTooMany), 1U);
}

TEST(ReadRtts, TellsOfAllRefusedOnesInOneLineWithoutTheirPrefixes) {
  v1::Heartbeat in;
  for (int i = 0; i < 3; ++i) *in.add_rtts() = Sample("192.0.2.9", 24);
  *in.add_rtts() = Sample("192.0.2.0", 24);
  HeartbeatFaults faults;
  Findings findings(faults);
  EXPECT_EQ(ReadRtts(in, findings).size(), 1U);
  ASSERT_EQ(findings.texts().size(), 1U);
  EXPECT_TRUE(findings.texts()[0].starts_with("rtts: 3 of 4 impossible"));
  EXPECT_EQ(findings.texts()[0].find("192.0.2"), std::string::npos);
}

TEST(ReadHeartbeat, TheHealthsDetailStaysOnOneLine) {
  v1::Heartbeat in;
  in.mutable_node_health()->set_detail("down\n2026-01-01 [info] node web1: forged");
  HeartbeatFaults faults;
  Findings findings(faults);
  EXPECT_EQ(ReadHeartbeat(in, findings).health_detail, "down?2026-01-01 [info] node web1: forged");
}

TEST(ReadDemand, TakesPossibleRatesOfDomainNames) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  v1::Demand in;
  const auto add = [&in](const std::string& name, double rps, double eps, double bytes) {
    v1::SiteDemand& site = *in.add_sites();
    site.set_name(name);
    site.set_rps(rps);
    site.set_eps(eps);
    site.set_bytes_per_second(bytes);
  };
  add("www.example", 10, 2, 3000);
  add("more.errors.than.requests.example", 1, 2, 0);
  add("much.example", 1e9, 0, 1e18);
  add("a..b", 1, 0, 0);
  add("nan.example", nan, 0, 0);
  add("negative.example", 1, -1, 0);
  HeartbeatFaults faults;
  Findings findings(faults);
  const fleet::DemandReport demand = ReadDemand(in, findings);
  EXPECT_FALSE(demand.full);
  ASSERT_EQ(demand.sites.size(), 3U);
  EXPECT_EQ(demand.sites[0].name.ToString(), "www.example.");
  EXPECT_EQ(demand.sites[0].bytes_per_second, 3000);
  EXPECT_EQ(demand.sites[1].eps, 1);
  EXPECT_EQ(demand.sites[2].rps, 1e7);
  EXPECT_EQ(demand.sites[2].bytes_per_second, 1e15);
  EXPECT_EQ(faults.count(HeartbeatFault::kSiteName), 1U);
  EXPECT_EQ(faults.count(HeartbeatFault::kNotFinite), 1U);
  EXPECT_EQ(faults.count(HeartbeatFault::kNegative), 1U);
}

TEST(ReadDemand, TakesAThousandSitesOfOneMessage) {
  v1::Demand in;
  for (int i = 0; i < kMostDemands; ++i) in.add_sites()->set_name("a.example");
  HeartbeatFaults faults;
  Findings findings(faults);
  EXPECT_EQ(ReadDemand(in, findings).sites.size(), std::size_t{kMostDemands});
  EXPECT_TRUE(findings.texts().empty());
  in.add_sites()->set_name("a.example");
  EXPECT_EQ(ReadDemand(in, findings).sites.size(), std::size_t{kMostDemands});
  EXPECT_EQ(faults.count(HeartbeatFault::kTooMany), 1U);
}

TEST(ReadTaskReports, LeavesOutPhasesThatThereAreNot) {
  v1::Heartbeat in;
  const auto add = [&in](std::uint64_t id, int phase) {
    v1::TaskReport& task = *in.add_tasks();
    task.set_id(id);
    task.set_phase(static_cast<v1::TaskReport::Phase>(phase));
    task.set_attempts(2);
    task.set_detail("rsync:\ndone");
  };
  add(1, v1::TaskReport::WAITING);
  add(2, v1::TaskReport::PHASE_UNSPECIFIED);
  add(3, v1::TaskReport::FAILED);
  add(4, v1::TaskReport::FAILED + 1);
  HeartbeatFaults faults;
  Findings findings(faults);
  using Phase = fleet::TaskReport::Phase;
  EXPECT_EQ(ReadTaskReports(in, findings),
            (std::vector<fleet::TaskReport>{{1, Phase::kWaiting, 2, "rsync:?done"},
                                            {3, Phase::kFailed, 2, "rsync:?done"}}));
  EXPECT_EQ(faults.count(HeartbeatFault::kTask), 2U);
}

TEST(ReadTaskReports, TakesAThousandOfOneMessage) {
  v1::Heartbeat in;
  for (int i = 0; i < kMostTasks; ++i) in.add_tasks()->set_phase(v1::TaskReport::DONE);
  HeartbeatFaults faults;
  Findings findings(faults);
  EXPECT_EQ(ReadTaskReports(in, findings).size(), std::size_t{kMostTasks});
  EXPECT_TRUE(findings.texts().empty());
  in.add_tasks()->set_phase(v1::TaskReport::DONE);
  EXPECT_EQ(ReadTaskReports(in, findings).size(), std::size_t{kMostTasks});
  EXPECT_EQ(faults.count(HeartbeatFault::kTooMany), 1U);
}

TEST(ReadStorage, HoldsSizesToWhatCanBeAdded) {
  v1::Storage in;
  in.set_takes_replicas(true);
  in.set_quota_bytes(1000);
  in.set_used_bytes(std::numeric_limits<std::uint64_t>::max());
  const fleet::Storage storage = ReadStorage(in);
  EXPECT_TRUE(storage.takes_replicas);
  EXPECT_EQ(storage.quota_bytes, 1000U);
  EXPECT_EQ(storage.used_bytes, std::uint64_t{1} << 56);
}

TEST(CheckHostingSize, TakesAMillionSitesAtMost) {
  v1::Hosting hosting;
  hosting.mutable_sites()->Reserve(kMostSites);
  hosting.add_sites();
  for (int i = 1; i < kMostSites; ++i) hosting.add_removed();
  EXPECT_TRUE(CheckHostingSize(hosting).ok());
  hosting.add_sites();
  EXPECT_EQ(CheckHostingSize(hosting).message(),
            "a message names 1000001 sites, wanted 1000000 at most");
}

TEST(OneLine, CutsBetweenCharacters) {
  EXPECT_EQ(OneLine("\xC3\xA9", 2), "\xC3\xA9");
  EXPECT_EQ(OneLine("x\xC3\xA9", 2), "x");
  EXPECT_EQ(OneLine("\xF0\x9F\x98\x80", 3), "");
  EXPECT_EQ(OneLine(std::string(256, 'x')), std::string(255, 'x'));
}

TEST(Excerpt, KeepsThePeersTextOnOneLine) {
  EXPECT_EQ(Excerpt("a\nb\x1B[31m"), "a?b?[31m");
  EXPECT_EQ(Excerpt(std::string(81, 'x')), std::string(80, 'x') + "...");
}

}  // namespace
}  // namespace dnsd::server
