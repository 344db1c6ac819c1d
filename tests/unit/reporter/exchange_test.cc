#include "reporter/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reporter/text.h"
#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

TEST(ExchangeNames, WhatWasAtEachIsAtTheOther) {
  const FixtureTree tree;
  tree.Write("/new/index.html", "new");
  tree.Write("/old/index.html", "old");
  ASSERT_TRUE(ExchangeNames(tree.root() + "/new", tree.root() + "/old").ok());
  EXPECT_EQ(FileRoot(tree.root()).Read("/old/index.html"), "new");
  EXPECT_EQ(FileRoot(tree.root()).Read("/new/index.html"), "old");
}

TEST(ExchangeNames, LeavesBothWhereOneIsNotThere) {
  const FixtureTree tree;
  tree.Write("/old/index.html", "old");
  const absl::Status done = ExchangeNames(tree.root() + "/new", tree.root() + "/old");
  EXPECT_THAT(Message(done), testing::HasSubstr("/new and "));
  EXPECT_THAT(Message(done), testing::HasSubstr("No such file"));
  EXPECT_EQ(FileRoot(tree.root()).Read("/old/index.html"), "old");
}

}  // namespace
}  // namespace dnsd::reporter
