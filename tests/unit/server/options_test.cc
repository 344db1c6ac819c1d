#include "dnsd/server/options.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace dnsd::server {
namespace {

Options Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "dnsd");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Options, ReadsEveryFlag) {
  const Options options = Parse({"--listen",
                                 "127.0.0.1:0",
                                 "--listen",
                                 "[::1]:5300",
                                 "--zone",
                                 "lb.example=lb.zone",
                                 "--zone=a.example=a=b.zone",
                                 "--heartbeat-listen",
                                 "127.0.0.1:1",
                                 "--http-listen",
                                 "127.0.0.1:2",
                                 "--state-dir",
                                 "state",
                                 "--workers",
                                 "3",
                                 "--ready-file",
                                 "ready",
                                 "--log-level",
                                 "debug",
                                 "--insecure"});
  EXPECT_EQ(options.command, Options::Command::kServe);
  ASSERT_EQ(options.listen.size(), 2U);
  EXPECT_EQ(options.listen[1].ToString(), "[::1]:5300");
  ASSERT_EQ(options.zones.size(), 2U);
  EXPECT_EQ(options.zones[1].file, "a=b.zone");
  EXPECT_EQ(options.heartbeat_listen->port, 1);
  EXPECT_EQ(options.http_listen->port, 2);
  EXPECT_EQ(options.workers, 3U);
  EXPECT_EQ(options.log_level, "debug");
  EXPECT_TRUE(options.insecure);
}

TEST(Options, CheckTakesTheSameFlags) {
  const Options options = Parse({"check", "-c", "f", "--zone", "a=b"});
  EXPECT_EQ(options.command, Options::Command::kCheck);
  EXPECT_EQ(options.config_path, "f");
  EXPECT_EQ(options.zones.size(), 1U);
}

TEST(Options, UsageErrorsSayWhatWasWantedAndExitWith2) {
  const struct {
    std::vector<const char*> arguments;
    const char* want;
  } cases[] = {
      {{}, "nothing to serve"},
      {{"--listen", "localhost"}, "--listen: found 'localhost', wanted ADDRESS:PORT"},
      {{"--lisen", "127.0.0.1:0"}, "Did you mean --listen?"},
      {{"--zone", "lb.example"}, "--zone: found 'lb.example', wanted APEX=FILE"},
      {{"--zone", "a..b=f"}, "--zone: found 'a..b=f', wanted APEX=FILE"},
      {{"-c", "f", "--workers", "many"}, "--workers"},
      {{"-c", "f", "--log-level", "loud"}, "--log-level"},
      {{"-c", "f", "serve"}, "serve"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.want);
    testing::internal::CaptureStderr();
    const Options options = Parse(c.arguments);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(options.command, Options::Command::kExit);
    EXPECT_EQ(options.exit_status, 2);
    EXPECT_NE(said.find(c.want), std::string::npos) << said;
  }
}

TEST(Options, HelpAndVersionAreNoErrors) {
  for (const char* flag : {"--help", "-h", "--version"}) {
    testing::internal::CaptureStdout();
    const Options options = Parse({flag});
    EXPECT_NE(testing::internal::GetCapturedStdout().find("dnsd"), std::string::npos);
    EXPECT_EQ(options.command, Options::Command::kExit);
    EXPECT_EQ(options.exit_status, 0);
  }
}

TEST(LoadConfig, FlagsOverrideTheFile) {
  const std::string path = testing::TempDir() + "options_test." + std::to_string(getpid());
  std::ofstream(path) << "listen: 127.0.0.1:1\nworkers: 4\nlog: {level: error}\n"
                         "zones: [{apex: file.example, file: f}]\n";
  Options options;
  options.config_path = path;
  options.listen = {*Endpoint::Parse("127.0.0.1:2")};
  options.workers = 0;
  const auto config = LoadConfig(options);
  std::filesystem::remove(path);
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->listen.size(), 1U);
  EXPECT_EQ(config->listen[0].port, 2);
  EXPECT_EQ(config->workers, 0U);
  EXPECT_EQ(config->log_level, "error");
  EXPECT_EQ(config->zones.size(), 1U);
}

TEST(LoadConfig, ChecksWhatTheFlagsSay) {
  Options options;
  options.listen = {*Endpoint::Parse("127.0.0.1:0")};
  options.zones = {{*wire::Name::Parse("a"), "f", "--zone a=f"}};
  options.heartbeat_listen = Endpoint::Parse("0.0.0.0:0");
  EXPECT_EQ(LoadConfig(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.insecure = true;
  EXPECT_TRUE(LoadConfig(options).ok());
}

}  // namespace
}  // namespace dnsd::server
