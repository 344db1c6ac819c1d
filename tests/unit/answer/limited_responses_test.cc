// The responder with rate limits: which responses share an account, and what becomes of those above
// the rate.
#include "tests/unit/answer/asking.h"

namespace dnsd::answer {
namespace {

using namespace std::chrono_literals;
using wire::RrType;

constexpr std::uint32_t kRate = 4;

class LimitedResponses : public AskingTest {
 protected:
  void SetUp() override {
    settings_.rates.fill(kRate);
    settings_.slip = 0;
    AddZone("example",
            "www 60 A 192.0.2.1\nwww 60 TXT here\nsite 0 A 192.0.2.1\nsite 0 A 192.0.2.2\n"
            "*.wild 60 A 192.0.2.3\n*.pool 0 A 192.0.2.1\n*.pool 0 A 192.0.2.2\n"
            "sub NS ns.sub\nns.sub A 192.0.2.4\nalias CNAME www\nold DNAME wild\n"
            "lost CNAME nowhere\n");
  }
  // What Start does, and the limits.
  void StartLimited() {
    Start();
    Limit();
  }
  void Limit() {
    served_->rate_limit = settings_;
    responder_->Adopt(*served_);
    responder_->set_time(10s);
  }
  // How many of `count` queries are answered; %d in a name becomes the query's number.
  int Flood(const std::string& name, RrType type, int count, const Asking& asking = {}) {
    int answered = 0;
    for (int i = 0; i < count; ++i) {
      std::string one = name;
      if (const auto at = one.find("%d"); at != std::string::npos) {
        one.replace(at, 2, std::to_string(i));
      }
      answered += Ask(one, type, asking).rcode >= 0 ? 1 : 0;
    }
    return answered;
  }

  RateLimitSettings settings_;
};

TEST_F(LimitedResponses, AreNotSentAboveTheRate) {
  for (const char* name :
       {"www.example", "site.example", "x.wild.example", "x.pool.example", "alias.example",
        "none.example", "x.sub.example", "x.old.example", "lost.example", "elsewhere.test"}) {
    SCOPED_TRACE(name);
    StartLimited();
    EXPECT_EQ(Flood(name, RrType::kA, 10), static_cast<int>(kRate));
  }
}

TEST_F(LimitedResponses, AreCounted) {
  settings_.slip = 2;
  StartLimited();
  Flood("www.example", RrType::kA, 10);
  EXPECT_EQ(stats_.queries[0].value(), 10U);
  EXPECT_EQ(stats_.rate_dropped.value(), 3U);
  EXPECT_EQ(stats_.rate_slipped.value(), 3U);
  EXPECT_EQ(stats_.truncated.value(), 3U);
  EXPECT_EQ(stats_.responses[0].value(), 7U);
}

TEST_F(LimitedResponses, ShareAnAccountWhereOneIsAsGoodAsAnother) {
  const struct {
    const char* shape;
    const char* name;
  } cases[] = {
      {"names that do not exist", "x%d.example"},
      {"at different depths", "a.x%d.b.example"},
      {"out of a wildcard", "x%d.wild.example"},
      {"at different depths below one", "a.x%d.b.wild.example"},
      {"sites out of a wildcard", "x%d.pool.example"},
      {"referrals to one cut", "x%d.sub.example"},
      {"through a DNAME into a wildcard", "x%d.old.example"},
      {"outside the zones", "x%d.test"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    StartLimited();
    EXPECT_EQ(Flood(c.name, RrType::kA, 20), static_cast<int>(kRate));
  }
}

TEST_F(LimitedResponses, HaveAnAccountForEachNameAndType) {
  StartLimited();
  EXPECT_EQ(Flood("www.example", RrType::kA, 10), static_cast<int>(kRate));
  EXPECT_EQ(Flood("www.example", RrType::kTxt, 10), static_cast<int>(kRate));
  EXPECT_EQ(Flood("site.example", RrType::kA, 10), static_cast<int>(kRate));
  EXPECT_EQ(Flood("x.wild.example", RrType::kA, 10), static_cast<int>(kRate));
}

TEST_F(LimitedResponses, OfNoDataShareOneWhateverTheType) {
  StartLimited();
  int answered = 0;
  for (const RrType type : {RrType::kMx, RrType::kAaaa, RrType::kNs, RrType::kSrv, RrType::kSoa}) {
    answered += Flood("www.example", type, 2);
  }
  EXPECT_EQ(answered, static_cast<int>(kRate));
}

TEST_F(LimitedResponses, OfErrorsShareOneWhateverTheError) {
  StartLimited();
  int answered = 0;
  for (int i = 0; i < 5; ++i) {
    answered += Send(QueryOctets("www.example", RrType::kA, {}) + "left over").rcode == 1 ? 1 : 0;
    answered += Ask("www.example", RrType::kAxfr).rcode == 5 ? 1 : 0;
    std::string notify = QueryOctets("www.example", RrType::kA, {});
    notify[2] = 4 << 3;
    answered += Send(notify).rcode == 4 ? 1 : 0;
  }
  EXPECT_EQ(answered, static_cast<int>(kRate));
}

TEST_F(LimitedResponses, FollowTheRateOfTheirClass) {
  settings_.rates = {1, 2, 3, 4, 5};
  StartLimited();
  EXPECT_EQ(Flood("www.example", RrType::kA, 10), 1);
  EXPECT_EQ(Flood("x.sub.example", RrType::kA, 10), 2);
  EXPECT_EQ(Flood("www.example", RrType::kMx, 10), 3);
  EXPECT_EQ(Flood("none.example", RrType::kMx, 10), 4);
  EXPECT_EQ(Flood("elsewhere.test", RrType::kMx, 10), 5);
}

TEST_F(LimitedResponses, ThatSlipAreEmptyWithTc) {
  settings_.slip = 1;
  const struct {
    const char* name;
    RrType type;
    int rcode;
    bool aa;
  } cases[] = {
      {"www.example", RrType::kA, 0, true},    {"site.example", RrType::kA, 0, true},
      {"www.example", RrType::kMx, 0, true},   {"none.example", RrType::kA, 3, true},
      {"x.sub.example", RrType::kA, 0, false}, {"x.old.example", RrType::kA, 0, true},
      {"lost.example", RrType::kA, 3, true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    StartLimited();
    Flood(c.name, c.type, kRate);
    Asking edns;
    edns.edns = 4096;
    for (const Asking& asking : {Asking{}, edns}) {
      const Reply reply = Ask(c.name, c.type, asking);
      EXPECT_EQ(reply.rcode, c.rcode);
      EXPECT_TRUE(reply.tc);
      EXPECT_EQ(reply.aa, c.aa);
      EXPECT_EQ(reply.edns, asking.edns.has_value());
      EXPECT_TRUE(reply.answer.empty() && reply.authority.empty() && reply.additional.empty());
      // Header and question, and OPT: nothing to amplify with.
      EXPECT_EQ(reply.octets.size(), QueryOctets(c.name, c.type, asking).size());
    }
  }
}

TEST_F(LimitedResponses, ThatAreErrorsSlipAsTheyAre) {
  settings_.slip = 1;
  StartLimited();
  Flood("elsewhere.test", RrType::kA, 10);
  const Reply reply = Ask("elsewhere.test", RrType::kA);
  EXPECT_EQ(reply.rcode, 5);
  EXPECT_FALSE(reply.tc);
}

TEST_F(LimitedResponses, AreSentWhateverTheirNumberOverTcp) {
  StartLimited();
  Asking tcp;
  tcp.transport = Transport::kTcp;
  EXPECT_EQ(Flood("www.example", RrType::kA, 20, tcp), 20);
  // And these do not count against those over UDP.
  EXPECT_EQ(Flood("www.example", RrType::kA, 20), static_cast<int>(kRate));
}

TEST_F(LimitedResponses, AreThoseToWhoGetsThemNotToWhomEcsNames) {
  StartLimited();
  Asking subnet;
  int answered = 0;
  for (const char* network : {"192.0.2.0/24", "198.18.0.0/24", "203.0.113.0/24"}) {
    subnet.subnet = network;
    answered += Flood("site.example", RrType::kA, 10, subnet);
  }
  EXPECT_EQ(answered, static_cast<int>(kRate));
  Asking other;
  other.client = "198.51.101.1";
  EXPECT_EQ(Flood("site.example", RrType::kA, 10, other), static_cast<int>(kRate));
}

TEST_F(LimitedResponses, AreSentWhateverTheirNumberToWhoHasAGoodCookie) {
  StartLimited();
  constexpr CookieSecret kSecret = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  served_->cookies = Cookies(std::span(&kSecret, 1));
  responder_->set_wall_time(WallTime(std::chrono::seconds(1'800'000'000)));
  const std::array<std::uint8_t, 8> own = {1, 2, 3, 4, 5, 6, 7, 8};
  FullCookie good;
  (void)served_->cookies.Judge(own, *IpAddress::Parse(Asking{}.client), 1'800'000'000, good);
  FullCookie bad = good;
  bad.back() ^= 1;
  const auto flood = [&](std::span<const std::uint8_t> cookie) {
    Asking edns;
    edns.edns = 1232;
    std::string query = QueryOctets("site.example", RrType::kA, edns);
    query.replace(query.size() - 2, 2, U16(4 + cookie.size()));
    query += U16(10) + U16(cookie.size()) + Text(cookie);
    int answered = 0;
    for (int i = 0; i < 20; ++i) answered += Send(query).rcode == 0 ? 1 : 0;
    return answered;
  };
  EXPECT_EQ(flood(good), 20);
  EXPECT_EQ(flood(bad), static_cast<int>(kRate));
  EXPECT_EQ(flood(own), 0);
  EXPECT_EQ(flood(good), 20);
}

TEST_F(LimitedResponses, AreSentAgainWhenEarned) {
  StartLimited();
  Flood("www.example", RrType::kA, 6);
  responder_->set_time(10'100ms);
  EXPECT_EQ(Flood("www.example", RrType::kA, 1), 0);
  responder_->set_time(13s);
  EXPECT_EQ(Flood("www.example", RrType::kA, 1), 1);
}

TEST_F(LimitedResponses, AreCountedAndSentInADryRun) {
  settings_.dry_run = true;
  StartLimited();
  EXPECT_EQ(Flood("www.example", RrType::kA, 10), 10);
  EXPECT_EQ(stats_.rate_dropped.value(), 10U - kRate);
}

TEST_F(LimitedResponses, StayLimitedOverAReloadThatChangesNoLimit) {
  StartLimited();
  Flood("www.example", RrType::kA, 10);
  Limit();
  EXPECT_EQ(Flood("www.example", RrType::kA, 10), 0);
  settings_.window = 5s;
  Limit();
  EXPECT_EQ(Flood("www.example", RrType::kA, 10), static_cast<int>(kRate));
  served_->rate_limit.reset();
  responder_->Adopt(*served_);
  EXPECT_EQ(Flood("www.example", RrType::kA, 10), 10);
}

}  // namespace
}  // namespace dnsd::answer
