#include "dnsd/placement/freshness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnsd/fleet/hosting_builder.h"
#include "dnsd/placement/withholding.h"

namespace dnsd::placement {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const MonotonicTime kStart = MonotonicTime(seconds(1000));
MonotonicTime At(double s) { return kStart + FromSeconds(s); }
wire::Name Name(const char* text) { return *wire::Name::Parse(text); }

// www.example. on nodes 0 (its home), 1 and 2.
class FreshnessTest : public ::testing::Test {
 protected:
  void Host(fleet::NodeIndex node, std::uint64_t version, bool home = false, bool ready = true) {
    const fleet::SiteReport site{Name("www.example."), version, 100, ready, true, home};
    builder_.Change(node, std::span(&site, 1), {});
  }
  void Look(double s) { freshness_.Look(*builder_.Build(), At(s)); }
  Withheld WithheldAt(double s) const {
    return freshness_.WithheldAt(
        settings_, [this](const std::string&, fleet::NodeIndex node) { return node != unusable_; },
        At(s));
  }

  fleet::HostingBuilder builder_;
  Freshness freshness_;
  Settings settings_;
  fleet::NodeIndex unusable_ = fleet::kNoNode;
};

TEST_F(FreshnessTest, AReplicaOfALowerVersionThanItsHomesIsBehind) {
  Host(0, 5, true);
  Host(1, 5);
  Host(2, 4);
  Look(0);
  const BehindSite& site = freshness_.behind().at("www.example.");
  EXPECT_EQ(site.home, 0U);
  EXPECT_EQ(site.content_version, 5U);
  EXPECT_THAT(site.nodes, ElementsAre(Pair(2, BehindNode{At(0), 4})));
  EXPECT_THAT(site.current, ElementsAre(0, 1));
  Host(2, 5);
  Look(1);
  EXPECT_THAT(freshness_.behind(), IsEmpty());
}

TEST_F(FreshnessTest, NothingIsBehindWithoutAHomeOrWithoutVersions) {
  Host(0, 5);
  Host(1, 4);
  Look(0);
  EXPECT_THAT(freshness_.behind(), IsEmpty());
  Host(0, 5, true);
  Host(1, 0);
  Look(1);
  EXPECT_THAT(freshness_.behind(), IsEmpty());
}

TEST_F(FreshnessTest, RemembersSinceWhenThroughFurtherVersions) {
  Host(0, 5, true);
  Host(1, 4);
  Look(0);
  Host(0, 6, true);
  Look(10);
  EXPECT_THAT(freshness_.behind().at("www.example.").nodes,
              ElementsAre(Pair(1, BehindNode{At(0), 4})));
  Host(1, 5);  // it keeps up, one version behind
  Look(20);
  EXPECT_THAT(freshness_.behind().at("www.example.").nodes,
              ElementsAre(Pair(1, BehindNode{At(20), 5})));
}

TEST_F(FreshnessTest, TheSitesRuleSaysWhoMayAnswer) {
  Host(0, 5, true);
  Host(1, 4);
  Look(0);
  EXPECT_THAT(WithheldAt(0), IsEmpty());
  settings_.site.consistency = Consistency::kCurrent;
  EXPECT_THAT(WithheldAt(0), ElementsAre(Pair("www.example.", 1)));
  settings_.site.consistency = Consistency::kBounded;
  settings_.site.stale_for = seconds(60);
  EXPECT_THAT(WithheldAt(59.9), IsEmpty());
  EXPECT_EQ(freshness_.NextDeadline(settings_, At(1)), At(60));
  EXPECT_THAT(WithheldAt(60), ElementsAre(Pair("www.example.", 1)));
  EXPECT_FALSE(freshness_.NextDeadline(settings_, At(60)));
}

TEST_F(FreshnessTest, ThoseBehindAnswerWhereNoCurrentOneCan) {
  settings_.site.consistency = Consistency::kCurrent;
  Host(0, 5, true);
  Host(1, 4);
  Look(0);
  unusable_ = 0;
  EXPECT_THAT(WithheldAt(0), IsEmpty());
  unusable_ = fleet::kNoNode;
  Host(0, 5, true, /*ready=*/false);
  Look(1);
  EXPECT_THAT(WithheldAt(1), IsEmpty());
}

TEST_F(FreshnessTest, ARuleOfItsOwnComesBeforeThatOfAll) {
  settings_.site.consistency = Consistency::kCurrent;
  settings_.sites = {{"www.*", {.consistency = Consistency::kAny}}};
  Host(0, 5, true);
  Host(1, 4);
  Look(0);
  EXPECT_THAT(WithheldAt(0), IsEmpty());
}

TEST(Withholding, MakesHostsNotReadyAndLeavesTheRest) {
  fleet::HostingBuilder builder;
  const fleet::SiteReport site{.name = Name("www.example."), .ready = true};
  builder.Change(0, std::span(&site, 1), {});
  builder.Change(1, std::span(&site, 1), {});
  const auto base = builder.Build();
  Withholding withholding;
  EXPECT_EQ(withholding.Over(base, {}), base);
  const auto without = withholding.Over(base, {{"www.example.", 1}});
  const auto hosts = without->Find(Name("www.example.").Hash(), Name("www.example.").wire());
  ASSERT_EQ(hosts.size(), 2U);
  EXPECT_TRUE(hosts[0].answers());
  EXPECT_FALSE(hosts[1].answers());
  EXPECT_EQ(withholding.Over(base, {{"www.example.", 1}}), without);
  EXPECT_EQ(withholding.Over(base, {}), base);
}

}  // namespace
}  // namespace dnsd::placement
