#include "dnsd/server/work_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace dnsd::server {
namespace {

TEST(WorkThread, DoesOnePieceAfterTheOther) {
  WorkThread thread(8);
  std::vector<int> done;
  std::promise<void> last;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(thread.Do([&done, i] { done.push_back(i); }));
  }
  ASSERT_TRUE(thread.Do([&last] { last.set_value(); }));
  last.get_future().wait();
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2, 3}));
}

TEST(WorkThread, TakesNoMoreThanMayWait) {
  WorkThread thread(2);
  std::promise<void> begun;
  std::promise<void> may_end;
  ASSERT_TRUE(thread.Do([&] {
    begun.set_value();
    may_end.get_future().wait();
  }));
  begun.get_future().wait();
  bool done = false;
  EXPECT_TRUE(thread.Do([&done] { done = true; }));
  EXPECT_TRUE(thread.Do([] {}));
  EXPECT_FALSE(thread.Do([] {}));
  // Dropped while the first is being done, unless that has ended before Stop was called.
  std::promise<void> stopping;
  std::thread other([&] {
    stopping.set_value();
    thread.Stop();
  });
  stopping.get_future().wait();
  may_end.set_value();
  other.join();
  std::promise<void> anew;
  EXPECT_TRUE(thread.Do([&anew] { anew.set_value(); }));
  anew.get_future().wait();
}

}  // namespace
}  // namespace dnsd::server
