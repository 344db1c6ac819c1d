#include "dnsd/server/rate_limit_config.h"

#include <gtest/gtest.h>

#include <string>

namespace dnsd::server {
namespace {

using answer::RateLimitSettings;
using answer::ResponseClass;
using namespace std::chrono_literals;

struct Read {
  RateLimitSettings settings;
  std::string faults;
};

Read ReadText(const std::string& text) {
  Read read;
  YamlFile file = YamlFile::Parse(text, "dnsd.yaml");
  file.Read([&](YamlMap& root) {
    root.ReadMap("rate_limit", [&](YamlMap& map) { read.settings = ReadRateLimit(map); });
  });
  read.faults = Message(file.status());
  return read;
}

TEST(ReadRateLimit, GivesEveryClassTheRateOfAnswersUnlessToldOtherwise) {
  const Read read = ReadText("rate_limit: {responses_per_second: 100, errors_per_second: 0}");
  EXPECT_EQ(read.faults, "");
  EXPECT_EQ(read.settings.rate(ResponseClass::kAnswer), 100U);
  EXPECT_EQ(read.settings.rate(ResponseClass::kReferral), 100U);
  EXPECT_EQ(read.settings.rate(ResponseClass::kNoData), 100U);
  EXPECT_EQ(read.settings.rate(ResponseClass::kNxDomain), 100U);
  EXPECT_EQ(read.settings.rate(ResponseClass::kError), 0U);
  EXPECT_EQ(read.settings.all_rate, 0U);
  EXPECT_EQ(read.settings.slip, 2U);
  EXPECT_EQ(read.settings.window, 15s);
  EXPECT_EQ(read.settings.ipv4_prefix, 24);
  EXPECT_EQ(read.settings.ipv6_prefix, 56);
  EXPECT_EQ(read.settings.entries, 65'536U);
  EXPECT_TRUE(read.settings.exempt.empty());
  EXPECT_FALSE(read.settings.dry_run);
}

TEST(ReadRateLimit, ReadsEveryKey) {
  const Read read = ReadText(R"(
rate_limit:
  responses_per_second: 1000000
  referrals_per_second: 2
  nodata_per_second: 3
  nxdomains_per_second: 4
  errors_per_second: 5
  all_per_second: 6
  slip: 0
  window: 1h
  ipv4_prefix: 32
  ipv6_prefix: 64
  entries: 1024
  exempt: [192.0.2.0/24, "2001:db8::1"]
  dry_run: true
)");
  EXPECT_EQ(read.faults, "");
  const RateLimitSettings& s = read.settings;
  EXPECT_EQ(s.rates, (std::array<std::uint32_t, 5>{1'000'000, 2, 3, 4, 5}));
  EXPECT_EQ(s.all_rate, 6U);
  EXPECT_EQ(s.slip, 0U);
  EXPECT_EQ(s.window, 3600s);
  EXPECT_EQ(s.ipv4_prefix, 32);
  EXPECT_EQ(s.ipv6_prefix, 64);
  EXPECT_EQ(s.entries, 1024U);
  ASSERT_EQ(s.exempt.size(), 2U);
  EXPECT_EQ(s.exempt[1].ToString(), "2001:db8::1/128");
  EXPECT_TRUE(s.dry_run);
}

TEST(ReadRateLimit, SaysWhatIsWrongAndWhatWasWanted) {
  const std::string rate = "responses_per_second: 5, ";
  const struct {
    std::string text;
    const char* want;
  } cases[] = {
      {"slip: 1", "'responses_per_second' is missing, wanted how many alike"},
      {rate + "slip: 101", "'slip': found '101', wanted a whole number from 0 to 100"},
      {rate + "window: 500ms", "'window': found '500ms'"},
      {rate + "ipv4_prefix: 33", "'ipv4_prefix': found '33', wanted a whole number from 1 to 32"},
      {rate + "ipv6_prefix: 0", "'ipv6_prefix': found '0', wanted a whole number from 1 to 128"},
      {rate + "entries: 1023", "'entries': found '1023'"},
      {rate + "exempt: here", "'exempt': found 'here'"},
      {rate + "log-only: yes", "unknown key 'log-only' in 'rate_limit'"},
      {"responses_per_second: 1000001", "wanted a whole number from 0 to 1000000"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const std::string faults = ReadText("rate_limit: {" + c.text + "}").faults;
    EXPECT_NE(faults.find(c.want), std::string::npos) << faults;
  }
}

}  // namespace
}  // namespace dnsd::server
