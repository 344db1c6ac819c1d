#include "dnsd/base/log_target.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "dnsd/base/log.h"

namespace dnsd {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class LogTargets : public testing::Test {
 protected:
  LogTargets() { StartLogging("log_target_test", "info"); }
  ~LogTargets() override {
    EXPECT_TRUE(SetLogTarget({}).ok());
    for (const std::string& path : {path_, path_ + ".1"}) std::remove(path.c_str());
  }
  static std::string Read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const std::string path_ = testing::TempDir() + "log." + std::to_string(getpid());
};

TEST_F(LogTargets, AFileHasALineAMessage) {
  ASSERT_TRUE(SetLogTarget({.to = path_}).ok());
  spdlog::warn("node n1 is gone");
  EXPECT_THAT(Read(path_),
              MatchesRegex("[-0-9]+T[0-9:.]+ log_target_test warning: node n1 is gone\n"));
}

TEST_F(LogTargets, AFileMovedAwayIsBegunAnew) {
  ASSERT_TRUE(SetLogTarget({.to = path_}).ok());
  spdlog::info("before");
  ASSERT_EQ(std::rename(path_.c_str(), (path_ + ".1").c_str()), 0);
  ASSERT_TRUE(SetLogTarget({.to = path_}).ok());
  spdlog::info("after");
  EXPECT_THAT(Read(path_ + ".1"), HasSubstr("before\n"));
  EXPECT_THAT(Read(path_), HasSubstr("after\n"));
}

TEST_F(LogTargets, AnotherIsAppendedTo) {
  std::ofstream(path_) << "earlier\n";
  ASSERT_TRUE(SetLogTarget({.to = path_}).ok());
  spdlog::info("later");
  EXPECT_THAT(Read(path_), MatchesRegex("earlier\n.* later\n"));
}

TEST_F(LogTargets, JsonIsAnObjectALineWhateverTheMessageHolds) {
  ASSERT_TRUE(SetLogTarget({.to = path_, .json = true}).ok());
  spdlog::error("a \"quoted\"\nline, \xFF");
  const std::string text = Read(path_);
  ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["program"], "log_target_test");
  EXPECT_EQ(line["message"], "a \"quoted\"\nline, \xEF\xBF\xBD");
  EXPECT_THAT(line["time"].get<std::string>(),
              MatchesRegex("[0-9-]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9]+Z"));
}

TEST_F(LogTargets, OneThatCannotBeOpenedChangesNothing) {
  ASSERT_TRUE(SetLogTarget({.to = path_}).ok());
  const absl::Status status = SetLogTarget({.to = "/proc/no/such/file"});
  EXPECT_THAT(Message(status), HasSubstr("cannot write the log /proc/no/such/file"));
  spdlog::info("still here");
  EXPECT_THAT(Read(path_), HasSubstr("still here\n"));
}

}  // namespace
}  // namespace dnsd
