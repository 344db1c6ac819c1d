#include "reporter/replica_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ChooseEvictions, TakesTheLeastRecentlyUsedUntilThereIsRoom) {
  const std::vector<Evictable> replicas = {
      {"new", 100, 30}, {"old", 10, 10}, {"older", 20, 9}, {"unknown", 0, 1}, {"same", 5, 10}};
  EXPECT_THAT(ChooseEvictions(replicas, 20), ElementsAre("older"));
  EXPECT_THAT(ChooseEvictions(replicas, 21), ElementsAre("older", "old"));
  EXPECT_THAT(ChooseEvictions(replicas, 31), ElementsAre("older", "old", "same"));
  EXPECT_THAT(ChooseEvictions(replicas, 135), ElementsAre("older", "old", "same", "new"));
}

TEST(ChooseEvictions, TakesNoneWhereAllAreNotEnough) {
  EXPECT_THAT(ChooseEvictions({{"a", 10, 1}, {"b", 10, 2}}, 21), IsEmpty());
  EXPECT_THAT(ChooseEvictions({{"a", 10, 1}}, 0), IsEmpty());
}

TEST(Room, ReckonsWithWhatComesAndLeaves) {
  const Room room{.quota = 100, .used = 70, .leaving = 30, .coming = 20, .free = 50};
  EXPECT_EQ(room.Excess(40), 0U);
  EXPECT_EQ(room.Excess(41), 1U);
  EXPECT_TRUE(room.FitsNow(10));
  EXPECT_FALSE(room.FitsNow(11)) << "the others have not left yet";
  EXPECT_TRUE(room.FitsDisk(60));
  EXPECT_FALSE(room.FitsDisk(61));
}

TEST(Room, WithoutAQuotaOrAKnownDiskThereIsNoBound) {
  const Room room{.used = 70};
  EXPECT_EQ(room.Excess(1'000'000), 0U);
  EXPECT_TRUE(room.FitsNow(1'000'000));
  EXPECT_TRUE(room.FitsDisk(1'000'000));
}

}  // namespace
}  // namespace dnsd::reporter
