// What Decide gives replicas to, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/policy/placement_states.h"

namespace dnsd::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A site of this demand, half of it on each of nodes 0 and 1, which have nothing else to do; beside
// them idle nodes of one CPU.
PlacementState Crowded(double demand, std::size_t idle) {
  PlacementState state{.nodes = Nodes(2 + idle), .sites = {{.demand = demand}}};
  for (const std::uint32_t i : {0U, 1U}) {
    state.nodes[i].load = demand / 2;
    state.sites[0].replicas.push_back(Ready(i, demand / 2));
  }
  return state;
}

std::vector<std::string> Decided(const PlacementState& state, const PlacementRules& rules = {}) {
  return Words(Decide(state, rules, kNow));
}

TEST(PlacementExpand, WaitsUntilTheIdlestReplicaIsTooBusy) {
  EXPECT_THAT(Decided(Crowded(1.4, 2)), IsEmpty());
  EXPECT_THAT(Decided(Crowded(1.42, 2)), ElementsAre("+0@2 demand"));
  PlacementState one_idle = Crowded(1.8, 2);
  one_idle.nodes[1].load = 0.7;
  EXPECT_THAT(Decided(one_idle), IsEmpty()) << "answers can go there";
}

// 6 CPUs of 14: filled to 0.6, the two take 1.2, and eight others 4.8.
TEST(PlacementExpand, JumpsToTheNumberNeededAtOnce) {
  EXPECT_THAT(Decided(Crowded(6, 12)), SizeIs(8));
  EXPECT_THAT(Decided(Crowded(6, 12), {.jump = false}), ElementsAre("+0@2 demand"));
}

TEST(PlacementExpand, LeavesSmallRemaindersUnserved) {
  EXPECT_THAT(Decided(Crowded(1.8, 2)), SizeIs(1)) << "0.6 lack, and 0.6 are taken";
  EXPECT_THAT(Decided(Crowded(1.83, 2)), SizeIs(1)) << "0.03 of 1.83 are left";
  EXPECT_THAT(Decided(Crowded(1.85, 2)), SizeIs(2)) << "0.05 of 1.85 are too much";
}

TEST(PlacementExpand, LooksAheadForAsLongAsACopyTakes) {
  PlacementState state = Crowded(1.5, 10);
  EXPECT_THAT(Decided(state), SizeIs(1));
  state.sites[0].trend = 0.1;  // 6 s ahead: 2.1
  EXPECT_THAT(Decided(state), SizeIs(2));
  state.sites[0].bytes = 1'250'000'000;  // 16 s: 3.1
  EXPECT_THAT(Decided(state), SizeIs(4));
  state.sites[0].trend = 100;  // at most four times: 6
  EXPECT_THAT(Decided(state), SizeIs(8));
  state.sites[0].trend = -0.1;  // it goes by itself
  EXPECT_THAT(Decided(state), IsEmpty());
}

// 6 CPUs are expected of ten: a mean load of 0.6, so that nodes are filled to 0.7 and not to 0.6.
TEST(PlacementExpand, FillsNodesAsTheFleetWillBe) {
  PlacementState state = Crowded(1.5, 8);
  state.sites[0].trend = 100;
  EXPECT_THAT(Decided(state), SizeIs(7));
}

TEST(PlacementExpand, TakesTheNodeThatCanTakeMost) {
  PlacementState state = Crowded(1.8, 3);
  state.nodes[2].load = 0.4;
  state.nodes[3].load = 0.3;
  state.nodes[4].load = 0.2;
  EXPECT_THAT(Decided(state), ElementsAre("+0@4 demand", "+0@3 demand"));
  state.nodes[2].cpus = 8;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 demand"));
}

TEST(PlacementExpand, AvoidsDisksThatAreNearlyFull) {
  PlacementState state = Crowded(1.8, 2);
  state.sites[0].bytes = 100;
  state.nodes[2].quota = state.nodes[3].quota = 10'000;
  state.nodes[2].used = 9'000;
  EXPECT_THAT(Decided(state), ElementsAre("+0@3 demand"));
  state.nodes[3].used = 9'500;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 demand"));
  EXPECT_THAT(Decided(state, {.storage = PlacementRules::Storage::kNaive}),
              ElementsAre("+0@2 demand"))
      << "nothing is known: the first of equals";
}

TEST(PlacementExpand, NeverFillsAQuotaBeyondItsEnd) {
  PlacementState state = Crowded(1.8, 1);
  state.nodes[2].quota = 1'000;
  state.sites[0].bytes = 1'000;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 demand"));
  state.sites[0].bytes = 1'001;
  EXPECT_THAT(Decided(state), IsEmpty());
  EXPECT_THAT(Decided(state, {.storage = PlacementRules::Storage::kDeletionAware}), SizeIs(1));
  state.nodes[2].quota = 0;  // no bound known
  EXPECT_THAT(Decided(state), SizeIs(1));
}

TEST(PlacementExpand, TakesASiteOfUnknownSizeForOneOfTheMeanSize) {
  PlacementState state = Crowded(1.8, 1);
  state.nodes[2].quota = 1'000;
  state.sites.push_back({.replicas = {Ready(0), Ready(1)}, .bytes = 1'000});
  EXPECT_THAT(Decided(state), SizeIs(1));
  state.sites[1].bytes = 1'001;
  EXPECT_THAT(Decided(state), IsEmpty());
}

TEST(PlacementExpand, CountsWhatIsOnTheWay) {
  PlacementState state = Crowded(1.8, 2);
  state.sites[0].replicas.push_back(In(2, ReplicaPhase::kComing));
  EXPECT_THAT(Decided(state), IsEmpty());
  state.sites[0].demand = 3;
  EXPECT_THAT(Decided(state), ElementsAre("+0@3 demand")) << "a jump does not wait";
}

// Sites 0 and 1 share nodes 0 and 1; the greater one's replicas will relieve the smaller.
TEST(PlacementExpand, ReckonsWithTheReliefThatAGreaterSiteBrings) {
  PlacementState state{.nodes = Nodes(8),
                       .sites = {{.replicas = {Ready(0, 0.1), Ready(1, 0.1)}, .demand = 0.2},
                                 {.replicas = {Ready(0, 1.0), Ready(1, 1.0)}, .demand = 2.0}}};
  state.nodes[0].load = state.nodes[1].load = 1.1;
  EXPECT_THAT(Decided(state), ElementsAre("+1@2 demand", "+1@3 demand"));
  state.sites[1].frozen = true;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 demand")) << "then the smaller must move";
}

TEST(PlacementExpand, PromisesANodeOnlyOnce) {
  PlacementState state{.nodes = Nodes(6),
                       .sites = {{.replicas = {Ready(0, 0.9), Ready(1, 0.9)}, .demand = 1.8},
                                 {.replicas = {Ready(2, 0.9), Ready(3, 0.9)}, .demand = 1.7}}};
  for (std::uint32_t i = 0; i < 4; ++i) state.nodes[i].load = 0.9;
  // Mean 0.6, target 0.7: 0.4 of each site must go.
  EXPECT_THAT(Decided(state), ElementsAre("+0@4 demand", "+1@5 demand"));
}

TEST(PlacementExpand, DoesNothingAboutADemandThatNoNodeCanTake) {
  PlacementState state = Crowded(6, 3);
  for (PlacementNode& node : state.nodes) node.load = std::max(node.load, 0.95);
  EXPECT_THAT(Decided(state), IsEmpty());
  EXPECT_THAT(Decided(Crowded(6, 0)), IsEmpty());
}

// Dust would be many copies for little: 0.03 CPUs each on four nodes.
TEST(PlacementExpand, MakesNoCopyForAFewHundredthsOfANode) {
  PlacementState state = Crowded(6, 4);
  for (std::uint32_t i = 2; i < 6; ++i) state.nodes[i].load = 0.92;
  EXPECT_THAT(Decided(state), IsEmpty());
  state.nodes[4].load = 0.89;
  EXPECT_THAT(Decided(state), ElementsAre("+0@4 demand"));
}

TEST(PlacementExpand, KeepsToThePoolTheBarsAndTheMost) {
  PlacementState state = Crowded(6, 12);
  state.sites[0].barred = {2, 4};
  state.sites[0].pool =
      std::make_shared<std::vector<std::uint32_t>>(std::vector<std::uint32_t>{0, 1, 2, 5, 7});
  EXPECT_THAT(Decided(state), ElementsAre("+0@5 demand", "+0@7 demand"));
  state.sites[0].most = 3;
  EXPECT_THAT(Decided(state), ElementsAre("+0@5 demand"));
  state.sites[0].most = 2;
  EXPECT_THAT(Decided(state), IsEmpty());
}

TEST(PlacementExpand, LeavesFrozenSitesAlone) {
  PlacementState state = Crowded(6, 12);
  state.sites[0].frozen = true;
  EXPECT_THAT(Decided(state), IsEmpty());
  state.sites[0].replicas.pop_back();
  EXPECT_THAT(Decided(state), IsEmpty()) << "though it is below its least";
}

TEST(PlacementExpand, GivesNothingToNodesThatAreNotForIt) {
  for (const auto& spoil : std::vector<void (*)(PlacementNode&)>{
           [](PlacementNode& n) { n.takes = false; }, [](PlacementNode& n) { n.serves = false; },
           [](PlacementNode& n) { n.lost = true; }, [](PlacementNode& n) { n.evacuates = true; }}) {
    PlacementState state = Crowded(1.8, 1);
    spoil(state.nodes[2]);
    EXPECT_THAT(Decided(state), IsEmpty());
  }
}

TEST(PlacementExpand, KeepsToTheActionsOfARound) {
  EXPECT_THAT(Decided(Crowded(6, 12), {.most_actions = 3}), SizeIs(3));
  EXPECT_THAT(Decided(Crowded(6, 12), {.most_actions = 0}), IsEmpty());
}

TEST(PlacementExpand, KeepsToTheActionsOfANode) {
  PlacementState state = Crowded(1.8, 1);
  state.sites.push_back({.replicas = {Ready(0), Ready(1), In(2, ReplicaPhase::kGoing)}});
  state.sites.push_back({.replicas = {Ready(0), Ready(1), In(2, ReplicaPhase::kComing)}});
  EXPECT_THAT(Decided(state, {.most_node_actions = 3}), SizeIs(1));
  EXPECT_THAT(Decided(state, {.most_node_actions = 2}), IsEmpty());
}

TEST(PlacementExpand, CopiesInAChain) {
  PlacementState state = Crowded(2.4, 4);
  auto actions = Decide(state, {}, kNow);
  ASSERT_THAT(actions, SizeIs(2));
  EXPECT_THAT(actions[0].sources, ElementsAre(0, 1));
  EXPECT_THAT(actions[1].sources, ElementsAre(actions[0].node, 1, 0)) << "0 has a transfer now";
  // The newest on the way comes first.
  state.sites[0].replicas.push_back(In(2, ReplicaPhase::kComing, kNow - 2s));
  state.sites[0].replicas.push_back(In(3, ReplicaPhase::kComing, kNow - 5s));
  state.sites[0].demand = 3;
  actions = Decide(state, {}, kNow);
  ASSERT_THAT(actions, SizeIs(1));
  EXPECT_THAT(actions[0].sources, ElementsAre(2, 0, 1));
  state.sites[0].replicas[2].transfers = 2;  // it has enough to do
  EXPECT_EQ(Decide(state, {}, kNow)[0].sources.front(), 3U);
}

TEST(PlacementExpand, CopiesFromTheNodeThatServesTheFewest) {
  PlacementState state = Crowded(1.8, 1);
  EXPECT_THAT(Decide(state, {}, kNow)[0].sources, ElementsAre(0, 1));
  state.sites.push_back({.replicas = {Ready(0), Ready(1)}});
  state.sites[1].replicas[0].transfers = 1;  // of another site, but of the same bandwidth
  EXPECT_THAT(Decide(state, {}, kNow)[0].sources, ElementsAre(1, 0));
}

TEST(PlacementExpand, CopiesInATreeOrAStarForComparison) {
  PlacementState state = Crowded(3.6, 6);
  auto actions = Decide(state, {.copy = PlacementRules::Copy::kTree}, kNow);
  ASSERT_THAT(actions, SizeIs(4));
  EXPECT_EQ(actions[0].sources.front(), 0U);
  EXPECT_EQ(actions[1].sources.front(), 1U);
  EXPECT_EQ(actions[2].sources.front(), 0U);
  EXPECT_EQ(actions[3].sources.front(), 1U);
  state.sites[0].replicas[1].home = true;
  actions = Decide(state, {.copy = PlacementRules::Copy::kStar, .transfers = 3}, kNow);
  ASSERT_THAT(actions, SizeIs(3)) << "the fourth waits for a transfer to end";
  for (const auto& action : actions) EXPECT_EQ(action.sources.front(), 1U);
}

TEST(PlacementExpand, CopiesOnlyWhatIsWholeAndThere) {
  PlacementState state = Crowded(1.8, 1);
  state.sites[0].replicas[0].phase = ReplicaPhase::kUnwell;
  state.sites[0].replicas[0].since = kNow;
  ASSERT_THAT(Decided(state), SizeIs(1));
  EXPECT_THAT(Decide(state, {}, kNow)[0].sources, ElementsAre(1));
  state.nodes[1].serves = false;  // silent
  EXPECT_THAT(Decided(state), IsEmpty());
}

TEST(PlacementExpand, TellsWhy) {
  EXPECT_EQ(Decide(Crowded(1.8, 1), {}, kNow)[0].why,
            "1.8 CPUs expected, its 2 replicas take 1.4 CPUs up to a load of 70 %");
}

TEST(PlacementExpand, DecidesTheSameOfTheSameState) {
  EXPECT_EQ(Decide(Crowded(6, 12), {}, kNow), Decide(Crowded(6, 12), {}, kNow));
}

// All that the site may have are busy, one of them very; node 3 is idle.
TEST(PlacementExpand, MovesAReplicaOfASiteThatMayHaveNoMoreIfThatPays) {
  PlacementState state{.nodes = Nodes(4), .sites = {{.demand = 1.7, .most = 2}}};
  state.sites[0].replicas = {Ready(0, 0.75), Ready(1, 0.95)};
  state.nodes[0].load = 0.75;
  state.nodes[1].load = 0.95;
  state.nodes[2].load = 0.6;
  state.nodes[3].load = 0.1;
  state.nodes[3].cpus = 4;
  EXPECT_THAT(Decided(state), ElementsAre("+0@3 rebalance"));
  state.sites[0].replicas.push_back(Ready(3, 0));
  EXPECT_THAT(Decided(state), ElementsAre("-0@1 most")) << "then the busiest goes";
  state.sites[0].replicas.pop_back();
  state.sites[0].replicas[0].pinned = state.sites[0].replicas[1].home = true;
  EXPECT_THAT(Decided(state), IsEmpty());
}

TEST(PlacementExpand, DoesNotMoveWhatWouldHardlyBeBetterOff) {
  PlacementState state = Crowded(1.5, 1);
  state.sites[0].most = 2;
  EXPECT_THAT(Decided(state), IsEmpty()) << "0.75 there as here";
}

TEST(PlacementExpand, IsNeverGivenWhatIsNoNumber) {
  PlacementState state = Crowded(1, 1);
  state.nodes[0].load = std::numeric_limits<double>::quiet_NaN();
  EXPECT_DEBUG_DEATH(Decide(state, {}, kNow), "isfinite");
  state = Crowded(1, 1);
  state.sites[0].demand = -1;
  EXPECT_DEBUG_DEATH(Decide(state, {}, kNow), "demand");
}

}  // namespace
}  // namespace dnsd::policy
