#include "dnsd/server/measured_config.h"

#include <gtest/gtest.h>

#include <string>

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;

struct Result {
  MeasuredConfig config{};
  std::string error{};
  answer::MeasuredUse use{};
};

Result Read(const std::string& text) {
  YamlFile file = YamlFile::Parse(text, "dnsd.yaml");
  Result result;
  file.Read([&](YamlMap& root) {
    root.ReadMap("locality", [&](YamlMap& map) { ReadMeasured(map, result.config, result.use); });
  });
  result.error = Message(file.status());
  return result;
}

TEST(ReadMeasured, IsOnUnlessSwitchedOff) {
  EXPECT_EQ(Read("").config, MeasuredConfig());
  EXPECT_EQ(Read("").use, answer::MeasuredUse());
  EXPECT_TRUE(MeasuredConfig().enabled);
  EXPECT_FALSE(Read("locality: {measured: false}\n").config.enabled);
}

TEST(ReadMeasured, ReadsEveryKey) {
  const auto [config, error, use] = Read(
      "locality: {measured: true, measured_max_age: 2h, measured_prefixes: 50000, explore: 0.25, "
      "measured_margin: 12ms}\n");
  EXPECT_EQ(error, "");
  const MeasuredConfig want{true, {50'000, 2h}};
  EXPECT_EQ(config, want);
  EXPECT_EQ(use, (answer::MeasuredUse{0.25F, 12}));
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
      {"explore: 1.5", "dnsd.yaml:2: key 'explore': found '1.5', wanted a number from 0 to 1"},
      {"measured_margin: 11s", "found '11s', wanted"},
      {"measured_margin: 5", "found '5', wanted"},
  };
  for (const auto& c : cases) {
    const std::string error = Read(std::string("locality:\n  ") + c.text + "\n").error;
    EXPECT_NE(error.find(c.want), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace dnsd::server
