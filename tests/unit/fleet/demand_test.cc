#include "dnsd/fleet/demand.h"

#include <gtest/gtest.h>

namespace dnsd::fleet {
namespace {

SiteDemand Site(const std::string& name, double rps) {
  return {*wire::Name::Parse(name), rps, rps / 10, rps * 100};
}

TEST(NodeDemand, ChangesWhatIsTold) {
  NodeDemand demand;
  demand.Take({true, {Site("a.example", 1), Site("B.example", 2)}});
  demand.Take({false, {Site("b.example", 5)}});
  demand.Take({false, {}});
  ASSERT_EQ(demand.sites().size(), 2U);
  EXPECT_EQ(demand.sites().at("a.example."), (SiteRates{1, 0.1, 100}));
  EXPECT_EQ(demand.sites().at("b.example."), (SiteRates{5, 0.5, 500}));
  EXPECT_EQ(demand.rps(), 6);
}

TEST(NodeDemand, ForgetsWhatHasEnded) {
  NodeDemand demand;
  demand.Take({true, {Site("a.example", 1), Site("b.example", 2)}});
  demand.Take({false, {Site("a.example", 0), Site("c.example", 0)}});
  EXPECT_EQ(demand.sites().size(), 1U);
  demand.Take({true, {}});
  EXPECT_TRUE(demand.sites().empty());
}

TEST(NodeDemand, KnowsTheBusiest) {
  NodeDemand demand;
  demand.Take({true, {Site("a.example", 1), Site("c.example", 3), Site("b.example", 3)}});
  const auto two = demand.Busiest(2);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].name, "b.example.");
  EXPECT_EQ(two[1].name, "c.example.");
  EXPECT_EQ(demand.Busiest(9).size(), 3U);
  EXPECT_EQ(NodeDemand().Busiest(1).size(), 0U);
}

TEST(NodeDemand, TakesSoManySitesAndNoMore) {
  NodeDemand demand;
  DemandReport report;
  for (std::size_t i = 0; i <= NodeDemand::kMostSites; ++i) {
    report.sites.push_back(Site("s" + std::to_string(i) + ".example", 1));
  }
  demand.Take(report);
  EXPECT_EQ(demand.sites().size(), NodeDemand::kMostSites);
  demand.Take({false, {Site("s0.example", 7), Site("other.example", 9)}});
  EXPECT_EQ(demand.sites().at("s0.example.").rps, 7);
  EXPECT_FALSE(demand.sites().contains("other.example."));
}

}  // namespace
}  // namespace dnsd::fleet
