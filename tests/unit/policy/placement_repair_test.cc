// What Decide does for sites below their least.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/placement_states.h"

namespace dnsd::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// An idle site on nodes 0 and 1 of four.
PlacementState Idle() {
  return {.nodes = Nodes(4), .sites = {{.replicas = {Ready(0), Ready(1)}, .bytes = 100}}};
}

std::vector<std::string> Decided(const PlacementState& state, const PlacementRules& rules = {}) {
  return Words(Decide(state, rules, kNow));
}

TEST(PlacementRepair, ReplacesWhatIsLost) {
  PlacementState state = Idle();
  EXPECT_THAT(Decided(state), IsEmpty());
  state.nodes[1].serves = false;
  EXPECT_THAT(Decided(state), IsEmpty()) << "silent, but within the grace";
  state.nodes[1].lost = true;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 minimum"));
  EXPECT_EQ(Decide(state, {}, kNow)[0].why, "1 of its least of 2 replicas are left");
  EXPECT_THAT(Decide(state, {}, kNow)[0].sources, ElementsAre(0));
  state.sites[0].replicas.push_back(In(2, ReplicaPhase::kComing));
  EXPECT_THAT(Decided(state), IsEmpty()) << "on the way already";
}

TEST(PlacementRepair, ReplacesWhatHasBeenUnwellForLong) {
  PlacementState state = Idle();
  state.sites[0].replicas[1] = In(1, ReplicaPhase::kUnwell, kNow - 300s);
  EXPECT_THAT(Decided(state), IsEmpty());
  state.sites[0].replicas[1].since = kNow - 301s;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 minimum"));
}

TEST(PlacementRepair, DoesNotCountWhatIsGoing) {
  PlacementState state = Idle();
  state.sites[0].replicas[1].phase = ReplicaPhase::kGoing;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 minimum"));
}

TEST(PlacementRepair, MakesAsManyAsAreMissing) {
  PlacementState state = Idle();
  state.sites[0].least = 4;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 minimum", "+0@3 minimum"));
  state.sites[0].least = 9;  // more than there are nodes
  EXPECT_THAT(Decided(state), SizeIs(2));
}

TEST(PlacementRepair, HasElsewhereWhatIsOnANodeToBeEmptied) {
  PlacementState state = Idle();
  state.nodes[0].evacuates = true;
  state.nodes[0].serves = false;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 evacuate"));
  EXPECT_THAT(Decide(state, {}, kNow)[0].sources, ElementsAre(0, 1)) << "it can still be read";
  state.sites[0].replicas.push_back(Ready(2));
  EXPECT_THAT(Decided(state), IsEmpty());
}

TEST(PlacementRepair, CannotCopyFromNowhere) {
  PlacementState state = Idle();
  for (const int i : {0, 1}) state.nodes[static_cast<std::size_t>(i)].lost = true;
  EXPECT_THAT(Decided(state), IsEmpty());
  state.sites[0].replicas.clear();
  EXPECT_THAT(Decided(state), IsEmpty());
}

TEST(PlacementRepair, KeepsReplicasApart) {
  PlacementState state = Idle();
  state.sites[0].replicas.pop_back();
  for (std::uint32_t i = 0; i < 4; ++i) state.nodes[i].group = i < 2 ? 1 : 2;
  state.nodes[1].load = 0;
  state.nodes[2].load = state.nodes[3].load = 0.9;
  EXPECT_THAT(Decided(state), ElementsAre("+0@2 minimum")) << "busy, but in the other rack";
  state.sites[0].barred = {2, 3};
  EXPECT_THAT(Decided(state), ElementsAre("+0@1 minimum")) << "the same rack rather than none";
}

TEST(PlacementRepair, TakesABusyNodeRatherThanNone) {
  PlacementState state = Idle();
  state.nodes[1].lost = true;
  state.nodes[2].load = 1.5;
  state.nodes[3].load = 1.2;
  EXPECT_THAT(Decided(state), ElementsAre("+0@3 minimum"));
}

TEST(PlacementRepair, GivesUpWhereEveryNodeIsBarred) {
  PlacementState state = Idle();
  state.nodes[1].lost = true;
  state.sites[0].barred = {2, 3};
  EXPECT_THAT(Decided(state), IsEmpty());
}

TEST(PlacementRepair, ServesTheOneThatHasFewestLeftFirst) {
  PlacementState state{.nodes = Nodes(6), .sites = std::vector<PlacementSite>(3)};
  state.sites[0] = {.replicas = {Ready(0), Ready(1)}, .demand = 0.1, .least = 3};
  state.sites[1] = {.replicas = {Ready(0)}};
  state.sites[2] = {.replicas = {Ready(0)}, .demand = 0.2};
  const auto actions = Decide(state, {}, kNow);
  ASSERT_THAT(actions, SizeIs(3));
  EXPECT_EQ(actions[0].site, 2U);
  EXPECT_EQ(actions[1].site, 1U);
  EXPECT_EQ(actions[2].site, 0U);
}

TEST(PlacementRepair, LeavesActionsForADemandThatCannotWait) {
  PlacementState state{.nodes = Nodes(12), .sites = std::vector<PlacementSite>(40)};
  for (PlacementSite& site : state.sites) site.replicas = {Ready(0)};
  state.sites[7] = {.replicas = {Ready(0, 1.0), Ready(1, 0.8)}, .demand = 1.8};
  state.nodes[0].load = 1;
  state.nodes[1].load = 0.8;
  const auto words = Words(Decide(state, {.most_actions = 8}, kNow));
  ASSERT_THAT(words, SizeIs(7));
  EXPECT_THAT(words[5], ::testing::HasSubstr("minimum"));
  EXPECT_THAT(words[6], ::testing::StartsWith("+7@"));
}

TEST(PlacementRepair, SpreadsIdleReplicas) {
  PlacementState state{.nodes = Nodes(6), .sites = std::vector<PlacementSite>(8)};
  for (PlacementSite& site : state.sites) site.replicas = {Ready(0)};
  std::vector<int> given(6);
  for (const auto& action : Decide(state, {.most_node_actions = 2}, kNow)) ++given[action.node];
  EXPECT_THAT(given, ElementsAre(0, 2, 2, 2, 2, 0));
}

// A repair and a jump of one site in the same round.
TEST(PlacementRepair, AndADemandOfTheSameSiteTakeDifferentNodes) {
  PlacementState state{.nodes = Nodes(6), .sites = {{.replicas = {Ready(0, 2)}, .demand = 2}}};
  state.nodes[0].load = 2;
  EXPECT_THAT(Decided(state), ElementsAre("+0@1 minimum", "+0@2 demand", "+0@3 demand"));
}

}  // namespace
}  // namespace dnsd::policy
