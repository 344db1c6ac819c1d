#include "reporter/access_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class AccessLogsTest : public testing::Test {
 protected:
  void Append(const std::string& name, const std::string& line, int times = 1) const {
    std::ofstream out(tree_.root() + name, std::ios::app);
    for (int i = 0; i < times; ++i) out << line << '\n';
  }
  static std::string Line(const std::string& host, int status = 200) {
    return host + (host.empty() ? "" : " ") + "::1 - - [x] \"GET / HTTP/1.1\" " +
           std::to_string(status) + " 10";
  }
  AccessLogs Follow(const std::string& path, const std::string& site = "",
                    bool host_first = false) const {
    return AccessLogs(base_.get(), {{tree_.root() + path, site, host_first}},
                      [](const std::string& name) { return name != "foreign.example"; });
  }
  std::vector<std::string> Sites(AccessLogs& logs, Duration later = 1s) const {
    std::vector<std::string> names;
    const DemandMeter& meter = logs.Read(MonotonicClock::now() + later);
    for (const auto& [name, demand] : meter.sites()) names.push_back(name);
    return names;
  }
  const EventBasePtr base_{event_base_new()};
  FixtureTree tree_;
};

TEST_F(AccessLogsTest, TakeTheSiteFromTheLine) {
  Append("/a.log", Line("before.example"));
  AccessLogs logs = Follow("/a.log", "", true);
  Append("/a.log", Line("B.example:443", 500), 3);
  Append("/a.log", Line("a.example"));
  Append("/a.log", Line("foreign.example"));
  Append("/a.log", Line("not/a/name"));
  Append("/a.log", "no line of a log");
  EXPECT_THAT(Sites(logs), ElementsAre("a.example", "b.example"));
  const DemandMeter& meter = logs.Read(MonotonicClock::now() + 1s);
  EXPECT_NEAR(meter.total().requests / meter.sites().at("a.example").requests, 6, 1e-9);
  EXPECT_NEAR(meter.total().errors / meter.total().requests, 0.5, 1e-9);
}

TEST_F(AccessLogsTest, TakeTheSiteFromThePath) {
  Append("/a.example.log", Line(""));
  Append("/no name.log", Line(""));
  AccessLogs logs = Follow("/{site}.log");
  Append("/a.example.log", Line(""));
  Append("/no name.log", Line(""));
  EXPECT_THAT(Sites(logs), ElementsAre("a.example"));
  Append("/new.example.log", Line(""));
  logs.Find(MonotonicClock::now());
  EXPECT_THAT(Sites(logs, 2s), ElementsAre("a.example", "new.example"));
}

TEST_F(AccessLogsTest, TakeTheSiteFromTheConfiguration) {
  Append("/a.log", "");
  AccessLogs logs = Follow("/a.log", "www.example");
  Append("/a.log", Line(""));
  EXPECT_THAT(Sites(logs), ElementsAre("www.example"));
}

TEST_F(AccessLogsTest, LetGoOfAFileThatHasBeenAwayForAMinute) {
  Append("/a.example.log", "");
  AccessLogs logs = Follow("/{site}.log");
  std::filesystem::remove(tree_.root() + "/a.example.log");
  logs.Find(MonotonicClock::now() + 61s);
  Append("/a.example.log", Line(""));
  EXPECT_THAT(Sites(logs), ElementsAre()) << "nobody looks at it";
  logs.Find(MonotonicClock::now());
  EXPECT_THAT(Sites(logs, 2s), ElementsAre("a.example"));
}

TEST_F(AccessLogsTest, ABusyLogDoesNotKeepTheOthersWaiting) {
  for (const char* name : {"/a.example.log", "/b.example.log"}) Append(name, "");
  AccessLogs logs = Follow("/{site}.log");
  const std::string line = Line("");
  const int more_than_a_look = static_cast<int>(AccessLogs::kMostOctets / (line.size() + 1)) + 10;
  Append("/a.example.log", line, more_than_a_look);
  Append("/b.example.log", line);
  EXPECT_THAT(Sites(logs), ElementsAre("a.example"));
  EXPECT_THAT(Sites(logs, 2s), ElementsAre("a.example", "b.example"));
}

}  // namespace
}  // namespace dnsd::reporter
