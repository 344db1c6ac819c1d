#include "dnsd/base/edit_distance.h"

#include <gtest/gtest.h>

namespace dnsd {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("listen", "lisen"), 1U);
}

TEST(ClosestWord, IsEmptyWhenNothingIsClose) {
  EXPECT_EQ(ClosestWord("lisen", {"zones", "listen"}), "listen");
  EXPECT_EQ(ClosestWord("colour", {"zones", "listen"}), "");
  EXPECT_EQ(ClosestWord("x", {"ab"}), "");
}

}  // namespace
}  // namespace dnsd
