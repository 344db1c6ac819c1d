#include "dnsd/fleet/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace dnsd::fleet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const MonotonicTime kStart = MonotonicTime(seconds(1000));

MonotonicTime At(double s) { return kStart + FromSeconds(s); }
IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }
SiteReport Site(const char* name) { return {*wire::Name::Parse(name), 1, 0, true, true}; }

// A fleet with the addresses 192.0.2.1 and .2 in pools.
class FleetTest : public ::testing::Test {
 protected:
  FleetTest() {
    addresses_.Intern(Ip("192.0.2.1"));
    addresses_.Intern(Ip("192.0.2.2"));
  }

  NodeIndex Greet(double s, StreamId stream, const std::string& node,
                  std::vector<IpAddress> addresses, std::uint64_t boot = 1,
                  Heartbeat state = {.sequence = 1}) {
    Hello hello{.node = node,
                .addresses = std::move(addresses),
                .software_version = "1.0",
                .interval = seconds(1),
                .boot_id = boot,
                .state = std::move(state)};
    return fleet_.Apply({stream, At(s), std::move(hello)});
  }
  NodeIndex Beat(double s, StreamId stream, std::uint64_t sequence, bool healthy = true) {
    return fleet_.Apply({stream, At(s), Heartbeat{.sequence = sequence, .healthy = healthy}});
  }
  void Leave(double s, StreamId stream) { fleet_.Apply({stream, At(s), Leaving{"shutdown"}}); }
  void Close(double s, StreamId stream) { fleet_.Apply({stream, At(s), StreamClosed{}}); }
  NodeState StateOf(NodeIndex node) const { return fleet_.nodes()[node].state; }
  template <typename D>
  std::vector<D> Directives() {
    std::vector<D> found;
    for (auto& [stream, directive] : fleet_.TakeOutcome().directives) {
      if (auto* d = std::get_if<D>(&directive)) found.push_back(std::move(*d));
    }
    return found;
  }

  AddressTable addresses_;
  FleetOptions options_;
  Fleet fleet_{options_, addresses_, kStart};
};

TEST_F(FleetTest, ANodeIsAliveSuspectAtOneAndAHalfBeatsAndDeadAtThree) {
  const NodeIndex a = Greet(1, 1, "a", {Ip("192.0.2.1")});
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
  EXPECT_EQ(fleet_.NextDeadline(), At(2.5));
  fleet_.Advance(At(2.499));
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
  fleet_.Advance(At(2.5));
  EXPECT_EQ(StateOf(a), NodeState::kSuspect);
  EXPECT_EQ(fleet_.NextDeadline(), At(4));
  fleet_.Advance(At(4));
  EXPECT_EQ(StateOf(a), NodeState::kDead);
  const Outcome outcome = fleet_.TakeOutcome();
  ASSERT_THAT(outcome.transitions, SizeIs(3));
  EXPECT_EQ(outcome.transitions[2].from, NodeState::kSuspect);
  EXPECT_EQ(outcome.transitions[2].to, NodeState::kDead);
  EXPECT_EQ(outcome.transitions[2].reason, "no heartbeat in time");
}

TEST_F(FleetTest, ANodesPlaceIsThatOfItsLastHello) {
  const Place here{"eu", Coordinates{52.5, 13.4}, 64500};
  fleet_.Apply({1, At(0), Hello{.node = "a", .interval = seconds(1), .boot_id = 1, .place = here}});
  EXPECT_EQ(fleet_.nodes()[0].place, here);
  fleet_.Apply({2, At(1), Hello{.node = "a", .interval = seconds(1), .boot_id = 1}});
  EXPECT_EQ(fleet_.nodes()[0].place, Place());
}

TEST_F(FleetTest, SilenceIsMeasuredInTheNodesOwnInterval) {
  fleet_.Apply({1, At(0), Hello{.node = "slow", .interval = seconds(10), .boot_id = 1}});
  EXPECT_EQ(fleet_.NextDeadline(), At(15));
  fleet_.Advance(At(15));
  EXPECT_EQ(fleet_.NextDeadline(), At(30));
}

TEST_F(FleetTest, ASuspectThatReportsIsAliveAtOnce) {
  const NodeIndex a = Greet(1, 1, "a", {});
  fleet_.Advance(At(3));
  EXPECT_EQ(StateOf(a), NodeState::kSuspect);
  Beat(3.1, 1, 2);
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
}

TEST_F(FleetTest, KnowsSinceWhenANodeIsUsable) {
  const NodeIndex node = Greet(0, 1, "n1", {Ip("192.0.2.1")});
  EXPECT_EQ(fleet_.nodes()[node].usable_since, MonotonicTime()) << "it was never otherwise";
  fleet_.Advance(At(2));
  ASSERT_EQ(StateOf(node), NodeState::kSuspect);
  Beat(2.5, 1, 2);
  EXPECT_EQ(fleet_.nodes()[node].usable_since, At(2.5));
  Beat(3.5, 1, 3);
  EXPECT_EQ(fleet_.nodes()[node].usable_since, At(2.5));
}

TEST_F(FleetTest, ANodeBackFromTheDeadWarmsUp) {
  const NodeIndex a = Greet(1, 1, "a", {});
  fleet_.Advance(At(10));
  ASSERT_EQ(StateOf(a), NodeState::kDead);
  Beat(20, 1, 2);
  EXPECT_EQ(StateOf(a), NodeState::kWarming);
  EXPECT_DOUBLE_EQ(fleet_.WarmUpFactor(a, At(20)), 10);
  EXPECT_DOUBLE_EQ(fleet_.WarmUpFactor(a, At(35)), 2);
  for (int i = 1; i <= 30; ++i) Beat(20 + i, 1, 2U + static_cast<unsigned>(i));
  fleet_.Advance(At(50));
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
  EXPECT_DOUBLE_EQ(fleet_.WarmUpFactor(a, At(50)), 1);
}

TEST_F(FleetTest, NodesThatCameWithDnsdAreWarmAndLaterOnesAreNot) {
  const NodeIndex first = Greet(29.9, 1, "first", {});
  const NodeIndex late = Greet(30, 2, "late", {});
  EXPECT_EQ(StateOf(first), NodeState::kAlive);
  EXPECT_EQ(StateOf(late), NodeState::kWarming);
}

TEST_F(FleetTest, ANodeThatLeavesIsOutAtOnceAndBackWithItsNextHello) {
  const NodeIndex a = Greet(1, 1, "a", {});
  Leave(2, 1);
  Close(2.1, 1);
  EXPECT_EQ(StateOf(a), NodeState::kLeaving);
  fleet_.Advance(At(100));
  EXPECT_EQ(StateOf(a), NodeState::kLeaving);
  EXPECT_EQ(fleet_.NextDeadline(), std::nullopt);
  Greet(101, 2, "a", {}, 2);
  EXPECT_EQ(StateOf(a), NodeState::kWarming);
}

TEST_F(FleetTest, AReporterThatIsOnlyRestartedNeedsNoWarmUp) {
  const NodeIndex a = Greet(1, 1, "a", {});
  Leave(2, 1);
  Greet(3, 2, "a", {}, 2);
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
}

TEST_F(FleetTest, AStreamThatEndsWithoutAWordMakesItsNodeSuspect) {
  const NodeIndex a = Greet(1, 1, "a", {});
  Close(1.2, 1);
  EXPECT_EQ(StateOf(a), NodeState::kSuspect);
  fleet_.Advance(At(4));
  EXPECT_EQ(StateOf(a), NodeState::kDead);
}

TEST_F(FleetTest, ANodeThatSaysItIsUnwellIsOutUntilItIsWell) {
  const NodeIndex a = Greet(1, 1, "a", {});
  Beat(2, 1, 2, false);
  EXPECT_EQ(StateOf(a), NodeState::kUnhealthy);
  fleet_.Advance(At(3.6));  // silent as well: still no last resort
  EXPECT_EQ(StateOf(a), NodeState::kUnhealthy);
  Beat(3.7, 1, 3);
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
}

TEST_F(FleetTest, ANodeWhoseRequestsFailIsSuspectWhileTheyDoAndThenWarmsUp) {
  const NodeIndex a = Greet(1, 1, "a", {});
  fleet_.SetFailing(a, true, At(1));
  EXPECT_EQ(StateOf(a), NodeState::kSuspect);
  fleet_.SetFailing(a, false, At(2));
  EXPECT_EQ(StateOf(a), NodeState::kWarming);
  EXPECT_EQ(fleet_.WarmUpFactor(a, At(2)), 10);
}

TEST_F(FleetTest, ANodeThatDiesAFourthTimeIsOutUntilThePenaltyFades) {
  const NodeIndex a = Greet(0, 1, "a", {});
  std::uint64_t sequence = 1;
  for (int death = 1; death <= 4; ++death) {
    fleet_.Advance(At(death * 10 - 5));
    ASSERT_EQ(StateOf(a), NodeState::kDead);
    Beat(death * 10, 1, ++sequence);
    EXPECT_EQ(StateOf(a), death < 4 ? NodeState::kWarming : NodeState::kUnhealthy) << death;
  }
  // The penalty at the fourth death, 10 s apart each: 1 + q(1 + q(1 + q)), q = 2^(-10/300).
  const double q = std::exp2(-10.0 / 300);
  const double back = 35 + 300 * std::log2(1 + q * (1 + q * (1 + q)));
  for (int t = 41; t < back; ++t) Beat(t, 1, ++sequence);
  fleet_.Advance(At(back - 0.1));
  EXPECT_EQ(StateOf(a), NodeState::kUnhealthy);
  fleet_.Advance(At(back + 0.1));
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
}

TEST_F(FleetTest, NodesThatDieTogetherGetNoPenalty) {
  for (StreamId i = 1; i <= 4; ++i) Greet(0.1 * static_cast<double>(i), i, std::to_string(i), {});
  for (std::uint64_t round = 1; round <= 6; ++round) {
    const double t = static_cast<double>(round) * 10;
    for (StreamId i = 1; i <= 3; ++i) {  // one after the other, as their deadlines pass
      fleet_.Advance(At(t - 7 + 0.1 * static_cast<double>(i)));
    }
    for (NodeIndex i = 0; i < 4; ++i) ASSERT_NE(StateOf(i), NodeState::kUnhealthy);
    fleet_.Advance(At(t - 1));
    for (NodeIndex i = 0; i < 4; ++i) ASSERT_EQ(StateOf(i), NodeState::kDead);
    for (StreamId i = 1; i <= 4; ++i) Beat(t + 0.1 * static_cast<double>(i), i, round + 1);
    for (NodeIndex i = 0; i < 4; ++i) EXPECT_EQ(StateOf(i), NodeState::kWarming) << round;
  }
}

TEST_F(FleetTest, HalfOfTheNodesDyingTogetherIsTheirOwnFault) {
  for (StreamId i = 1; i <= 4; ++i) Greet(0, i, std::to_string(i), {});
  std::uint64_t sequence = 1;
  for (int death = 1; death <= 4; ++death) {
    for (int s = death * 10 - 9; s < death * 10; ++s) {
      ++sequence;
      Beat(s, 3, sequence);
      Beat(s, 4, sequence);
      fleet_.Advance(At(s));
    }
    Beat(death * 10, 1, sequence);
    Beat(death * 10, 2, sequence);
  }
  EXPECT_EQ(StateOf(0), NodeState::kUnhealthy);
  EXPECT_EQ(StateOf(1), NodeState::kUnhealthy);
}

TEST_F(FleetTest, ANodeWhoseRivalLeavesIsHeardAgain) {
  const NodeIndex a = Greet(1, 1, "a", {}, 11);
  fleet_.TakeOutcome();
  Greet(1.5, 2, "a", {}, 22);
  const Outcome outcome = fleet_.TakeOutcome();
  ASSERT_THAT(outcome.directives, SizeIs(2));
  EXPECT_EQ(outcome.directives[0].first, 1U);
  const auto* refusal = std::get_if<Refusal>(&outcome.directives[0].second);
  ASSERT_NE(refusal, nullptr);
  EXPECT_THAT(refusal->reason, HasSubstr("node name 'a' is now used by another reporter"));
  Close(1.6, 1);
  Leave(2, 2);
  Close(2.1, 2);
  EXPECT_EQ(StateOf(a), NodeState::kLeaving);
  Greet(3.5, 3, "a", {}, 11);
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
  EXPECT_THAT(Directives<Refusal>(), IsEmpty());
}

TEST_F(FleetTest, AReporterThatLostItsStreamIsNotItsOwnRival) {
  Greet(1, 1, "a", {}, 11);
  Greet(1.5, 2, "a", {}, 11);
  Leave(2, 2);
  Greet(3, 3, "a", {}, 22);
  EXPECT_THAT(Directives<Refusal>(), IsEmpty());
}

TEST_F(FleetTest, DisorderIsToldOnceAMinuteAndNode) {
  Greet(1, 1, "a", {}, 1, {.sequence = 5});
  fleet_.TakeOutcome();
  Beat(2, 1, 5);
  Beat(3, 1, 4);
  EXPECT_THAT(fleet_.TakeOutcome().warnings,
              ElementsAre("node a: heartbeat 5 came after 5 and is ignored"));
  Beat(62, 1, 3);
  EXPECT_THAT(fleet_.TakeOutcome().warnings, SizeIs(1));
}

TEST_F(FleetTest, ASequenceThatGoesBackIsIgnoredAndCounted) {
  const NodeIndex a = Greet(1, 1, "a", {}, 1, {.sequence = 5});
  EXPECT_EQ(Beat(2, 1, 5), kNoNode);
  EXPECT_EQ(Beat(2, 1, 4, false), kNoNode);
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
  EXPECT_EQ(fleet_.nodes()[a].heard, At(1));
  EXPECT_EQ(fleet_.fault_count(Fault::kSequenceBack), 2U);
  EXPECT_EQ(Beat(2, 1, 6), a);
}

TEST_F(FleetTest, ANewBootStartsItsSequencesAnew) {
  const NodeIndex a = Greet(1, 1, "a", {}, 1, {.sequence = 500});
  Close(2, 1);
  EXPECT_EQ(Greet(3, 2, "a", {}, 2), a);
  EXPECT_EQ(Beat(4, 2, 2), a);
  EXPECT_EQ(fleet_.fault_count(Fault::kSequenceBack), 0U);
}

TEST_F(FleetTest, AGapInTheSequenceAsksOnceForTheFullList) {
  Greet(1, 1, "a", {});
  Beat(2, 1, 2);
  EXPECT_THAT(Directives<ResendFull>(), IsEmpty());
  Beat(3, 1, 5);
  Beat(4, 1, 9);
  const auto asked = Directives<ResendFull>();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].reason, "heartbeats between 2 and 5 were lost");
  EXPECT_EQ(fleet_.fault_count(Fault::kSequenceGap), 2U);
  // The list comes; a later gap asks again.
  fleet_.Apply({1, At(5), Heartbeat{.sequence = 10, .hosting = {.kind = HostingKind::kFull}}});
  Beat(6, 1, 12);
  EXPECT_THAT(Directives<ResendFull>(), SizeIs(1));
}

TEST_F(FleetTest, AnAddressBelongsToTheFirstLiveNodeThatClaimsIt) {
  const NodeIndex a = Greet(1, 1, "a", {Ip("192.0.2.1")});
  fleet_.TakeOutcome();
  const NodeIndex b = Greet(1.5, 2, "b", {Ip("192.0.2.1"), Ip("192.0.2.2"), Ip("192.0.2.2")});
  EXPECT_THAT(fleet_.node_of(), ElementsAre(a, b));
  EXPECT_EQ(fleet_.fault_count(Fault::kAddressTaken), 1U);
  EXPECT_THAT(fleet_.nodes()[b].addresses, SizeIs(2));
  const auto accepted = Directives<Accepted>();
  ASSERT_THAT(accepted, SizeIs(1));
  EXPECT_THAT(accepted[0].warnings,
              ElementsAre(HasSubstr("address 192.0.2.1 is held by node a, which is alive")));
}

TEST_F(FleetTest, ARefusedAddressPassesOnWhenItsHolderDiesOrLeaves) {
  const NodeIndex a = Greet(1, 1, "a", {Ip("192.0.2.1")});
  const NodeIndex b = Greet(1, 2, "b", {Ip("192.0.2.1")});
  Leave(2, 1);
  EXPECT_EQ(fleet_.node_of()[0], b);
  EXPECT_THAT(fleet_.nodes()[b].refused, IsEmpty());
  // Back again, the former holder is the one that goes without.
  Greet(2.2, 3, "a", {Ip("192.0.2.1")}, 2);
  EXPECT_EQ(fleet_.node_of()[0], b);
  EXPECT_THAT(fleet_.nodes()[a].refused, SizeIs(1));
}

TEST_F(FleetTest, ANewcomerTakesTheAddressOfADeadNode) {
  Greet(1, 1, "a", {Ip("192.0.2.1")});
  fleet_.Advance(At(4));
  const NodeIndex b = Greet(5, 2, "b", {Ip("192.0.2.1")});
  EXPECT_EQ(fleet_.node_of()[0], b);
  Beat(6, 1, 2);  // the dead one reports again on its old stream
  EXPECT_EQ(fleet_.node_of()[0], b);
}

TEST_F(FleetTest, ADeadNodeKeepsItsAddressWhileNobodyElseClaimsIt) {
  const NodeIndex a = Greet(1, 1, "a", {Ip("192.0.2.1")});
  fleet_.Advance(At(4));
  EXPECT_EQ(fleet_.node_of()[0], a);
}

TEST_F(FleetTest, AnAddressThatIsNoLongerClaimedIsFree) {
  Greet(1, 1, "a", {Ip("192.0.2.1"), Ip("192.0.2.2")});
  const NodeIndex a = Greet(2, 2, "a", {Ip("192.0.2.2")});
  EXPECT_THAT(fleet_.node_of(), ElementsAre(kNoNode, a));
}

TEST_F(FleetTest, AnAddressOutsideEveryPoolIsBoundOnceAPoolBringsIt) {
  const NodeIndex a = Greet(1, 1, "a", {Ip("198.51.100.9")});
  EXPECT_EQ(fleet_.fault_count(Fault::kUnknownAddress), 1U);
  const auto accepted = Directives<Accepted>();
  ASSERT_THAT(accepted, SizeIs(1));
  EXPECT_THAT(accepted[0].warnings, ElementsAre(HasSubstr("198.51.100.9 is in no pool")));
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
  const AddressId id = addresses_.Intern(Ip("198.51.100.9"));
  fleet_.RebindAddresses();
  EXPECT_EQ(fleet_.node_of().at(id), a);
}

TEST_F(FleetTest, WarnsOfAFewAddressesAndCountsTheRest) {
  std::vector<IpAddress> unknown;
  for (int i = 0; i < 8; ++i) unknown.push_back(Ip(("198.51.100." + std::to_string(i)).c_str()));
  Greet(1, 1, "a", unknown);
  EXPECT_THAT(Directives<Accepted>().at(0).warnings, SizeIs(8));
  unknown.push_back(Ip("198.51.100.8"));
  unknown.push_back(Ip("198.51.100.9"));
  Greet(2, 2, "a", unknown);
  const std::vector<std::string> warnings = Directives<Accepted>().at(0).warnings;
  ASSERT_THAT(warnings, SizeIs(9));
  EXPECT_EQ(warnings.back(), "and 2 more warnings on its addresses");
}

TEST_F(FleetTest, AReconnectTakesOverAndTheOldStreamIsIgnored) {
  const NodeIndex a = Greet(1, 1, "a", {});
  EXPECT_EQ(Greet(2, 2, "a", {}, 1, {.sequence = 2}), a);
  EXPECT_EQ(Beat(2.1, 1, 7, false), kNoNode);
  Close(2.2, 1);
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
  EXPECT_EQ(fleet_.fault_count(Fault::kStaleStream), 1U);
  EXPECT_EQ(fleet_.fault_count(Fault::kNameContested), 0U);
}

TEST_F(FleetTest, TwoReportersThatFightOverANameAreNoticedByTheirReturn) {
  Greet(1, 1, "a", {}, 11);
  Greet(1.4, 2, "a", {}, 22);
  EXPECT_EQ(fleet_.fault_count(Fault::kNameContested), 0U);
  fleet_.TakeOutcome();
  Greet(1.8, 3, "a", {}, 11);
  Greet(2.2, 4, "a", {}, 22);
  EXPECT_EQ(fleet_.fault_count(Fault::kNameContested), 2U);
  EXPECT_THAT(fleet_.TakeOutcome().warnings,  // once a minute
              ElementsAre(HasSubstr("two live reporters speak for this name")));
}

TEST_F(FleetTest, TwoReportersThatFightOverANameAreNoticedByTheOldOnesBeats) {
  Greet(1, 1, "a", {}, 11);
  Greet(1.4, 2, "a", {}, 22);
  Beat(1.5, 1, 2);  // may have been under way
  EXPECT_EQ(fleet_.fault_count(Fault::kNameContested), 0U);
  Beat(2.5, 1, 3);
  EXPECT_EQ(fleet_.fault_count(Fault::kNameContested), 1U);
}

TEST_F(FleetTest, ANodeBeyondTheMostIsRefused) {
  Fleet small({.max_nodes = 1}, addresses_, kStart);
  EXPECT_EQ(small.Apply({1, At(1), Hello{.node = "a", .interval = seconds(1)}}), 0U);
  EXPECT_EQ(small.Apply({2, At(1), Hello{.node = "b", .interval = seconds(1)}}), kNoNode);
  EXPECT_EQ(small.fault_count(Fault::kTooManyNodes), 1U);
  const Outcome outcome = small.TakeOutcome();
  ASSERT_THAT(outcome.directives, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<Refusal>(outcome.directives[1].second));
  EXPECT_EQ(small.Apply({2, At(2), Heartbeat{.sequence = 2}}), kNoNode);
  EXPECT_EQ(small.fault_count(Fault::kNoHello), 1U);
}

TEST_F(FleetTest, AnOddIntervalIsSetRight) {
  const struct {
    Duration asked, want;
  } cases[] = {{milliseconds(0), milliseconds(100)},
               {milliseconds(99), milliseconds(100)},
               {milliseconds(100), milliseconds(100)},
               {seconds(60), seconds(60)},
               {seconds(61), seconds(60)}};
  for (const auto& c : cases) {
    fleet_.Apply({1, At(1), Hello{.node = "a", .interval = c.asked, .boot_id = 1}});
    EXPECT_EQ(fleet_.nodes()[0].interval, c.want);
    EXPECT_THAT(Directives<SetInterval>(), SizeIs(c.asked == c.want ? 0 : 1));
  }
  EXPECT_EQ(fleet_.fault_count(Fault::kOddInterval), 3U);
}

TEST_F(FleetTest, HostingFollowsHelloAndBeats) {
  const NodeIndex a = Greet(
      1, 1, "a", {}, 1,
      {.sequence = 1,
       .hosting = {.kind = HostingKind::kFull, .sites = {Site("x.example"), Site("y.example")}}});
  EXPECT_TRUE(fleet_.nodes()[a].declares_hosting);
  EXPECT_EQ(fleet_.hosting()->site_count(), 2U);
  fleet_.Apply({1, At(2),
                Heartbeat{.sequence = 2,
                          .hosting = {.kind = HostingKind::kDifference,
                                      .removed = {*wire::Name::Parse("x.example")}}}});
  EXPECT_EQ(fleet_.hosting()->site_count(), 1U);
  Greet(3, 2, "a", {}, 2);  // restarted without a list: hosts all
  EXPECT_FALSE(fleet_.nodes()[a].declares_hosting);
  EXPECT_EQ(fleet_.hosting()->site_count(), 0U);
}

TEST_F(FleetTest, ARestoredNodeIsUsableAtOnceAndJudgedAfterTheGrace) {
  const NodeIndex alive = fleet_.Restore({.name = "a",
                                          .addresses = {Ip("192.0.2.1")},
                                          .interval = seconds(1),
                                          .state = NodeState::kSuspect,
                                          .declares_hosting = true});
  const NodeIndex dead = fleet_.Restore({.name = "d", .state = NodeState::kDead});
  EXPECT_EQ(StateOf(alive), NodeState::kAlive);
  EXPECT_EQ(StateOf(dead), NodeState::kDead);
  EXPECT_EQ(fleet_.node_of().at(0), alive);
  fleet_.Advance(At(9.9));
  EXPECT_EQ(StateOf(alive), NodeState::kAlive);
  fleet_.Advance(At(10));
  EXPECT_EQ(StateOf(alive), NodeState::kDead);
  Greet(11, 1, "d", {});
  EXPECT_EQ(StateOf(dead), NodeState::kWarming);
}

TEST_F(FleetTest, ARestoredNodeThatReportsIsJudgedLikeAnyOther) {
  const NodeIndex a = fleet_.Restore({.name = "a", .state = NodeState::kAlive});
  Greet(1, 1, "a", {});
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
  fleet_.Advance(At(4));
  EXPECT_EQ(StateOf(a), NodeState::kDead);
}

TEST_F(FleetTest, SilenceIsForgivenWhenDnsdItselfWasStopped) {
  const NodeIndex a = Greet(1, 1, "a", {});
  fleet_.ForgiveUntil(At(30));
  fleet_.Advance(At(29));
  EXPECT_EQ(StateOf(a), NodeState::kAlive);
  fleet_.Advance(At(30));
  EXPECT_EQ(StateOf(a), NodeState::kDead);
}

TEST_F(FleetTest, KeepsWhatANodeHasRoomForUntilItTellsAnew) {
  const Storage storage{.takes_replicas = true, .quota_bytes = 10};
  const TaskReport task{.id = 7, .phase = TaskReport::Phase::kRunning};
  const NodeIndex node =
      Greet(0, 1, "a", {}, 1, {.sequence = 1, .tasks = {task}, .storage = storage});
  EXPECT_EQ(fleet_.Find("a"), node);
  EXPECT_EQ(fleet_.Find("b"), kNoNode);
  Beat(1, 1, 2);
  EXPECT_EQ(fleet_.nodes()[node].storage, storage);
  EXPECT_THAT(fleet_.nodes()[node].tasks, IsEmpty());  // of the last report alone
  Greet(2, 2, "a", {}, 2);
  EXPECT_EQ(fleet_.nodes()[node].storage, Storage{});  // another boot, which takes none
}

}  // namespace
}  // namespace dnsd::fleet
