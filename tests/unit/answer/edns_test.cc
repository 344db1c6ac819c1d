// What a response's OPT tells, and the questions that are not of class IN.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/answer/asking.h"

namespace dnsd::answer {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using wire::RrType;

constexpr int kFormErr = 1, kServFail = 2, kNxDomain = 3, kRefused = 5, kBadVers = 16;

std::string Option(int code, const std::string& data) {
  return U16(static_cast<std::size_t>(code)) + U16(data.size()) + data;
}
const std::string kNsidAsked = Option(3, "");
const std::string kKeepaliveAsked = Option(11, "");
// The client cookie and the cookie of RFC 9018, appendix A.1.
const std::string kClientCookie = "\x24\x64\xC4\xAB\xCF\x10\xC9\x57";
const std::string kCookieA1 =
    kClientCookie + "\1\0\0\0\x5C\xF7\x9F\x11\x1F\x81\x30\xC3\xEE\xE2\x94\x80"s;

// An OPT of 1232 octets and these options.
std::string Opt(const std::string& options, char version = 0) {
  return "\0\0\x29\4\xD0\0"s + version + "\0\0"s + U16(options.size()) + options;
}

// The octets of a query with this OPT behind it.
std::string Question(const std::string& name, RrType type, const std::string& opt,
                     std::size_t qclass = 1) {
  std::string message = QueryOctets(name, type, {});
  message.replace(message.size() - 2, 2, U16(qclass));
  if (!opt.empty()) message[11] = 1;
  return message + opt;
}

class EdnsTest : public AskingTest {
 protected:
  void SetUp() override {
    zone::SiteOptions down;
    down.all_down = zone::AllDown::kServFail;
    rules_.Add("down.example", down);
    std::string text = "www A 10.0.0.1\ndown A 10.0.1.1\ndown A 10.0.1.2\n";
    for (int i = 0; i < 16; ++i)
      text += "big TXT \"" + std::string(40, 'a' + static_cast<char>(i)) + "\"\n";
    AddZone("example", text);
    NodeEntry dead = NodeOfLoad(0);
    dead.tier = fleet::Tier::kExcluded;
    AddNode(dead, {"10.0.1.1", "10.0.1.2"});
    Start();
    const CookieSecret secret = {0xE5, 0xE9, 0x73, 0xE5, 0xA6, 0xB2, 0xA4, 0x3F,
                                 0x48, 0xE7, 0xDC, 0x84, 0x9E, 0x37, 0xBF, 0xCF};
    served_->cookies = Cookies({&secret, 1});
    served_->nsid = {'n', 's', '1'};
    responder_->set_tcp_keepalive(100);
    responder_->set_wall_time(WallTime(1559731985s));
    from_a1_.client = "198.51.100.100";
    tcp_.transport = Transport::kTcp;
  }

  // The options of the response to a question for `name` with these; its OPT is the last record.
  std::string Options(const std::string& options, const Asking& asking = {},
                      const std::string& name = "www.example") {
    const Reply reply = Send(Question(name, RrType::kA, Opt(options)), asking);
    EXPECT_TRUE(reply.edns);
    const std::size_t opt = reply.octets.rfind("\0\0\x29\4\xD0"s);
    return opt == std::string::npos ? "no OPT" : reply.octets.substr(opt + 11);
  }

  Asking from_a1_, tcp_;
};

TEST_F(EdnsTest, TellsItsIdentifierToThoseWhoAsk) {
  EXPECT_EQ(Options(kNsidAsked), Option(3, "ns1"));
  EXPECT_EQ(Options(""), "");
  served_->nsid.clear();
  EXPECT_EQ(Options(kNsidAsked), "");
}

TEST_F(EdnsTest, AnswersACookieWithACookie) {
  EXPECT_EQ(Options(Option(10, kClientCookie), from_a1_), Option(10, kCookieA1));
  EXPECT_EQ(Options(Option(10, kCookieA1), from_a1_), Option(10, kCookieA1));
  EXPECT_EQ(Options("", from_a1_), "") << "nobody who did not send one gets one";
  const std::string elsewhere = Options(Option(10, kCookieA1));
  EXPECT_NE(elsewhere, Option(10, kCookieA1)) << "it is another client's";
  EXPECT_EQ(elsewhere.size(), Option(10, kCookieA1).size());
}

// A resolver's cookie is the resolver's, for whomever it asks.
TEST_F(EdnsTest, ACookieIsOfTheAddressThatAsksNotOfTheSubnetToldOf) {
  const std::string subnet = Option(8, "\0\1\x18\0\xC0\0\2"s);
  EXPECT_EQ(Options(subnet + Option(10, kCookieA1), from_a1_), subnet + Option(10, kCookieA1));
}

TEST_F(EdnsTest, KnowsTheTimeItIsTold) {
  responder_->set_wall_time(WallTime(1559734385s + 999ms));
  EXPECT_EQ(
      Options(Option(10, kCookieA1), from_a1_),
      Option(10, kClientCookie + "\1\0\0\0\x5C\xF7\xA8\x71\xD4\xA5\x64\xA1\x44\x2A\xCA\x77"s));
}

TEST_F(EdnsTest, ACookieWithoutAQuestionIsAnswered) {
  const std::string message = "\x12\x34\0\0\0\0\0\0\0\0\0\1"s + Opt(Option(10, kClientCookie));
  const Reply reply = Send(message, from_a1_);
  EXPECT_EQ(reply.rcode, 0);
  EXPECT_FALSE(reply.aa);
  EXPECT_EQ(reply.octets, "\x12\x34\x80\0\0\0\0\0\0\0\0\1"s + Opt(Option(10, kCookieA1)));
  served_->cookies = Cookies();
  EXPECT_EQ(Send(message, from_a1_).rcode, kFormErr);
}

TEST_F(EdnsTest, WithoutCookiesTheOptionIsIgnored) {
  served_->cookies = Cookies();
  EXPECT_EQ(Options(Option(10, kClientCookie)), "");
  EXPECT_EQ(Send(Question("www.example", RrType::kA, Opt(Option(10, "short")))).rcode, kFormErr);
}

// Nobody can put a forged address behind a cookie that is good.
TEST_F(EdnsTest, ACookieThatIsGoodIsNotRateLimited) {
  served_->rate_limit.emplace();
  served_->rate_limit->rates.fill(1);
  served_->rate_limit->slip = 0;
  responder_->Adopt(*served_);
  responder_->set_time(1s);
  const auto ask = [&](const std::string& options) {
    return Send(Question("www.example", RrType::kA, Opt(options)), from_a1_).rcode;
  };
  while (ask("") == 0) {
  }
  EXPECT_EQ(ask(Option(10, kCookieA1)), 0);
  EXPECT_EQ(ask(Option(10, kClientCookie)), -1) << "anybody can make one up";
  std::string bad = kCookieA1;
  bad.back() ^= 1;
  EXPECT_EQ(ask(Option(10, bad)), -1);
  EXPECT_EQ(ask(Option(10, kCookieA1)), 0);
}

// RFC 7828: asked for, over TCP; tenths of a second.
TEST_F(EdnsTest, TellsHowLongAConnectionMayIdle) {
  EXPECT_EQ(Options(kKeepaliveAsked, tcp_), Option(11, "\0\x64"s));
  EXPECT_EQ(Options("", tcp_), "");
  EXPECT_EQ(Options(kKeepaliveAsked), "") << "over UDP there is no connection";
  EXPECT_EQ(Options(Option(11, "\0\1"s)), "");
  EXPECT_EQ(Send(Question("www.example", RrType::kA, Opt(Option(11, "\0\1"s))), tcp_).rcode,
            kFormErr);
  responder_->set_tcp_keepalive(0);
  EXPECT_EQ(Options(kKeepaliveAsked, tcp_), Option(11, "\0\0"s)) << "close, once answered";
}

TEST_F(EdnsTest, SaysWhyItDoesNotAnswer) {
  const struct {
    const char* what;
    std::string message;
    int rcode;
    std::string options;
  } cases[] = {
      {"outside", Question("example.org", RrType::kA, Opt("")), kRefused, Option(15, "\0\x14"s)},
      {"AXFR", Question("example", RrType::kAxfr, Opt("")), kRefused, Option(15, "\0\x12"s)},
      {"IXFR", Question("example", RrType::kIxfr, Opt("")), kRefused, Option(15, "\0\x12"s)},
      {"TKEY", Question("example", RrType::kTkey, Opt("")), kRefused, Option(15, "\0\x15"s)},
      {"class HS", Question("www.example", RrType::kA, Opt(""), 4), kRefused,
       Option(15, "\0\x15"s)},
      {"class CH", Question("id.server", RrType::kTxt, Opt(""), 3), kRefused,
       Option(15, "\0\x15"s)},
      {"all down", Question("down.example", RrType::kA, Opt("")), kServFail,
       Option(15, "\0\x18no server of this site is up"s)},
      {"no such name", Question("no.example", RrType::kA, Opt("")), kNxDomain, ""},
      {"a name", Question("www.example", RrType::kA, Opt("")), 0, ""},
      {"outside, with NSID", Question("example.org", RrType::kA, Opt(kNsidAsked)), kRefused,
       Option(3, "ns1") + Option(15, "\0\x14"s)},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const Reply reply = Send(c.message);
    EXPECT_EQ(reply.rcode, c.rcode);
    EXPECT_TRUE(reply.octets.ends_with(Opt(c.options)));
  }
  EXPECT_FALSE(Send(Question("example.org", RrType::kA, "")).edns) << "not to a query without OPT";
}

TEST_F(EdnsTest, BadversAnswersNoOption) {
  const Reply reply =
      Send(Question("www.example", RrType::kA, Opt(kNsidAsked + Option(10, kClientCookie), 1)));
  EXPECT_EQ(reply.rcode, kBadVers);
  EXPECT_TRUE(reply.octets.ends_with("\0\0\x29\4\xD0\1\0\0\0\0\0"s)) << "our version is 0";
}

// What OPT takes is not there for records.
TEST_F(EdnsTest, OptionsFitInWhateverTheClientTakes) {
  served_->nsid.assign(128, 'n');
  const std::string options =
      kNsidAsked + Option(10, kClientCookie) + Option(8, "\0\2\x80\0"s + std::string(16, '\0'));
  bool whole = false;
  for (std::size_t size = 0; size <= 1232; ++size) {
    std::string opt = Opt(options);
    opt.replace(3, 2, U16(size));
    const Reply reply = Send(Question("big.example", RrType::kTxt, opt));
    ASSERT_LE(reply.octets.size(), std::max<std::size_t>(size, 512));
    ASSERT_NE(reply.octets.find(std::string(128, 'n')), std::string::npos);
    ASSERT_EQ(reply.answer.size(), reply.tc ? 0U : 16U);
    ASSERT_TRUE(!whole || !reply.tc);
    whole = !reply.tc;
  }
  EXPECT_TRUE(whole);
  const std::string longest = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                              std::string(63, 'c') + "." + std::string(53, 'd') + ".example";
  std::string opt = Opt(options);
  opt.replace(3, 2, U16(512));
  const Reply reply = Send(Question(longest, RrType::kA, opt));
  EXPECT_EQ(reply.rcode, kNxDomain);
  EXPECT_NE(reply.octets.find(std::string(128, 'n')), std::string::npos);
}

TEST_F(EdnsTest, TellsOfItselfInClassChaos) {
  served_->chaos = ChaosTexts("dnsd", "ns1");
  const Reply reply = Send(Question("Version.Bind", RrType::kTxt, "", 3));
  EXPECT_EQ(reply.rcode, 0);
  EXPECT_TRUE(reply.aa);
  EXPECT_EQ(reply.answer, std::vector<std::string>{"Version.Bind. 0 CH TXT \"dnsd\""});
  EXPECT_TRUE(reply.authority.empty());
  EXPECT_EQ(Send(Question("id.server", RrType::kAny, Opt(""), 3)).answer.size(), 1U);
  const Reply refused = Send(Question("authors.bind", RrType::kTxt, "", 3));
  EXPECT_EQ(refused.rcode, kRefused);
  EXPECT_FALSE(refused.aa);
  EXPECT_EQ(Send(Question("version.bind", RrType::kTxt, "", 1)).rcode, kRefused);
}

// RFC 1035 §3.2.5 and §6.2.
TEST_F(EdnsTest, EveryClassIsInWithoutAuthority) {
  const Reply reply = Send(Question("www.example", RrType::kA, "", 255));
  EXPECT_EQ(reply.rcode, 0);
  EXPECT_FALSE(reply.aa);
  EXPECT_EQ(reply.rdata(), std::vector<std::string>{"10.0.0.1"});
  EXPECT_EQ(Send(Question("no.example", RrType::kA, "", 255)).rcode, kNxDomain);
  for (const std::size_t qclass : {0U, 2U, 4U, 254U, 256U, 65535U}) {
    EXPECT_EQ(Send(Question("www.example", RrType::kA, "", qclass)).rcode, kRefused);
  }
}

}  // namespace
}  // namespace dnsd::answer
