#include "reporter/backoff.h"

#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesItsCeilingUpToTheCap) {
  Backoff backoff(200ms, 1s);
  for (const Duration want : {200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    EXPECT_EQ(backoff.Next(1.0), want);
  }
}

TEST(Backoff, DrawsFromZeroToItsCeiling) {
  Backoff backoff(200ms, 1s);
  EXPECT_EQ(backoff.Next(0.0), 0ms);
  EXPECT_EQ(backoff.Next(0.5), 200ms);  // of 400
}

TEST(Backoff, StartsAgainAfterASuccess) {
  Backoff backoff(200ms, 1s);
  backoff.Next(1.0);
  backoff.Next(1.0);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(1.0), 200ms);
}

}  // namespace
}  // namespace dnsd::reporter
