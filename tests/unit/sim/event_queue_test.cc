#include "tools/dnsd-sim/event_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnsd/base/random.h"

namespace dnsd::sim {
namespace {

using ::testing::ElementsAre;

std::vector<int> Drain(EventQueue<int>& queue) {
  std::vector<int> all;
  while (!queue.empty()) all.push_back(queue.Pop().payload);
  return all;
}

TEST(EventQueue, GivesEventsInTheOrderOfTheirTimes) {
  EventQueue<int> queue;
  queue.Push(3, 30);
  queue.Push(1, 10);
  queue.Push(2, 20);
  EXPECT_THAT(Drain(queue), ElementsAre(10, 20, 30));
}

TEST(EventQueue, GivesTheFirstPushedFirstAtOneTime) {
  EventQueue<int> queue;
  for (int i = 0; i < 5; ++i) queue.Push(1, i);
  queue.Push(0.5, 9);
  EXPECT_THAT(Drain(queue), ElementsAre(9, 0, 1, 2, 3, 4));
}

TEST(EventQueue, StaysInOrderWhileEventsComeAndGo) {
  EventQueue<int> queue;
  Random random(1);
  double now = 0;
  for (int i = 0; i < 20'000; ++i) {
    queue.Push(now + random.Unit(), i);
    if (random.Below(3) > 0 && !queue.empty()) {
      const double at = queue.Pop().at;
      ASSERT_GE(at, now);
      now = at;
    }
  }
}

}  // namespace
}  // namespace dnsd::sim
