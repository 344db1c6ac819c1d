#include "dnsd/answer/cookies.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/octets.h"

namespace dnsd::answer {
namespace {

std::string Unhex(const std::string& hex) {
  std::string octets;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    octets += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return octets;
}

CookieSecret Secret(const std::string& hex) {
  CookieSecret secret;
  const std::string octets = Unhex(hex);
  std::copy(octets.begin(), octets.end(), secret.begin());
  return secret;
}

std::string Hex(std::span<const std::uint8_t> octets) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t octet : octets) {
    hex += kDigits[octet >> 4];
    hex += kDigits[octet & 15];
  }
  return hex;
}

struct Judged {
  CookieVerdict verdict;
  std::string reply;
};

Judged Judge(const Cookies& cookies, const std::string& hex, const char* client,
             std::uint32_t now) {
  const std::string received = Unhex(hex);
  FullCookie reply{};
  const CookieVerdict verdict =
      cookies.Judge(Octets(received), *IpAddress::Parse(client), now, reply);
  return {verdict, Hex(reply)};
}

Cookies Of(std::initializer_list<const char*> secrets) {
  std::vector<CookieSecret> all;
  for (const char* hex : secrets) all.push_back(Secret(hex));
  return Cookies(all);
}

// The secrets, clients, times and cookies of RFC 9018, appendix A.
constexpr const char* kA = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr const char* kA4Old = "dd3bdf9344b678b185a6f5cb60fca715";
constexpr const char* kA4New = "445536bcd2513298075a5d379663c962";
constexpr const char* kClientA1 = "198.51.100.100";
constexpr const char* kCookieA1 = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
constexpr std::uint32_t kTimeA1 = 1559731985;

TEST(Cookies, Rfc9018A1LearningANewServerCookie) {
  const Judged judged = Judge(Of({kA}), "2464c4abcf10c957", kClientA1, kTimeA1);
  EXPECT_EQ(judged.verdict, CookieVerdict::kClient);
  EXPECT_EQ(judged.reply, kCookieA1);
}

TEST(Cookies, Rfc9018A2TheSameClientLearningARenewedServerCookie) {
  const Judged judged = Judge(Of({kA}), kCookieA1, kClientA1, 1559734385);
  EXPECT_EQ(judged.verdict, CookieVerdict::kGood);
  EXPECT_EQ(judged.reply, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77");
}

// The cookie of the example is an hour and 52 minutes old when its answer is given; within its hour
// it is good although its reserved octets are set, and the next one has them zero.
TEST(Cookies, Rfc9018A3AnotherClientWhoseCookieHasReservedOctetsSet) {
  constexpr const char* kCookie = "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
  constexpr const char* kClient = "203.0.113.203";
  constexpr std::uint32_t kMade = 1559727985;
  EXPECT_EQ(Judge(Of({kA}), kCookie, kClient, kMade + 3600).verdict, CookieVerdict::kGood);
  const Judged judged = Judge(Of({kA}), kCookie, kClient, 1559734700);
  EXPECT_EQ(judged.verdict, CookieVerdict::kBad);
  EXPECT_EQ(judged.reply, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e");
}

TEST(Cookies, Rfc9018A4AnIpv6ClientAndASecretThatRolledOver) {
  constexpr const char* kCookie = "22681ab97d52c298010000005cf7c57926556bd0934c72f8";
  constexpr const char* kClient = "2001:db8:220:1:59de:d0f4:8769:82b8";
  const Judged judged = Judge(Of({kA4New, kA4Old}), kCookie, kClient, 1559741961);
  EXPECT_EQ(judged.verdict, CookieVerdict::kGood);
  EXPECT_EQ(judged.reply, "22681ab97d52c298010000005cf7c609a6bb79d16625507a");
  EXPECT_EQ(Judge(Of({kA4New}), kCookie, kClient, 1559741961).verdict, CookieVerdict::kBad);
}

// RFC 9018 §4.3: an hour back, five minutes ahead, renewed after half an hour.
TEST(Cookies, HaveTheirTime) {
  const struct {
    const char* when;
    std::int32_t age;  // seconds
    CookieVerdict want;
    bool renewed;
  } cases[] = {
      {"new", 0, CookieVerdict::kGood, false},
      {"half an hour", 1800, CookieVerdict::kGood, false},
      {"past half an hour", 1801, CookieVerdict::kGood, true},
      {"an hour", 3600, CookieVerdict::kGood, true},
      {"past an hour", 3601, CookieVerdict::kBad, true},
      {"of a clock five minutes ahead", -300, CookieVerdict::kGood, false},
      {"of a clock further ahead", -301, CookieVerdict::kBad, true},
      {"as far away as can be", INT32_MIN, CookieVerdict::kBad, true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.when);
    const Judged judged =
        Judge(Of({kA}), kCookieA1, kClientA1, kTimeA1 + static_cast<std::uint32_t>(c.age));
    EXPECT_EQ(judged.verdict, c.want);
    EXPECT_EQ(judged.reply != kCookieA1, c.renewed);
  }
}

// The 32 bits of seconds run out in 2106 (RFC 1982).
TEST(Cookies, SecondsMayWrap) {
  const Cookies cookies = Of({kA});
  const std::string made = Judge(cookies, "2464c4abcf10c957", kClientA1, 0xFFFFFFF0).reply;
  EXPECT_EQ(Judge(cookies, made, kClientA1, 100).verdict, CookieVerdict::kGood);
  EXPECT_EQ(Judge(cookies, made, kClientA1, 3700).verdict, CookieVerdict::kBad);
}

TEST(Cookies, RefuseWhatIsNotOfTheirMaking) {
  const struct {
    const char* what;
    const char* cookie;
    const char* client;
  } cases[] = {
      {"another address", kCookieA1, "198.51.100.101"},
      {"another family", kCookieA1, "2001:db8::1"},
      {"another client's cookie", "2464c4abcf10c958010000005cf79f111f8130c3eee29480", kClientA1},
      {"version 2", "2464c4abcf10c957020000005cf79f111f8130c3eee29480", kClientA1},
      {"reserved octets touched", "2464c4abcf10c957010000015cf79f111f8130c3eee29480", kClientA1},
      {"a second added", "2464c4abcf10c957010000005cf79f121f8130c3eee29480", kClientA1},
      {"the hash's last bit", "2464c4abcf10c957010000005cf79f111f8130c3eee29481", kClientA1},
      {"an octet too few", "2464c4abcf10c957010000005cf79f111f8130c3eee294", kClientA1},
      {"an octet too many", "2464c4abcf10c957010000005cf79f111f8130c3eee2948000", kClientA1},
      {"BIND's old size", "2464c4abcf10c9570100000000000000", kClientA1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const Judged judged = Judge(Of({kA}), c.cookie, c.client, kTimeA1);
    EXPECT_EQ(judged.verdict, CookieVerdict::kBad);
    // Whatever came, the reply is good next time.
    EXPECT_EQ(Judge(Of({kA}), judged.reply, c.client, kTimeA1).verdict, CookieVerdict::kGood);
  }
}

// RFC 9018 §5: the new secret is told to all servers behind the old, takes its place, and the old
// one goes. At no step does a server turn down what another has made.
TEST(Cookies, ASecretRollsOverWithoutLoss) {
  const Cookies steps[] = {Of({kA4Old}), Of({kA4Old, kA4New}), Of({kA4New, kA4Old}), Of({kA4New})};
  constexpr const char* kClient = "192.0.2.1";
  for (std::size_t i = 0; i + 1 < std::size(steps); ++i) {
    SCOPED_TRACE(i);
    const std::string before = Judge(steps[i], "0123456789abcdef", kClient, kTimeA1).reply;
    const std::string after = Judge(steps[i + 1], "0123456789abcdef", kClient, kTimeA1).reply;
    EXPECT_EQ(Judge(steps[i + 1], before, kClient, kTimeA1).verdict, CookieVerdict::kGood);
    EXPECT_EQ(Judge(steps[i], after, kClient, kTimeA1).verdict, CookieVerdict::kGood);
  }
  EXPECT_EQ(
      Judge(steps[3], Judge(steps[0], "0123456789abcdef", kClient, kTimeA1).reply, kClient, kTimeA1)
          .verdict,
      CookieVerdict::kBad);
}

TEST(Cookies, ACookieOfTheSecondSecretIsRenewedByTheFirst) {
  const std::string old = Judge(Of({kA4Old}), "0123456789abcdef", "192.0.2.1", kTimeA1).reply;
  const Judged judged = Judge(Of({kA4New, kA4Old}), old, "192.0.2.1", kTimeA1);
  EXPECT_EQ(judged.verdict, CookieVerdict::kGood);
  EXPECT_EQ(Judge(Of({kA4New}), judged.reply, "192.0.2.1", kTimeA1).verdict, CookieVerdict::kGood);
}

TEST(Cookies, AreOffWithoutSecrets) {
  EXPECT_FALSE(Cookies().enabled());
  EXPECT_TRUE(Of({kA}).enabled());
}

}  // namespace
}  // namespace dnsd::answer
