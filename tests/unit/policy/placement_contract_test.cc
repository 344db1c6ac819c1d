// What Decide takes away, and never does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/placement_states.h"

namespace dnsd::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr PlacementRules kEager{.contract = PlacementRules::Contract::kEager};

std::vector<std::string> Decided(const PlacementState& state, const PlacementRules& rules) {
  return Words(Decide(state, rules, kNow));
}

// A site with a replica on each of three idle nodes.
PlacementState Three() {
  return {.nodes = Nodes(3),
          .sites = {{.replicas = {Ready(0, 0.2), Ready(1, 0.1), Ready(2, 0.05)}, .demand = 0.35}}};
}

TEST(PlacementContract, WithdrawsTheLeastUsedWhereTheOthersCarryIt) {
  EXPECT_THAT(Decided(Three(), kEager), ElementsAre("-0@2 idle"));
  EXPECT_EQ(Decide(Three(), kEager, kNow)[0].why, "the others can carry its 0.05 CPUs");
  EXPECT_THAT(Decided(Three(), {}), IsEmpty()) << "lazily: it stays until its disk is wanted";
}

TEST(PlacementContract, KeepsTheLeast) {
  PlacementState state = Three();
  state.sites[0].least = 3;
  EXPECT_THAT(Decided(state, kEager), IsEmpty());
}

TEST(PlacementContract, CountsOnlyThoseThatAnswerWell) {
  const auto with = [](auto change) {
    PlacementState state = Three();
    change(state);
    return Decided(state, kEager);
  };
  EXPECT_THAT(with([](auto& s) { s.nodes[0].serves = false; }), IsEmpty());
  // What is on a node to be emptied may go, as two others answer.
  EXPECT_THAT(with([](auto& s) { s.nodes[1].evacuates = true; }), ElementsAre("-0@1 idle"));
  EXPECT_THAT(with([](auto& s) { s.sites[0].replicas[0].phase = ReplicaPhase::kUnwell; }),
              IsEmpty());
}

TEST(PlacementContract, NeverTakesTheLastReadyReplica) {
  PlacementState state = Three();
  state.sites[0].least = 0;
  state.sites[0].replicas.resize(1);
  EXPECT_THAT(Decided(state, kEager), IsEmpty());
  state.sites[0].replicas.push_back(In(1, ReplicaPhase::kUnwell));
  EXPECT_THAT(Decided(state, kEager), ElementsAre("-0@1 idle"));
}

TEST(PlacementContract, LeavesHomesAndPinnedOnes) {
  PlacementState state = Three();
  state.sites[0].replicas[2].home = true;
  EXPECT_THAT(Decided(state, kEager), ElementsAre("-0@1 idle"));
  state.sites[0].replicas[1].pinned = true;
  EXPECT_THAT(Decided(state, kEager), ElementsAre("-0@0 idle"));
  state.sites[0].frozen = true;
  EXPECT_THAT(Decided(state, kEager), IsEmpty());
}

TEST(PlacementContract, HoldsWhatIsNew) {
  PlacementState state = Three();
  for (PlacementReplica& replica : state.sites[0].replicas) replica.since = kNow - 599s;
  EXPECT_THAT(Decided(state, kEager), IsEmpty());
  state.sites[0].replicas[0].since = kNow - 600s;
  EXPECT_THAT(Decided(state, kEager), ElementsAre("-0@0 idle"));
}

TEST(PlacementContract, WaitsWhileTheSiteIsOnTheMove) {
  for (const ReplicaPhase phase : {ReplicaPhase::kComing, ReplicaPhase::kGoing}) {
    PlacementState state = Three();
    state.nodes.emplace_back();
    state.sites[0].replicas.push_back(In(3, phase));
    EXPECT_THAT(Decided(state, kEager), IsEmpty());
  }
}

// The two left have 0.5 - 0.4 each to spare; no more than 0.2 may come to them.
TEST(PlacementContract, LeavesTheOthersBelowLow) {
  PlacementState state = Three();
  for (PlacementNode& node : state.nodes) node.load = 0.4;
  for (PlacementReplica& replica : state.sites[0].replicas) replica.demand = 0.4;
  state.sites[0].replicas[2].demand = 0.19;
  state.sites[0].demand = 1;
  EXPECT_THAT(Decided(state, kEager), ElementsAre("-0@2 idle"));
  state.sites[0].replicas[2].demand = 0.21;
  EXPECT_THAT(Decided(state, kEager), IsEmpty());
}

TEST(PlacementContract, RemembersTheLastTenMinutes) {
  PlacementState state = Three();
  for (PlacementNode& node : state.nodes) node.load = 0.4;
  state.sites[0].lasting = 1.35;  // a seventh of it was here: 0.19
  EXPECT_THAT(Decided(state, kEager), ElementsAre("-0@2 idle"));
  state.sites[0].lasting = 1.5;
  EXPECT_THAT(Decided(state, kEager), IsEmpty());
}

TEST(PlacementContract, KeepsTheGroupsApart) {
  PlacementState state = Three();
  state.nodes[0].group = state.nodes[1].group = 1;
  state.nodes[2].group = 2;
  EXPECT_THAT(Decided(state, kEager), ElementsAre("-0@1 idle"));
}

TEST(PlacementContract, TakesTheBusiestOfThoseAboveTheMost) {
  PlacementState state = Three();
  state.sites[0].most = 2;
  state.nodes[1].load = 0.9;
  EXPECT_THAT(Decided(state, {}), ElementsAre("-0@1 most"));
  state.sites[0].least = 3;  // the least goes before the most
  EXPECT_THAT(Decided(state, {}), IsEmpty());
}

TEST(PlacementContract, KeepsToTheActionsOfARoundAndOfANode) {
  PlacementState state = Three();
  state.sites.resize(9, state.sites[0]);
  std::vector<int> left(3);
  for (const auto& action : Decide(state, kEager, kNow)) ++left[action.node];
  EXPECT_THAT(left, ElementsAre(1, 4, 4)) << "all would leave node 2";
  PlacementRules rules = kEager;
  rules.most_actions = 2;
  EXPECT_THAT(Decided(state, rules), SizeIs(2));
}

// Node 2 has a replica of site 1, idle or not; site 0 wants to be there.
PlacementState Wanting() {
  PlacementState state{
      .nodes = Nodes(3),
      .sites = {{.replicas = {Ready(0, 0.9), Ready(1, 0.9)}, .demand = 1.8, .bytes = 1'000},
                {.replicas = {Ready(0), Ready(1), Ready(2)}, .bytes = 500}}};
  state.nodes[0].load = state.nodes[1].load = 0.9;
  state.nodes[2].quota = 1'200;
  state.nodes[2].used = 500;
  return state;
}

TEST(PlacementRoom, IsMadeOnDisksThatAreWanted) {
  PlacementState state = Wanting();
  EXPECT_THAT(Decided(state, {}), ElementsAre("-1@2 room"));
  // The next rounds wait until it has gone.
  state.sites[1].replicas[2].phase = ReplicaPhase::kGoing;
  EXPECT_THAT(Decided(state, {}), IsEmpty());
  state.sites[1].replicas.pop_back();
  state.nodes[2].used = 0;
  EXPECT_THAT(Decided(state, {}), ElementsAre("+0@2 demand"));
}

TEST(PlacementRoom, IsNotMadeInVain) {
  PlacementState state = Wanting();
  state.nodes[2].quota = 900;  // it never fits
  EXPECT_THAT(Decided(state, {}), IsEmpty());
  state = Wanting();
  state.nodes[2].used = 800;  // what may go is not enough
  EXPECT_THAT(Decided(state, {}), IsEmpty());
}

TEST(PlacementRoom, IsNotMadeByWhatIsWorthMore) {
  PlacementState state = Wanting();
  // Site 0 would take 0.6 there with 1,000 octets; half of that an octet is 0.15 for 500.
  state.sites[1].demand = state.sites[1].replicas[2].demand = 0.14;
  state.nodes[0].load = state.nodes[1].load = 0.8;
  for (const std::uint32_t i : {0U, 1U}) state.sites[0].replicas[i].demand = 0.8;
  state.nodes.resize(5);
  state.sites[1].replicas = {Ready(2, 0.14), Ready(3), Ready(4)};
  state.nodes[3].takes = state.nodes[4].takes = false;
  EXPECT_THAT(Decided(state, {}), ElementsAre("-1@2 room"));
  state.sites[1].demand = state.sites[1].replicas[0].demand = 0.16;
  EXPECT_THAT(Decided(state, {}), IsEmpty());
}

TEST(PlacementRoom, TakesTheLeastDemandAnOctetFirst) {
  PlacementState state = Wanting();
  state.nodes.resize(5);
  state.nodes[3].takes = state.nodes[4].takes = false;
  state.sites.resize(4);
  state.sites[1] = {.replicas = {Ready(2, 0.02), Ready(3), Ready(4)}, .demand = 0.02, .bytes = 500};
  state.sites[2] = {.replicas = {Ready(2, 0.03), Ready(3), Ready(4)}, .demand = 0.03, .bytes = 900};
  state.sites[3] = {.replicas = {Ready(2, 0.01), Ready(3), Ready(4)}, .demand = 0.01, .bytes = 100};
  state.nodes[2].quota = 2'000;
  state.nodes[2].used = 1'500;
  EXPECT_THAT(Decided(state, {}), ElementsAre("-2@2 room"));
  state.nodes[2].used = 1'950;
  EXPECT_THAT(Decided(state, {}), ElementsAre("-2@2 room", "-1@2 room"));
}

TEST(PlacementRoom, IsMadeForRepairs) {
  PlacementState state = Wanting();
  state.sites[0] = {.replicas = {Ready(0)}, .bytes = 1'000};
  state.nodes[1].takes = false;
  state.nodes[0].load = state.nodes[1].load = 0;
  EXPECT_THAT(Decided(state, {}), ElementsAre("-1@2 room"));
}

TEST(PlacementRoom, IsMadeWhereAQuotaIsExceeded) {
  PlacementState state = Three();
  state.sites[0].bytes = 100;
  state.nodes[1].quota = 1'000;
  state.nodes[1].used = 1'000;
  EXPECT_THAT(Decided(state, {}), IsEmpty());
  state.nodes[1].used = 1'001;
  EXPECT_THAT(Decided(state, {}), ElementsAre("-0@1 room"));
}

// A demand that wanders about either threshold: rounds of 5 s, replicas ready after two of them.
TEST(Placement, DoesNotFlap) {
  for (const double middle : {0.7, 1.0, 1.4, 2.1}) {
    SCOPED_TRACE(middle);
    PlacementState state{.nodes = Nodes(8),
                         .sites = {{.replicas = {Ready(0), Ready(1)}, .lasting = middle}}};
    PlacementSite& site = state.sites[0];
    MonotonicTime now = kNow;
    int expansions = 0, contractions = 0;
    for (int round = 0; round < 1440; ++round, now += 5s) {
      site.demand = middle + ((round / 3) % 2 == 0 ? 0.15 : -0.15);
      std::erase_if(site.replicas, [&](const PlacementReplica& r) {
        return r.phase == ReplicaPhase::kGoing && now - r.since >= 10s;
      });
      double ready = 0;
      for (PlacementReplica& r : site.replicas) {
        if (r.phase == ReplicaPhase::kComing && now - r.since >= 10s) {
          r.phase = ReplicaPhase::kReady;
          r.since = now;
        }
        ready += r.phase == ReplicaPhase::kReady;
      }
      for (PlacementNode& node : state.nodes) node.load = 0;
      for (PlacementReplica& r : site.replicas) {
        r.demand = r.phase == ReplicaPhase::kReady ? site.demand / ready : 0;
        state.nodes[r.node].load = r.demand;
      }
      for (const PlacementAction& action : Decide(state, kEager, now)) {
        const bool expands = action.kind == PlacementAction::Kind::kExpand;
        ++(expands ? expansions : contractions);
        auto at = std::find_if(site.replicas.begin(), site.replicas.end(),
                               [&](const auto& r) { return r.node >= action.node; });
        if (expands) {
          site.replicas.insert(at, In(action.node, ReplicaPhase::kComing, now));
        } else {
          at->phase = ReplicaPhase::kGoing;
          at->since = now;
        }
      }
    }
    EXPECT_LE(expansions, 2);
    EXPECT_EQ(contractions, 0);
  }
}

}  // namespace
}  // namespace dnsd::policy
