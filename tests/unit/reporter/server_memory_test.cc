#include "reporter/server_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

const MonotonicTime kStart{1h};

class ServerMemoryTest : public testing::Test {
 protected:
  void Process(int pid, const std::string& command, int resident, int shared,
               const std::string& children = "") const {
    const std::string folder = "/proc/" + std::to_string(pid);
    tree_.Write(folder + "/comm", command + "\n");
    tree_.Write(folder + "/statm",
                "9999 " + std::to_string(resident) + " " + std::to_string(shared) + " 1 0 1 0\n");
    tree_.Write(folder + "/task/" + std::to_string(pid) + "/children", children);
  }
  ServerMemory Of(const ServerProcesses& processes) const {
    return ServerMemory(FileRoot(tree_.root()), processes);
  }
  const std::uint64_t page_ = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  FixtureTree tree_;
};

TEST_F(ServerMemoryTest, SumsWhatTheProcessesOfANameHaveToThemselves) {
  Process(10, "nginx", 100, 60);
  Process(11, "nginx", 50, 20);
  Process(12, "nginx-exporter", 1000, 0);
  tree_.Write("/proc/self/comm", "nginx\n");
  EXPECT_EQ(Of({"nginx", ""}).Read(), 70 * page_);
  EXPECT_EQ(Of({"apache2", ""}).Read(), std::nullopt);
}

TEST_F(ServerMemoryTest, FollowsTheChildrenOfTheProcessInAFile) {
  tree_.Write("/run/server.pid", "10\n");
  Process(10, "apache2", 30, 10, "11 12 ");
  Process(11, "apache2", 30, 10, "13 ");
  Process(12, "cgi", 5, 0);
  Process(13, "php", 7, 0);
  Process(14, "other", 1000, 0);
  EXPECT_EQ(Of({"", "/run/server.pid"}).Read(), 52 * page_);
  EXPECT_EQ(Of({"", "/run/none.pid"}).Read(), std::nullopt);
}

TEST_F(ServerMemoryTest, IsAMeanOverTheConnections) {
  Process(10, "nginx", 100, 0);
  ServerMemory memory = Of({"nginx", ""});
  memory.Take(0, kStart);
  EXPECT_EQ(memory.per_connection(), std::nullopt) << "nothing to divide by";
  memory.Take(4, kStart + 5s);
  EXPECT_DOUBLE_EQ(*memory.per_connection(), 25.0 * static_cast<double>(page_));
  memory.Take(1000, kStart + 6s);
  EXPECT_DOUBLE_EQ(*memory.per_connection(), 25.0 * static_cast<double>(page_)) << "too soon";
  memory.Take(20, kStart + 1h);
  EXPECT_DOUBLE_EQ(*memory.per_connection(), 5.0 * static_cast<double>(page_)) << "long ago";
}

}  // namespace
}  // namespace dnsd::reporter
