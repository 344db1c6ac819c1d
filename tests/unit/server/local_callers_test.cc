#include "dnsd/server/local_callers.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "dnsd/server/sockets.h"

namespace dnsd::server {
namespace {

struct Pair {
  Pair() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ours = Fd(fds[0]);
    theirs = Fd(fds[1]);
  }
  Fd ours, theirs;
};

TEST(LocalCallers, AreKnownByUserAndProcess) {
  LocalCallers callers(4);
  const Pair pair;
  ASSERT_TRUE(callers.Add(pair.ours.get()).ok());
  EXPECT_EQ(*callers.Who(pair.ours.get()),
            "uid " + std::to_string(getuid()) + ", process " + std::to_string(getpid()));
  EXPECT_FALSE(callers.Who(pair.theirs.get()).ok());
}

TEST(LocalCallers, ADescriptorThatIsAnothersByNowIsNobodys) {
  LocalCallers callers(4);
  int number = -1;
  {
    const Pair pair;
    number = pair.ours.get();
    ASSERT_TRUE(callers.Add(number).ok());
  }
  EXPECT_FALSE(callers.Who(number).ok());
  const Pair later;
  ASSERT_EQ(dup2(later.theirs.get(), number), number);
  EXPECT_FALSE(callers.Who(number).ok());
  if (number != later.ours.get() && number != later.theirs.get()) close(number);
}

TEST(LocalCallers, OneMoreThanTheLimitIsRefusedUntilAnotherIsClosed) {
  LocalCallers callers(2);
  Pair first;
  const Pair second, third;
  ASSERT_TRUE(callers.Add(first.ours.get()).ok());
  ASSERT_TRUE(callers.Add(second.ours.get()).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(callers.Add(third.ours.get())));
  first.ours = Fd();
  // The number is free, and nobody's.
  EXPECT_TRUE(callers.Add(third.ours.get()).ok());
}

TEST(LocalCallers, WhatIsNoSocketIsNotAdded) {
  LocalCallers callers(2);
  EXPECT_FALSE(callers.Add(-1).ok());
}

}  // namespace
}  // namespace dnsd::server
