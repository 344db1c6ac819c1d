#include "dnsd/server/control_loop.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

namespace dnsd::server {
namespace {

// Lets the test's thread wait for directives.
struct Sink : fleet::DirectiveSink {
  void Send(fleet::StreamId stream, fleet::Directive) override {
    std::lock_guard lock(mutex);
    sent.push_back(stream);
    changed.notify_all();
  }
  bool WaitFor(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), [&] { return sent.size() >= count; });
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<fleet::StreamId> sent;
};

class ControlLoopTest : public ::testing::Test {
 protected:
  fleet::Event Hello(fleet::StreamId stream, const std::string& node) {
    return {stream, MonotonicClock::now(),
            fleet::Hello{.node = node, .interval = std::chrono::seconds(60), .boot_id = 1}};
  }

  AddressTable addresses_;
  answer::WorkerStats worker_;
  Published<answer::FleetView> fleet_{std::make_shared<answer::FleetView>()};
  Sink sink_;
  ControlLoop loop_{{.addresses = &addresses_, .fleet = &fleet_, .workers = {&worker_}}};
};

TEST_F(ControlLoopTest, TakesEventsOfManyThreads) {
  ASSERT_TRUE(loop_.Start(&sink_).ok());
  std::vector<std::thread> threads;
  for (fleet::StreamId first = 1; first <= 4; ++first) {
    threads.emplace_back([this, first] {
      for (fleet::StreamId i = 0; i < 50; ++i) {
        loop_.inbox().Put(Hello(first * 100 + i, std::to_string(first * 100 + i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(sink_.WaitFor(200));
  loop_.Stop();
  EXPECT_EQ(fleet_.Get()->nodes.size(), 200U);
}

TEST_F(ControlLoopTest, RunsPostedWorkOnItsOwnThread) {
  ASSERT_TRUE(loop_.Start(nullptr).ok());
  std::promise<std::thread::id> ran;
  loop_.Post([&] {
    loop_.RebindAddresses();
    ran.set_value(std::this_thread::get_id());
  });
  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
  loop_.Stop();
}

TEST_F(ControlLoopTest, StopTakesInWhatStillWaits) {
  ASSERT_TRUE(loop_.Start(&sink_).ok());
  loop_.inbox().Put(Hello(1, "a"));
  loop_.inbox().Put(Hello(2, "b"));
  loop_.Stop();
  EXPECT_EQ(fleet_.Get()->nodes.size(), 2U);
}

TEST_F(ControlLoopTest, MayBeStoppedTwiceOrNeverStarted) {
  loop_.Stop();
  loop_.Stop();
  loop_.Post([] { FAIL() << "posted after Stop"; });
}

}  // namespace
}  // namespace dnsd::server
