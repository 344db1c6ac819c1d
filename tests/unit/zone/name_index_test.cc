#include "dnsd/zone/name_index.h"

#include <gtest/gtest.h>

#include "dnsd/base/random.h"

namespace dnsd::zone {
namespace {

std::uint64_t AnyHash(Random& random) {
  return std::uint64_t{random.Below(0xFFFFFFFFU)} << 32 | random.Below(0xFFFFFFFFU);
}

TEST(NameIndex, FindsEachNumberByItsHash) {
  Random random(1);
  NameIndex index(1000, 1000);
  std::vector<std::uint64_t> hashes;
  for (std::uint32_t number = 1; number <= 1000; ++number) {
    ASSERT_TRUE(index.HasRoom(number, number));
    hashes.push_back(AnyHash(random));
    index.Insert(hashes.back(), number);
  }
  for (std::uint32_t number = 1; number <= 1000; ++number) {
    const auto is_it = [number](std::uint32_t found) { return found == number; };
    EXPECT_EQ(index.Find(hashes[number - 1], is_it), number);
  }
}

TEST(NameIndex, SkipsNumbersOfOtherHashes) {
  Random random(2);
  NameIndex index(1000, 1000);
  for (std::uint32_t number = 1; number <= 1000; ++number) index.Insert(AnyHash(random), number);
  int looked_at = 0;
  for (int i = 0; i < 1000; ++i) {
    index.Find(AnyHash(random), [&](std::uint32_t) {
      ++looked_at;
      return false;
    });
  }
  EXPECT_EQ(looked_at, 0) << "22 bits of a slot are of the hash";
}

TEST(NameIndex, ToldApartByTheCallerWhereHashesAreTheSame) {
  // All begin at the last slot, and so go on at the first.
  constexpr std::uint64_t kLast = ~std::uint64_t{0};
  NameIndex index(40, 100);
  for (std::uint32_t number = 1; number <= 40; ++number) index.Insert(kLast, number);
  for (std::uint32_t number = 1; number <= 40; ++number) {
    EXPECT_EQ(index.Find(kLast, [&](std::uint32_t found) { return found == number; }), number);
  }
  EXPECT_EQ(index.Find(kLast, [](std::uint32_t) { return false; }), 0U);
  index.Replace(kLast, 17, 99);
  EXPECT_EQ(index.Find(kLast, [](std::uint32_t found) { return found == 17; }), 0U);
  EXPECT_EQ(index.Find(kLast, [](std::uint32_t found) { return found == 99; }), 99U);
}

TEST(NameIndex, HoldsNumbersThatTakeTheWholeSlot) {
  for (const std::size_t most : {0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    SCOPED_TRACE(most);
    const auto largest = static_cast<std::uint32_t>(most);
    Random random(3);
    NameIndex index(100, 4 * most);  // as one asks that leaves room to grow
    EXPECT_TRUE(index.HasRoom(100, most));
    EXPECT_FALSE(index.HasRoom(100, std::size_t{1} << 32));
    std::vector<std::uint64_t> hashes;
    for (std::uint32_t i = 0; i < 100; ++i) {
      hashes.push_back(AnyHash(random));
      index.Insert(hashes.back(), largest - i);
    }
    index.Replace(hashes[7], largest - 7, largest - 100);
    for (std::uint32_t i = 0; i < 100; ++i) {
      const std::uint32_t number = largest - (i == 7 ? 100 : i);
      EXPECT_EQ(index.Find(hashes[i], [&](std::uint32_t found) { return found == number; }),
                number);
    }
    EXPECT_EQ(index.Find(hashes[7], [&](std::uint32_t found) { return found == largest - 7; }), 0U);
  }
}

TEST(NameIndex, TellsWhenItIsFull) {
  const NameIndex index(100, 1000);
  EXPECT_TRUE(index.HasRoom(100, 1000));
  EXPECT_TRUE(index.HasRoom(100, 1023));
  EXPECT_FALSE(index.HasRoom(100, 1024)) << "no bits for the number";
  EXPECT_FALSE(index.HasRoom(102, 1000)) << "no slot";
}

}  // namespace
}  // namespace dnsd::zone
