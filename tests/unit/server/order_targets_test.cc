#include "dnsd/server/order_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/server/known_fleet.h"

namespace dnsd::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Nodes a, b and c; sites www, six, *.host and shop.host below example.
class OrderTargetsTest : public KnownFleetTest {
 protected:
  absl::StatusOr<OrderTargets> Read(const std::vector<std::string>& words,
                                    bool takes_back = false) {
    return ReadTargets(words, takes_back, *served_, fleet_, report_);
  }
  std::vector<std::string> Sites(const std::vector<std::string>& words, bool takes_back = false) {
    const auto targets = Read(words, takes_back);
    EXPECT_TRUE(targets.ok()) << targets.status();
    std::vector<std::string> sites;
    if (targets.ok()) {
      for (const SiteKey& key : targets->sites) sites.push_back(key.ToString());
    }
    return sites;
  }
};

TEST_F(OrderTargetsTest, AWordIsANodeIfOneMatchesElseASite) {
  const auto both = Read({"a", "?", "www.example"});
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_THAT(both->nodes, ElementsAre("a", "?"));
  ASSERT_EQ(both->sites.size(), 1U);
  EXPECT_EQ(both->sites[0].ToString(), "www.example.");
}

TEST_F(OrderTargetsTest, AFinalDotMeansSites) {
  EXPECT_THAT(Sites({"*.example."}),
              UnorderedElementsAre("www.example.", "six.example.", "shop.host.example."));
  EXPECT_THAT(Read({"*"})->sites, IsEmpty());
}

TEST_F(OrderTargetsTest, NodesAtSitesAreThoseOfTheirPools) {
  EXPECT_THAT(Sites({"www.example@a"}), ElementsAre("www.example.@a"));
  EXPECT_THAT(Sites({"*.example.@?"}),
              UnorderedElementsAre("www.example.@a", "www.example.@b", "www.example.@c",
                                   "shop.host.example.@a", "shop.host.example.@b"));
  EXPECT_THAT(Sites({"new.host.example@b"}), ElementsAre("new.host.example.@b"));
}

TEST_F(OrderTargetsTest, ANodeWhoseNameHasAnAtSignIsANode) {
  report_.nodes[0].name = "a@x";
  EXPECT_THAT(Read({"a@x"})->nodes, ElementsAre("a@x"));
}

TEST_F(OrderTargetsTest, AWordThatNamesNothingIsAnError) {
  const auto message = [&](const char* word) { return Message(Read({"a", word}).status()); };
  EXPECT_EQ(message("nobody"), "no node or site matches 'nobody'; nothing is changed");
  EXPECT_EQ(message("nobody."), "no site matches 'nobody.'; nothing is changed");
  EXPECT_EQ(message("nobody@a"), "no site matches 'nobody@a'; nothing is changed");
  EXPECT_EQ(message("six.example@a"),
            "no node of the site matches 'six.example@a'; nothing is changed");
}

TEST_F(OrderTargetsTest, WhatIsInForceCanBeTakenBackThoughItsSiteIsGone) {
  report_.site_orders = {{{"gone.example.", ""}, {fleet::Order::Kind::kDrain, "", {}}},
                         {{"gone.example.", "z"}, {fleet::Order::Kind::kDrain, "", {}}}};
  EXPECT_FALSE(Read({"gone.example"}).ok());
  EXPECT_THAT(Sites({"gone.example"}, true), ElementsAre("gone.example."));
  EXPECT_THAT(Sites({"gone.*@*"}, true), ElementsAre("gone.example.@z"));
}

TEST_F(OrderTargetsTest, TooManyAreRefused) {
  for (std::size_t i = 0; i < kMostSiteOrders; ++i) {
    report_.site_orders.push_back({{"s" + std::to_string(i) + ".", ""}, {}});
  }
  EXPECT_THAT(Message(Read({"www.example"}).status()), HasSubstr("wanted 10000 at most"));
  EXPECT_TRUE(Read({"www.example"}, true).ok());
}

}  // namespace
}  // namespace dnsd::server
