#include "dnsd/base/snapshot.h"

#include <gtest/gtest.h>

#include <memory>

namespace dnsd {
namespace {

TEST(Published, FreesAnOldValueOnceItsReadersHaveLetGo) {
  auto first = std::make_shared<const int>(1);
  const std::weak_ptr<const int> old = first;
  Published<int> published(std::move(first));
  View<int> view(published);
  EXPECT_FALSE(published.has_retired());
  published.Publish(std::make_shared<const int>(2));
  EXPECT_TRUE(published.has_retired());
  EXPECT_EQ(published.Sweep(), 0U);
  EXPECT_EQ(view.Refresh(), 2);
  EXPECT_TRUE(view.changed());
  EXPECT_FALSE(old.expired());  // a reader frees nothing
  EXPECT_EQ(published.Sweep(), 1U);
  EXPECT_TRUE(old.expired());
  EXPECT_FALSE(published.has_retired());
}

}  // namespace
}  // namespace dnsd
