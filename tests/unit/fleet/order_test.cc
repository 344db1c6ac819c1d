// Operators' orders.
#include "dnsd/fleet/order.h"

#include <gtest/gtest.h>

#include "dnsd/fleet/fleet.h"

namespace dnsd::fleet {
namespace {

using std::chrono::seconds;

const MonotonicTime kStart = MonotonicTime(seconds(1000));
MonotonicTime At(double s) { return kStart + FromSeconds(s); }

class OrderTest : public ::testing::Test {
 protected:
  OrderTest() {
    addresses_.Intern(*IpAddress::Parse("192.0.2.1"));
    node_ = fleet_.Apply({1, At(1),
                          Hello{.node = "a",
                                .addresses = {*IpAddress::Parse("192.0.2.1")},
                                .interval = seconds(1),
                                .boot_id = 1,
                                .state = {.sequence = 1}}});
  }

  void Beat(double s, bool healthy = true) {
    fleet_.Apply({1, At(s), Heartbeat{.sequence = ++sequence_, .healthy = healthy}});
  }
  NodeState state() const { return fleet_.nodes()[node_].state; }
  std::string reason() const { return fleet_.nodes()[node_].reason; }
  static Order Drain(std::optional<double> until = std::nullopt) {
    Order order{Order::Kind::kDrain, "new disk", std::nullopt};
    if (until) order.end = Order::End{At(*until), WallTime()};
    return order;
  }

  AddressTable addresses_;
  Fleet fleet_{FleetOptions{}, addresses_, kStart};
  NodeIndex node_ = kNoNode;
  std::uint64_t sequence_ = 1;
};

TEST_F(OrderTest, ADrainedNodeAnswersNoMoreUntilItIsTakenBack) {
  fleet_.SetOrder(node_, Drain(), At(1.5));
  EXPECT_EQ(state(), NodeState::kDraining);
  EXPECT_EQ(TierOf(state()), Tier::kExcluded);
  EXPECT_EQ(reason(), "an operator said so: new disk");
  Beat(2);
  EXPECT_EQ(state(), NodeState::kDraining);
  fleet_.SetOrder(node_, {}, At(2.5));
  EXPECT_EQ(state(), NodeState::kWarming);  // its caches are cold
  EXPECT_DOUBLE_EQ(fleet_.WarmUpFactor(node_, At(2.5)), 10);
}

TEST_F(OrderTest, AnOrderEndsByItself) {
  fleet_.SetOrder(node_, Drain(2.25), At(1.5));
  Beat(2);
  EXPECT_EQ(fleet_.NextDeadline(), At(2.25));
  fleet_.Advance(At(2.249));
  EXPECT_EQ(state(), NodeState::kDraining);
  fleet_.Advance(At(2.25));
  EXPECT_EQ(state(), NodeState::kWarming);
}

TEST_F(OrderTest, DeathShowsThroughADrainButNotThroughADisable) {
  fleet_.SetOrder(node_, Drain(), At(1.5));
  fleet_.Advance(At(4));
  EXPECT_EQ(state(), NodeState::kDead);
  fleet_.SetOrder(node_, {Order::Kind::kDisable, "", std::nullopt}, At(5));
  EXPECT_EQ(state(), NodeState::kDisabled);
  EXPECT_EQ(reason(), "an operator said so");
  fleet_.SetOrder(node_, {}, At(6));
  EXPECT_EQ(state(), NodeState::kDead);
}

TEST_F(OrderTest, AnOrderStandsAboveANodesOwnWord) {
  fleet_.SetOrder(node_, Drain(), At(1.5));
  Beat(2, false);
  EXPECT_EQ(state(), NodeState::kDraining);
  fleet_.SetOrder(node_, {}, At(2.5));
  EXPECT_EQ(state(), NodeState::kUnhealthy);
}

TEST_F(OrderTest, ToTakeBackWhatNobodyOrderedChangesNothing) {
  fleet_.SetOrder(node_, {}, At(1.5));
  EXPECT_EQ(state(), NodeState::kAlive);
}

TEST_F(OrderTest, ARestoredNodeKeepsItsOrder) {
  Fleet fleet(FleetOptions{}, addresses_, kStart);
  const NodeIndex node =
      fleet.Restore({.name = "b", .state = NodeState::kDraining, .order = Drain(20)});
  EXPECT_EQ(fleet.nodes()[node].state, NodeState::kDraining);
  fleet.Apply(
      {1, At(19),
       Hello{.node = "b", .interval = seconds(10), .boot_id = 1, .state = {.sequence = 1}}});
  EXPECT_EQ(fleet.nodes()[node].state, NodeState::kDraining);
  fleet.Advance(At(20));
  EXPECT_EQ(fleet.nodes()[node].state, NodeState::kWarming);
}

}  // namespace
}  // namespace dnsd::fleet
