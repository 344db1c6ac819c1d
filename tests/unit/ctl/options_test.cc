#include "ctl/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace dnsd::ctl {
namespace {

using Command = Options::Command;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OptionsTest : public ::testing::Test {
 protected:
  Options Parse(std::vector<const char*> words) {
    words.insert(words.begin(), "dnsdctl");
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const Options options = ParseOptions(static_cast<int>(words.size()), words.data());
    out_ = ::testing::internal::GetCapturedStdout();
    error_ = ::testing::internal::GetCapturedStderr();
    return options;
  }

  std::string out_, error_;
};

TEST_F(OptionsTest, WatchBeginsWithTenEventsUnlessToldOtherwise) {
  EXPECT_EQ(Parse({"watch"}).past, 10U);
  EXPECT_EQ(Parse({"watch", "-n", "0"}).past, 0U);
  EXPECT_EQ(Parse({"watch", "--past", "-1"}).exit_status, 2);
}

TEST_F(OptionsTest, ACommandWithItsOptions) {
  const Options options = Parse({"drain", "web1", "db*", "--reason", "new disk", "--for", "30m",
                                 "--wait", "--timeout", "10s", "--json", "--socket", "/tmp/s"});
  EXPECT_EQ(options.command, Command::kDrain);
  EXPECT_THAT(options.nodes, ElementsAre("web1", "db*"));
  EXPECT_EQ(options.reason, "new disk");
  EXPECT_EQ(options.hold, std::chrono::minutes(30));
  EXPECT_TRUE(options.wait);
  EXPECT_EQ(options.timeout, std::chrono::seconds(10));
  EXPECT_TRUE(options.json);
  EXPECT_EQ(options.socket, "/tmp/s");
}

TEST_F(OptionsTest, TheSocketComesFromTheEnvironmentToo) {
  setenv("DNSD_CONTROL_SOCKET", "/tmp/e", 1);
  EXPECT_EQ(Parse({"status"}).socket, "/tmp/e");
  unsetenv("DNSD_CONTROL_SOCKET");
  EXPECT_EQ(Parse({"status"}).socket, "/run/dnsd/control.sock");
}

TEST_F(OptionsTest, WhatIsNoCommandIsAUsageErrorWithAHint) {
  EXPECT_EQ(Parse({"drian", "web1"}).exit_status, 2);
  EXPECT_THAT(error_, HasSubstr("Did you mean drain?"));
  EXPECT_EQ(out_, "");
}

TEST_F(OptionsTest, ADnsdElsewhereIsReachedByItsAddress) {
  const Options options = Parse({"--server", "ns1.example:7054", "--ca", "ca.pem", "--cert",
                                 "c.pem", "--key", "k.pem", "--token-file", "t", "status"});
  EXPECT_EQ(options.remote.server, "ns1.example:7054");
  EXPECT_EQ(options.remote.ca, "ca.pem");
  EXPECT_EQ(options.remote.certificate, "c.pem");
  EXPECT_EQ(options.remote.key, "k.pem");
  EXPECT_EQ(options.remote.token_file, "t");
}

TEST_F(OptionsTest, AHistoryIsOfTheLastHourUnlessToldOtherwise) {
  EXPECT_EQ(Parse({"history", "web1"}).back, std::chrono::hours(1));
  const Options options = Parse({"history", "www.example", "--since", "2d"});
  EXPECT_EQ(options.name, "www.example");
  EXPECT_EQ(options.back, std::chrono::hours(48));
}

TEST_F(OptionsTest, MistakesAreUsageErrors) {
  const std::vector<std::vector<const char*>> mistakes = {
      {},
      {"drain"},
      {"drain", "a", "--for", "30"},
      {"drain", "a", "--for", "0s"},
      {"drain", "a", "--timeout", "3s"},
      {"undrain", "a", "--for", "3s"},
      {"log-level", "loud"},
      {"log-level"},
      {"reload", "a", "b"},
      {"explain"},
      {"history"},
      {"status", "--ca", "f"},
      {"status", "--server", "a:1", "--cert", "f"},
      {"status", "--server", "a:1", "-s", "f"}};
  for (const auto& words : mistakes) {
    const Options options = Parse(words);
    EXPECT_EQ(options.command, Command::kExit);
    EXPECT_EQ(options.exit_status, 2);
    EXPECT_NE(error_, "");
  }
}

TEST_F(OptionsTest, HelpGoesToStdout) {
  const Options options = Parse({"--help"});
  EXPECT_EQ(options.exit_status, 0);
  EXPECT_THAT(out_, HasSubstr("drain"));
  EXPECT_EQ(error_, "");
}

}  // namespace
}  // namespace dnsd::ctl
