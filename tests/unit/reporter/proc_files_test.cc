#include "reporter/proc_files.h"

#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

constexpr const char* kStat =
    "cpu  300 0 30 600 60 3 7 0 0 0\n"
    "cpu0 100 10 20 300 30 1 2 3 50 0\n"
    "cpu1 200 0 10 300 30 2 5 0 0 0\n"
    "intr 123 4 5\n"
    "procs_running 3\n"
    "procs_blocked 1\n";

TEST(ParseProcStat, SumsTheCpusAndKnowsBusyFromIdle) {
  const auto stat = ParseProcStat(kStat, nullptr);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->cpus, 2U);
  EXPECT_EQ(stat->times.busy, 100U + 10 + 20 + 1 + 2 + 3 + 200 + 10 + 2 + 5);  // no guest time
  EXPECT_EQ(stat->times.idle, 660U);
  EXPECT_EQ(stat->running, 3U);
  EXPECT_EQ(stat->blocked, 1U);
}

TEST(ParseProcStat, CountsOnlyTheCpusAskedFor) {
  const CpuSet second = {false, true};
  const auto stat = ParseProcStat(kStat, &second);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->cpus, 1U);
  EXPECT_EQ(stat->machine_cpus, 2U);
  EXPECT_EQ(stat->times.busy, 217U);
}

TEST(ParseProcStat, RefusesWhatIsNoStat) {
  for (const char* text :
       {"", "cpu0 1 2 3\n", "cpu0 1 x 3 4\nprocs_running 1\n", "procs_running 1\n"}) {
    EXPECT_FALSE(ParseProcStat(text, nullptr)) << text;
  }
}

TEST(ParseProcStat, TakesTheFewerFieldsOfOldKernels) {
  const auto stat = ParseProcStat("cpu0 1 2 3 4\nprocs_running 1\n", nullptr);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->times.busy, 6U);
  EXPECT_EQ(stat->times.idle, 4U);
}

TEST(ParseCpuList, ReadsSinglesAndRanges) {
  EXPECT_EQ(*ParseCpuList("0-1,3\n"), (CpuSet{true, true, false, true}));
  EXPECT_EQ(*ParseCpuList("1"), (CpuSet{false, true}));
}

TEST(ParseCpuList, RefusesWhatIsNoList) {
  for (const char* text : {"", "\n", "a", "3-1", "0-99999999"}) {
    EXPECT_FALSE(ParseCpuList(text)) << text;
  }
}

TEST(ParseMeminfo, GivesOctets) {
  const auto memory = ParseMeminfo("MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 250 kB\n");
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->total, 1'024'000U);
  EXPECT_EQ(memory->available, 256'000U);
  EXPECT_FALSE(ParseMeminfo("MemTotal: 1000 kB\n"));
  EXPECT_FALSE(ParseMeminfo("MemTotal: 0 kB\nMemAvailable: 0 kB\n"));
}

TEST(ParsePressure, GivesTheTenSecondShare) {
  EXPECT_DOUBLE_EQ(
      *ParsePressure("some avg10=12.50 avg60=1.00 avg300=0.00 total=1\nfull avg10=1\n"), 0.125);
  EXPECT_FALSE(ParsePressure(""));
  EXPECT_FALSE(ParsePressure("full avg10=1.00"));
}

TEST(ParseLoadavg, GivesTheMinute) {
  EXPECT_DOUBLE_EQ(*ParseLoadavg("0.52 0.30 0.10 1/200 4242\n"), 0.52);
  EXPECT_FALSE(ParseLoadavg(""));
}

TEST(ParseNetDev, ReadsNamesGluedToTheirNumbers) {
  const auto interfaces = ParseNetDev(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"
      "    lo:     100       1 0 0 0 0 0 0      100 1 0 0 0 0 0 0\n"
      "  eth0:12345678901  9 0 0 0 0 0 0 777 5 0 0 0 0 0 0\n");
  ASSERT_EQ(interfaces.size(), 2U);
  EXPECT_EQ(interfaces.at("eth0").received, 12'345'678'901U);
  EXPECT_EQ(interfaces.at("eth0").sent, 777U);
}

TEST(ParseDiskstats, CountsReadAndWrittenSectors) {
  const auto disks = ParseDiskstats(
      " 259 0 nvme0n1 10 0 200 5 20 0 300 6 0 40 11 0 0 0 0 0 0\n"
      "   8 1 sda1 1\n");
  ASSERT_EQ(disks.size(), 1U);
  EXPECT_EQ(disks.at("nvme0n1").octets, 500U * 512);
  EXPECT_EQ(disks.at("nvme0n1").busy_ms, 40U);
}

TEST(ParsePassiveOpens, FindsTheColumnByItsName) {
  EXPECT_EQ(*ParsePassiveOpens("Ip: Forwarding\nIp: 1\n"
                               "Tcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens\n"
                               "Tcp: 1 -1 77 88\n"),
            88U);
  EXPECT_FALSE(ParsePassiveOpens("Tcp: RtoAlgorithm\nTcp: 1\n"));
}

}  // namespace
}  // namespace dnsd::reporter
