#include "dnsd/server/balance.h"

#include <gtest/gtest.h>

namespace dnsd::server {
namespace {

NodeStatus Node(fleet::NodeState state, std::optional<double> utilization, float cpus = 1) {
  NodeStatus node;
  node.state = state;
  node.load.cpu_utilization = utilization;
  node.figures.cpus = cpus;
  return node;
}

TEST(Balance, OfAnEvenFleetIsOne) {
  const auto alive = Node(fleet::NodeState::kAlive, 0.4);
  const Balance balance = BalanceOf({alive, alive}, {5, 5});
  EXPECT_DOUBLE_EQ(balance.imbalance, 1);
  EXPECT_DOUBLE_EQ(balance.nodes[0].answers, 0.5);
  EXPECT_DOUBLE_EQ(balance.nodes[1].load, 0.5);
}

TEST(Balance, LeavesOutWhoCannotAnswerAndWhoTellsNothing) {
  const Balance balance =
      BalanceOf({Node(fleet::NodeState::kAlive, 0.2), Node(fleet::NodeState::kAlive, 0.6, 3),
                 Node(fleet::NodeState::kDead, 1), Node(fleet::NodeState::kAlive, std::nullopt)},
                {1, 1, 0, 2});
  EXPECT_DOUBLE_EQ(balance.imbalance, 1.5);
  EXPECT_DOUBLE_EQ(balance.nodes[1].load, 0.9);
  EXPECT_DOUBLE_EQ(balance.nodes[2].load, 0);
  EXPECT_DOUBLE_EQ(balance.nodes[3].answers, 0.5);
}

TEST(Balance, OfAnIdleOrUnknownFleetIsZero) {
  EXPECT_EQ(BalanceOf({}, {}).imbalance, 0);
  const Balance idle = BalanceOf({Node(fleet::NodeState::kAlive, 0)}, {});
  EXPECT_EQ(idle.imbalance, 0);
  EXPECT_EQ(idle.nodes[0].answers, 0);
  EXPECT_EQ(idle.nodes[0].load, 0);
}

}  // namespace
}  // namespace dnsd::server
