#include "dnsd/server/measured_config.h"

#include <gtest/gtest.h>

#include <utility>

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;

std::pair<MeasuredConfig, std::string> Read(const std::string& text) {
  YamlFile file = YamlFile::Parse(text, "dnsd.yaml");
  MeasuredConfig config;
  file.Read([&](YamlMap& root) {
    root.ReadMap("locality", [&](YamlMap& map) { ReadMeasured(map, config); });
  });
  return {config, Message(file.status())};
}

TEST(ReadMeasured, IsOnUnlessSwitchedOff) {
  EXPECT_EQ(Read("").first, MeasuredConfig());
  EXPECT_TRUE(MeasuredConfig().enabled);
  EXPECT_FALSE(Read("locality: {measured: false}\n").first.enabled);
}

TEST(ReadMeasured, ReadsEveryKey) {
  const auto [config, error] = Read(
      "locality: {measured: true, measured_max_age: 2h, measured_prefixes: 50000}\n");
  EXPECT_EQ(error, "");
  const MeasuredConfig want{true, {50'000, 2h}};
  EXPECT_EQ(config, want);
}

TEST(ReadMeasured, NamesTheLineAndWhatWasWanted) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"measured: off", "dnsd.yaml:2: key 'measured': found 'off', wanted true or false"},
      {"measured_max_age: 59s", "found '59s', wanted"},
      {"measured_max_age: 25h", "found '25h', wanted"},
      {"measured_prefixes: 999", "found '999', wanted a whole number from 1000 to 10000000"},
      {"measured_prefixes: 10000001",
       "found '10000001', wanted a whole number from 1000 to 10000000"},
      {"measurd: true", "measured"},
  };
  for (const auto& c : cases) {
    const std::string error = Read(std::string("locality:\n  ") + c.text + "\n").second;
    EXPECT_NE(error.find(c.want), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace dnsd::server
