#include "reporter/sampler.h"

#include <gtest/gtest.h>

#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

const MonotonicTime kStart{1h};

std::string Stat(int busy, int idle, int running = 1) {
  return "cpu0 " + std::to_string(busy) + " 0 0 " + std::to_string(idle) + "\n" + "cpu1 0 0 0 0\n" +
         "procs_running " + std::to_string(running) + "\nprocs_blocked 2\n";
}

class SamplerTest : public testing::Test {
 protected:
  Sampler::Options Options() const { return {tree_.root(), "self", {{80}, {}}}; }
  FixtureTree tree_;
};

TEST_F(SamplerTest, ReportsTheCpuSinceTheLastHeartbeat) {
  tree_.Write("/proc/stat", Stat(0, 0));
  Sampler sampler(Options());
  sampler.Tick(kStart);
  EXPECT_FALSE(sampler.cpu_utilization());
  tree_.Write("/proc/stat", Stat(50, 50));
  sampler.Tick(kStart + 500ms);
  EXPECT_DOUBLE_EQ(*sampler.cpu_utilization(), 0.5);
  tree_.Write("/proc/stat", Stat(150, 50));
  const Load load = sampler.Read(kStart + 1s, 0);
  EXPECT_DOUBLE_EQ(load.cpu_utilization(), 0.75);
  EXPECT_DOUBLE_EQ(load.cpus(), 2);
  tree_.Write("/proc/stat", Stat(150, 250));
  sampler.Tick(kStart + 2s);
  EXPECT_DOUBLE_EQ(*sampler.cpu_utilization(), 0);
}

TEST_F(SamplerTest, KeepsTheLastCpuWhenTheTimesGoBack) {
  tree_.Write("/proc/stat", Stat(0, 100));
  Sampler sampler(Options());
  sampler.Tick(kStart);
  tree_.Write("/proc/stat", Stat(100, 100));
  sampler.Tick(kStart + 1s);
  tree_.Write("/proc/stat", Stat(100, 50));
  EXPECT_DOUBLE_EQ(sampler.Read(kStart + 2s, 0).cpu_utilization(), 1);
}

TEST_F(SamplerTest, AveragesTheRunQueueAndLeavesItselfOut) {
  tree_.Write("/proc/stat", Stat(0, 0, 5));
  Sampler sampler(Options());
  sampler.Tick(kStart);
  tree_.Write("/proc/stat", Stat(0, 10, 3));
  const Load load = sampler.Read(kStart + 1s, 0);
  EXPECT_DOUBLE_EQ(load.run_queue(), 3);  // of 4 and 2
  EXPECT_DOUBLE_EQ(load.blocked_processes(), 2);
}

TEST_F(SamplerTest, RequestsThatNobodyHasReadWaitAsTasksDo) {
  tree_.Write("/proc/stat", Stat(0, 0, 2));
  tree_.Write("/proc/net/tcp",
              "  sl  local_address rem_address   st tx_queue rx_queue\n"
              "   0: 0100007F:0050 0200007F:C001 01 00000000:00000010 \n"
              "   1: 0100007F:0050 0200007F:C002 01 00000000:00000000 \n"
              "   2: 0100007F:0050 0200007F:C003 01 00000000:00000001 \n");
  Sampler sampler(Options());
  sampler.Tick(kStart);
  const Load load = sampler.Read(kStart + 1s, 0);
  EXPECT_DOUBLE_EQ(load.run_queue(), 3);  // one task that runs, and two requests
  EXPECT_DOUBLE_EQ(load.connections(), 3);
}

TEST_F(SamplerTest, LeavesOutWhatTheKernelDoesNotTell) {
  Sampler sampler(Options());
  sampler.Tick(kStart);
  EXPECT_EQ(sampler.Read(kStart + 1s, 0).ByteSizeLong(), 0U);
}

TEST_F(SamplerTest, AQuotaMakesShareOfTheQuota) {
  tree_.Write("/proc/stat", Stat(0, 0, 5));
  tree_.Write("/proc/self/mountinfo", "1 1 0:1 / /cg rw - cgroup2 cgroup2 rw\n");
  tree_.Write("/proc/self/cgroup", "0::/\n");
  tree_.Write("/cg/cpu.max", "50000 100000\n");
  tree_.Write("/cg/cpu.stat", "usage_usec 0\n");
  tree_.Write("/cg/cpu.pressure", "some avg10=50.00\n");
  tree_.Write("/proc/pressure/cpu", "some avg10=1.00\n");
  Sampler sampler(Options());
  sampler.Tick(kStart);
  tree_.Write("/proc/stat", Stat(20, 180, 5));
  tree_.Write("/cg/cpu.stat", "usage_usec 400000\n");
  const Load load = sampler.Read(kStart + 1s, 0);
  EXPECT_DOUBLE_EQ(load.cpus(), 0.5);
  EXPECT_DOUBLE_EQ(load.cpu_utilization(), 0.8);  // 0.4 s of 0.5
  EXPECT_DOUBLE_EQ(load.run_queue(), 1);          // its quarter of 4
  EXPECT_DOUBLE_EQ(load.cpu_pressure(), 0.5);
}

TEST_F(SamplerTest, AFullMachineFillsAGroupThatHasQuotaLeft) {
  tree_.Write("/proc/stat", Stat(0, 0));
  tree_.Write("/proc/self/mountinfo", "1 1 0:1 / /cg rw - cgroup2 cgroup2 rw\n");
  tree_.Write("/proc/self/cgroup", "0::/\n");
  tree_.Write("/cg/cpu.max", "50000 100000\n");
  tree_.Write("/cg/cpu.stat", "usage_usec 0\n");
  Sampler sampler(Options());
  sampler.Tick(kStart);
  tree_.Write("/proc/stat", Stat(100, 0));
  EXPECT_DOUBLE_EQ(sampler.Read(kStart + 1s, 0).cpu_utilization(), 1);
}

TEST_F(SamplerTest, TakesItsOwnHealthChecksOffTheNewSessions) {
  const auto snmp = [](int opens) {
    return "Tcp: ActiveOpens PassiveOpens\nTcp: 1 " + std::to_string(opens) + "\n";
  };
  tree_.Write("/proc/net/snmp", snmp(100));
  Sampler sampler(Options());
  sampler.Read(kStart, 10);
  tree_.Write("/proc/net/snmp", snmp(120));
  EXPECT_DOUBLE_EQ(sampler.Read(kStart + 2s, 14).sps(), 8);
  EXPECT_DOUBLE_EQ(sampler.Read(kStart + 3s, 18).sps(), 0);
}

TEST_F(SamplerTest, MeasuresPhysicalDevicesAgainstTheirSpeed) {
  const auto dev = [](int octets) {
    const std::string fields = ": " + std::to_string(octets) + " 0 0 0 0 0 0 0 0 0\n";
    return "lo" + fields + "eth0" + fields + "br0" + fields;
  };
  tree_.MakeFolder("/sys/class/net/eth0/device");
  tree_.Write("/sys/class/net/eth0/speed", "10\n");
  tree_.Write("/sys/class/net/br0/speed", "-1\n");
  tree_.MakeFolder("/sys/block/sda/device");
  tree_.Write("/proc/net/dev", dev(0));
  tree_.Write("/proc/diskstats", "8 0 sda 0 0 0 0 0 0 0 0 0 0 0\n8 1 sda1 0 0 0 0 0 0 0 0 0 0 0\n");
  Sampler sampler(Options());
  sampler.Read(kStart, 0);
  tree_.Write("/proc/net/dev", dev(625'000));
  tree_.Write("/proc/diskstats",
              "8 0 sda 0 0 2 0 0 0 4 0 0 250 0\n8 1 sda1 0 0 2 0 0 0 4 0 0 900 0\n");
  const Load load = sampler.Read(kStart + 1s, 0);
  EXPECT_DOUBLE_EQ(load.network_bytes_per_second(), 625'000);
  EXPECT_DOUBLE_EQ(load.network_utilization(), 0.5);
  EXPECT_DOUBLE_EQ(load.disk_bytes_per_second(), 6 * 512);
  EXPECT_DOUBLE_EQ(load.disk_utilization(), 0.25);
}

TEST_F(SamplerTest, TheTighterOfMachineAndGroupMemoryCounts) {
  tree_.Write("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 500 kB\n");
  tree_.Write("/proc/self/mountinfo", "1 1 0:1 / /cg rw - cgroup2 cgroup2 rw\n");
  tree_.Write("/proc/self/cgroup", "0::/\n");
  tree_.Write("/cg/memory.current", "90\n");
  tree_.Write("/cg/memory.stat", "inactive_file 0\n");
  tree_.Write("/cg/memory.max", "100\n");
  Sampler sampler(Options());
  EXPECT_DOUBLE_EQ(sampler.Read(kStart, 0).mem_utilization(), 0.9);
  tree_.Write("/cg/memory.max", "100000000\n");
  EXPECT_DOUBLE_EQ(sampler.Read(kStart + 1s, 0).mem_utilization(), 0.5);
}

}  // namespace
}  // namespace dnsd::reporter
