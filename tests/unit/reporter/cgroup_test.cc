#include "reporter/cgroup.h"

#include <gtest/gtest.h>

#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

constexpr const char* kMountV2 =
    "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kMountsV1 =
    "31 30 0:27 /docker/abc /sys/fs/cgroup/memory ro master:1 - cgroup cgroup rw,memory\n"
    "32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

TEST(FindCgroups, WalksFromTheOwnGroupUpToTheMount) {
  const auto paths = FindCgroups(kMountV2, "0::/web.slice/nginx.service\n", "");
  EXPECT_EQ(paths.unified, (GroupPath{"/sys/fs/cgroup/web.slice/nginx.service",
                                      "/sys/fs/cgroup/web.slice", "/sys/fs/cgroup"}));
  EXPECT_TRUE(paths.cpu.empty());
}

TEST(FindCgroups, TakesOffWhatAContainerDoesNotSee) {
  const auto paths =
      FindCgroups(kMountsV1, "4:memory:/docker/abc/inner\n3:cpu,cpuacct:/batch\n", "");
  EXPECT_EQ(paths.memory, (GroupPath{"/sys/fs/cgroup/memory/inner", "/sys/fs/cgroup/memory"}));
  EXPECT_EQ(paths.cpu,
            (GroupPath{"/sys/fs/cgroup/cpu,cpuacct/batch", "/sys/fs/cgroup/cpu,cpuacct"}));
  EXPECT_EQ(paths.cpu, paths.cpu_accounting);
}

TEST(FindCgroups, AGroupWhoseNameBeginsAsTheMountsIsOutsideIt) {
  const auto paths = FindCgroups(kMountsV1, "4:memory:/docker/abcdef/x\n3:cpu:/\n", "");
  EXPECT_EQ(paths.memory, (GroupPath{"/sys/fs/cgroup/memory"}));
  EXPECT_EQ(FindCgroups(kMountsV1, "4:memory:/docker/abc\n", "").memory,
            (GroupPath{"/sys/fs/cgroup/memory"}));
}

TEST(FindCgroups, WatchesTheGroupThatIsNamed) {
  const auto paths = FindCgroups(kMountV2, "0::/reporter.service\n", "/web.slice");
  EXPECT_EQ(paths.unified, (GroupPath{"/sys/fs/cgroup/web.slice", "/sys/fs/cgroup"}));
}

class CgroupTest : public testing::Test {
 protected:
  void V2() {
    tree_.Write("/proc/self/mountinfo", kMountV2);
    tree_.Write("/proc/self/cgroup", "0::/slice/web\n");
  }
  void V1() {
    tree_.Write("/proc/self/mountinfo", kMountsV1);
    tree_.Write("/proc/self/cgroup", "4:memory:/docker/abc\n3:cpu,cpuacct:/web\n");
  }
  FixtureTree tree_;
};

TEST_F(CgroupTest, TheTightestQuotaOfThePathCountsWithItsGroupsUsage) {
  V2();
  tree_.Write("/sys/fs/cgroup/slice/web/cpu.max", "400000 100000\n");
  tree_.Write("/sys/fs/cgroup/slice/web/cpu.stat", "usage_usec 5\n");
  tree_.Write("/sys/fs/cgroup/slice/cpu.max", "150000 100000\n");
  tree_.Write("/sys/fs/cgroup/slice/cpu.stat", "usage_usec 77\nuser_usec 1\n");
  Cgroup cgroup(FileRoot(tree_.root()), "self");
  cgroup.Refresh();
  EXPECT_DOUBLE_EQ(*cgroup.cpu_quota(), 1.5);
  EXPECT_EQ(*cgroup.CpuUsage(), 77U);
}

TEST_F(CgroupTest, NoLimitIsNoLimit) {
  V2();
  tree_.Write("/sys/fs/cgroup/slice/web/cpu.max", "max 100000\n");
  tree_.Write("/sys/fs/cgroup/slice/web/memory.max", "max\n");
  tree_.Write("/sys/fs/cgroup/slice/web/memory.current", "100\n");
  tree_.Write("/sys/fs/cgroup/slice/web/memory.stat", "inactive_file 0\n");
  Cgroup cgroup(FileRoot(tree_.root()), "self");
  cgroup.Refresh();
  EXPECT_FALSE(cgroup.cpu_quota());
  EXPECT_FALSE(cgroup.CpuUsage());
  EXPECT_FALSE(cgroup.Memory());
  EXPECT_FALSE(cgroup.cpus());
}

TEST_F(CgroupTest, MemoryIsTheLimitLessWhatCannotBeDropped) {
  V2();
  tree_.Write("/sys/fs/cgroup/slice/web/memory.max", "1000\n");
  tree_.Write("/sys/fs/cgroup/slice/web/memory.current", "900\n");
  tree_.Write("/sys/fs/cgroup/slice/web/memory.stat", "anon 500\ninactive_file 300\n");
  const Cgroup cgroup(FileRoot(tree_.root()), "self");
  const auto memory = cgroup.Memory();
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->total, 1000U);
  EXPECT_EQ(memory->available, 400U);
}

TEST_F(CgroupTest, ReadsVersionOne) {
  V1();
  tree_.Write("/sys/fs/cgroup/cpu,cpuacct/web/cpu.cfs_quota_us", "50000\n");
  tree_.Write("/sys/fs/cgroup/cpu,cpuacct/web/cpu.cfs_period_us", "100000\n");
  tree_.Write("/sys/fs/cgroup/cpu,cpuacct/web/cpuacct.usage", "7000\n");
  tree_.Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  tree_.Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  tree_.Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n");
  tree_.Write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "600\n");
  tree_.Write("/sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 100\n");
  Cgroup cgroup(FileRoot(tree_.root()), "self");
  cgroup.Refresh();
  EXPECT_DOUBLE_EQ(*cgroup.cpu_quota(), 0.5);
  EXPECT_EQ(*cgroup.CpuUsage(), 7U);
  EXPECT_EQ(cgroup.Memory()->available, 500U);
}

TEST_F(CgroupTest, CanBeToldToLookAtNone) {
  V2();
  tree_.Write("/sys/fs/cgroup/slice/web/cpu.max", "100000 100000\n");
  Cgroup cgroup(FileRoot(tree_.root()), "none");
  cgroup.Refresh();
  EXPECT_FALSE(cgroup.cpu_quota());
}

}  // namespace
}  // namespace dnsd::reporter
