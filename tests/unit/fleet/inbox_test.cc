#include "dnsd/fleet/inbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace dnsd::fleet {
namespace {

Event Beat(StreamId stream, std::uint64_t sequence) {
  return {stream, MonotonicTime(), Heartbeat{.sequence = sequence}};
}

std::uint64_t SequenceOf(const Event& event) { return std::get<Heartbeat>(event.what).sequence; }

TEST(Inbox, WakesOnceUntilItIsDrained) {
  int woken = 0;
  Inbox inbox([&] { ++woken; });
  inbox.Put(Beat(1, 1));
  inbox.Put(Beat(2, 1));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(inbox.Drain().size(), 2U);
  EXPECT_TRUE(inbox.Drain().empty());
  inbox.Put(Beat(1, 2));
  EXPECT_EQ(woken, 2);
}

TEST(Inbox, AStreamThatFloodsLosesItsOwnOlderBeatsOnly) {
  Inbox inbox([] {}, 2);
  inbox.Put({7, MonotonicTime(), Hello{.node = "a"}});
  inbox.Put(Beat(8, 1));
  for (std::uint64_t i = 1; i <= 5; ++i) inbox.Put(Beat(7, i));
  inbox.Put({7, MonotonicTime(), Leaving{}});
  EXPECT_EQ(inbox.dropped(), 3U);
  const auto events = inbox.Drain();
  ASSERT_EQ(events.size(), 5U);
  EXPECT_TRUE(std::holds_alternative<Hello>(events[0].what));
  EXPECT_EQ(events[1].stream, 8U);
  EXPECT_EQ(SequenceOf(events[2]), 1U);
  EXPECT_EQ(SequenceOf(events[3]), 5U);
  EXPECT_TRUE(std::holds_alternative<Leaving>(events[4].what));
}

TEST(Inbox, AfterADrainAStreamMayFillItAgain) {
  Inbox inbox([] {}, 1);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    inbox.Put(Beat(7, i));
    EXPECT_EQ(SequenceOf(inbox.Drain().at(0)), i);
  }
  EXPECT_EQ(inbox.dropped(), 0U);
}

TEST(Inbox, TakesFromManyThreads) {
  std::atomic<int> woken{0};
  Inbox inbox([&] { ++woken; }, 1000);
  std::vector<std::thread> threads;
  for (StreamId stream = 1; stream <= 4; ++stream) {
    threads.emplace_back([&inbox, stream] {
      for (std::uint64_t i = 1; i <= 500; ++i) inbox.Put(Beat(stream, i));
    });
  }
  std::size_t got = 0;
  while (got < 2000) got += inbox.Drain().size();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(got, 2000U);
  EXPECT_GE(woken, 1);
}

}  // namespace
}  // namespace dnsd::fleet
