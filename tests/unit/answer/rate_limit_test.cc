#include "dnsd/answer/rate_limit.h"

#include <gtest/gtest.h>

#include <string>

namespace dnsd::answer {
namespace {

using namespace std::chrono_literals;

constexpr ResponseClass kClasses[] = {ResponseClass::kAnswer, ResponseClass::kReferral,
                                      ResponseClass::kNoData, ResponseClass::kNxDomain,
                                      ResponseClass::kError};
constexpr LimitSubject kWww = {ResponseClass::kAnswer, 0x1111, 1};

IpAddress Client(const char* text) { return *IpAddress::Parse(text); }

// Ten a second of everything, nothing slips.
RateLimitSettings TenASecond() {
  RateLimitSettings settings;
  settings.rates.fill(10);
  settings.slip = 0;
  return settings;
}

// One letter a verdict on each of `count` responses: s sent, d dropped, t slipped with TC.
std::string Ask(RateLimiter& limiter, const char* client, const LimitSubject& subject,
                std::chrono::milliseconds now, int count) {
  std::string verdicts;
  for (int i = 0; i < count; ++i) {
    verdicts += "sdt"[static_cast<std::size_t>(limiter.Judge(Client(client), subject, now))];
  }
  return verdicts;
}

std::string Times(int count, char verdict) {
  return std::string(static_cast<std::size_t>(count), verdict);
}

TEST(RateLimiter, SendsASecondsWorthAndDropsTheRest) {
  RateLimiter limiter(TenASecond(), 1);
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 5s, 12), Times(10, 's') + Times(2, 'd'));
}

TEST(RateLimiter, EarnsWhatTheRateSaysAsTimePasses) {
  RateLimiter limiter(TenASecond(), 1);
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 5000ms, 10), Times(10, 's'));
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 5100ms, 1), "s");
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 5400ms, 3), "sss");
}

TEST(RateLimiter, NeverLimitsAClientThatKeepsToTheRate) {
  RateLimiter limiter(TenASecond(), 1);
  for (auto now = 0ms; now < 60s; now += 100ms) {
    ASSERT_EQ(Ask(limiter, "192.0.2.1", kWww, now, 1), "s") << now.count();
  }
}

TEST(RateLimiter, SendsNothingWhileAFloodLasts) {
  RateLimiter limiter(TenASecond(), 1);
  Ask(limiter, "192.0.2.1", kWww, 0ms, 10);
  for (auto now = 0ms; now < 60s; now += 50ms) {  // twice the rate
    ASSERT_EQ(Ask(limiter, "192.0.2.1", kWww, now, 1), "d") << now.count();
  }
}

TEST(RateLimiter, OwesNoMoreThanItsWindow) {
  RateLimitSettings settings = TenASecond();
  settings.window = 3s;
  RateLimiter limiter(settings, 1);
  Ask(limiter, "192.0.2.1", kWww, 1s, 10'000);
  // 3 s to pay what is owed; every question meanwhile costs a tenth of a second more.
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 4000ms, 1), "d");
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 4150ms, 1), "d");
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 4300ms, 1), "s");
}

TEST(RateLimiter, SlipsEachNthOfTheLimited) {
  const struct {
    std::uint32_t slip;
    const char* want;
  } cases[] = {{0, "dddddddd"}, {1, "tttttttt"}, {2, "dtdtdtdt"}, {3, "ddtddtdd"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.slip);
    RateLimitSettings settings = TenASecond();
    settings.slip = c.slip;
    RateLimiter limiter(settings, 1);
    Ask(limiter, "192.0.2.1", kWww, 0s, 10);
    EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 0s, 8), c.want);
  }
}

TEST(RateLimiter, TellsClientsApartByTheirPrefixAlone) {
  const struct {
    const char* shape;
    const char* flooder;
    const char* other;
    const char* want;
  } cases[] = {
      {"the same /24", "192.0.2.1", "192.0.2.254", "d"},
      {"the next /24", "192.0.2.1", "192.0.3.1", "s"},
      {"the same /56", "2001:db8:0:1200::1", "2001:db8:0:12ff:ffff::9", "d"},
      {"the next /56", "2001:db8:0:1200::1", "2001:db8:0:1300::1", "s"},
      {"the octets of an IPv4 prefix in IPv6", "192.0.2.0", "c000:200::", "s"},
      {"the zero networks", "0.0.0.1", "::1", "s"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    RateLimiter limiter(TenASecond(), 1);
    Ask(limiter, c.flooder, kWww, 0s, 20);
    EXPECT_EQ(Ask(limiter, c.other, kWww, 0s, 1), c.want);
  }
}

TEST(RateLimiter, TakesPrefixesOfEveryLength) {
  const struct {
    std::uint8_t v4, v6;
    const char* flooder;
    const char* other;
    const char* want;
  } cases[] = {
      {0, 56, "0.0.0.0", "255.255.255.255", "d"},
      {1, 56, "127.0.0.1", "128.0.0.1", "s"},
      {31, 56, "192.0.2.2", "192.0.2.3", "d"},
      {32, 56, "192.0.2.2", "192.0.2.3", "s"},
      {24, 0, "::", "ffff::", "d"},
      {24, 63, "2001:db8:0:2::", "2001:db8:0:3::", "d"},
      {24, 64, "2001:db8:0:2::", "2001:db8:0:3::", "s"},
      {24, 64, "2001:db8::1", "2001:db8::8000:0:0:1", "d"},
      {24, 65, "2001:db8::1", "2001:db8::8000:0:0:1", "s"},
      {24, 127, "2001:db8::2", "2001:db8::3", "d"},
      {24, 128, "2001:db8::2", "2001:db8::3", "s"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::to_string(c.v4) + " " + std::to_string(c.v6));
    RateLimitSettings settings = TenASecond();
    settings.ipv4_prefix = c.v4;
    settings.ipv6_prefix = c.v6;
    RateLimiter limiter(settings, 1);
    Ask(limiter, c.flooder, kWww, 0s, 20);
    EXPECT_EQ(Ask(limiter, c.other, kWww, 0s, 1), c.want);
  }
}

TEST(RateLimiter, KeepsAnAccountForEachClassNameAndType) {
  RateLimiter limiter(TenASecond(), 1);
  Ask(limiter, "192.0.2.1", kWww, 0s, 20);
  EXPECT_EQ(Ask(limiter, "192.0.2.1", {ResponseClass::kAnswer, 0x1112, 1}, 0s, 1), "s");
  EXPECT_EQ(Ask(limiter, "192.0.2.1", {ResponseClass::kAnswer, 0x1111, 28}, 0s, 1), "s");
  EXPECT_EQ(Ask(limiter, "192.0.2.1", {ResponseClass::kNoData, 0x1111, 1}, 0s, 1), "s");
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 0s, 1), "d");
}

TEST(RateLimiter, GivesEachClassItsRate) {
  RateLimitSettings settings;
  settings.slip = 0;
  settings.rates = {1, 2, 3, 4, 0};
  RateLimiter limiter(settings, 1);
  for (const ResponseClass c : kClasses) {
    const int rate = static_cast<int>(settings.rate(c));
    const std::string want = rate == 0 ? "ssssss" : Times(rate, 's') + Times(6 - rate, 'd');
    EXPECT_EQ(Ask(limiter, "192.0.2.1", {c, 7, 1}, 0s, 6), want) << rate;
  }
}

TEST(RateLimiter, SendsAllResponsesTogetherAtTheRateOfAll) {
  RateLimitSettings settings = TenASecond();
  settings.all_rate = 25;
  RateLimiter limiter(settings, 1);
  int sent = 0;
  for (std::uint64_t name = 0; name < 100; ++name) {
    const ResponseClass response_class = kClasses[name % kResponseClasses];
    sent += Ask(limiter, "192.0.2.1", {response_class, name, 1}, 0s, 1) == "s" ? 1 : 0;
  }
  EXPECT_EQ(sent, 25);
  EXPECT_EQ(Ask(limiter, "192.0.3.1", kWww, 0s, 1), "s");
}

TEST(RateLimiter, CountsAgainstAllWhatTheClassDoesNotLimit) {
  RateLimitSettings settings;
  settings.slip = 0;
  settings.all_rate = 3;
  RateLimiter limiter(settings, 1);
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 0s, 4), "sssd");
}

TEST(RateLimiter, NeverLimitsTheExempt) {
  RateLimitSettings settings = TenASecond();
  settings.exempt = {*IpPrefix::Parse("192.0.2.64/26"), *IpPrefix::Parse("2001:db8:1::/48")};
  RateLimiter limiter(settings, 1);
  EXPECT_EQ(Ask(limiter, "192.0.2.65", kWww, 0s, 30), Times(30, 's'));
  EXPECT_EQ(Ask(limiter, "2001:db8:1::1", kWww, 0s, 30), Times(30, 's'));
  EXPECT_EQ(Ask(limiter, "2001:db8:2::1", kWww, 0s, 11).back(), 'd');
}

TEST(RateLimiter, HoldsTheHighestAndTheLowestRate) {
  RateLimitSettings settings = TenASecond();
  settings.rate(ResponseClass::kAnswer) = RateLimitSettings::kMostRate;
  settings.rate(ResponseClass::kError) = 1;
  settings.window = 3600s;
  RateLimiter limiter(settings, 1);
  const std::string many = Ask(limiter, "192.0.2.1", kWww, 0s, 1'000'001);
  EXPECT_EQ(many.find('d'), 1'000'000U);
  const LimitSubject error = {ResponseClass::kError, 0, 0};
  EXPECT_EQ(Ask(limiter, "192.0.2.1", error, 0s, 5000), "s" + Times(4999, 'd'));
  // 3,600 s owed and one second's worth to have: free again after them.
  EXPECT_EQ(Ask(limiter, "192.0.2.1", error, 3599s, 1), "d");
  EXPECT_EQ(Ask(limiter, "192.0.2.1", error, 3602s, 1), "s");
}

// A machine that has been up for years.
TEST(RateLimiter, CountsFromAnyTimeOn) {
  RateLimiter limiter(TenASecond(), 1);
  const std::chrono::milliseconds late = std::chrono::hours(24 * 365 * 50);
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, late, 11), Times(10, 's') + "d");
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, late + 300ms, 1), "s");
}

TEST(RateLimiter, TakesRoomOnceForAsManyAccountsAsConfigured) {
  const struct {
    std::uint32_t entries;
    std::size_t want;
  } cases[] = {{1, 4}, {4, 4}, {5, 8}, {1000, 1024}, {65'536, 65'536}};
  for (const auto& c : cases) {
    RateLimitSettings settings = TenASecond();
    settings.entries = c.entries;
    EXPECT_EQ(RateLimiter(settings, 1).entries(), c.want);
  }
}

TEST(RateLimiter, RemembersWhoIsLimitedThroughAFloodOfNames) {
  RateLimitSettings settings = TenASecond();
  settings.entries = 64;
  RateLimiter limiter(settings, 1);
  Ask(limiter, "192.0.2.1", kWww, 0s, 30);
  for (std::uint64_t name = 0; name < 100'000; ++name) {
    Ask(limiter, "192.0.2.1", {ResponseClass::kAnswer, name << 32, 1}, 0s, 1);
  }
  EXPECT_EQ(Ask(limiter, "192.0.2.1", kWww, 0s, 1), "d");
}

TEST(RateLimiter, SpreadsAccountsEvenly) {
  RateLimitSettings settings = TenASecond();
  settings.entries = 4096;
  RateLimiter limiter(settings, 1);
  // Half as many prefixes as there is room for, each at its limit: nearly all must be remembered.
  constexpr int kPrefixes = 2048;
  const auto client = [](int i) {
    return "10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".1";
  };
  for (int i = 0; i < kPrefixes; ++i) Ask(limiter, client(i).c_str(), kWww, 0s, 12);
  int remembered = 0;
  for (int i = 0; i < kPrefixes; ++i) {
    remembered += Ask(limiter, client(i).c_str(), kWww, 0s, 1) == "d" ? 1 : 0;
  }
  // In lines of four with two taken on average, 8 % of the prefixes have no room (Poisson).
  EXPECT_GT(remembered, kPrefixes * 85 / 100);
}

TEST(RateLimiter, PutsNamesElsewhereUnderAnotherSeed) {
  RateLimitSettings settings = TenASecond();
  settings.entries = 8;
  // Which of a few names survive in two lines depends on the seed.
  const auto survivors = [&](std::uint64_t seed) {
    RateLimiter limiter(settings, seed);
    std::string all;
    for (std::uint64_t name = 1; name <= 12; ++name) {
      Ask(limiter, "192.0.2.1", {ResponseClass::kAnswer, name, 1}, 0s, 11);
    }
    for (std::uint64_t name = 1; name <= 12; ++name) {
      all += Ask(limiter, "192.0.2.1", {ResponseClass::kAnswer, name, 1}, 0s, 1);
    }
    return all;
  };
  EXPECT_EQ(survivors(1), survivors(1));
  int differ = 0;
  for (std::uint64_t seed = 2; seed < 10; ++seed) differ += survivors(seed) != survivors(1) ? 1 : 0;
  EXPECT_GT(differ, 4);
}

}  // namespace
}  // namespace dnsd::answer
