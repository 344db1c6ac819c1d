#include "dnsd/server/tap_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace dnsd::server {
namespace {

std::span<const std::uint8_t> Octets(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string Take(TapRing& ring) {
  std::vector<std::uint8_t> record;
  return ring.Take(record) ? std::string(record.begin(), record.end()) : "nothing";
}

TEST(TapRing, GivesRecordsInTheirOrderWithTheirPartsJoined) {
  TapRing ring(64);
  EXPECT_EQ(Take(ring), "nothing");
  EXPECT_TRUE(ring.Put({Octets("one "), Octets("and "), Octets("")}));
  EXPECT_TRUE(ring.Put({Octets("two")}));
  EXPECT_TRUE(ring.Put({}));
  EXPECT_EQ(Take(ring), "one and ");
  EXPECT_EQ(Take(ring), "two");
  EXPECT_EQ(Take(ring), "");
  EXPECT_EQ(Take(ring), "nothing");
}

TEST(TapRing, RefusesWhatDoesNotFitAndKeepsWhatItHas) {
  TapRing ring(16);  // a record costs four octets beside its own
  EXPECT_FALSE(ring.Put({Octets("thirteen octe")}));
  EXPECT_TRUE(ring.Put({Octets("twelve octet")}));
  EXPECT_FALSE(ring.Put({}));
  EXPECT_EQ(Take(ring), "twelve octet");
  EXPECT_TRUE(ring.Put({Octets("again")}));
  EXPECT_EQ(Take(ring), "again");
}

TEST(TapRing, RecordsMayRunOverItsEnd) {
  TapRing ring(32);
  for (int i = 0; i < 100; ++i) {
    const std::string text(static_cast<std::size_t>(i % 20), static_cast<char>('a' + i % 26));
    ASSERT_TRUE(ring.Put({Octets(text)})) << i;
    ASSERT_EQ(Take(ring), text) << i;
  }
}

TEST(TapRing, TwoThreadsLoseAndMixNothing) {
  constexpr int kRecords = 20'000;
  TapRing ring(256);
  std::thread writer([&] {
    for (int i = 0; i < kRecords; ++i) {
      const std::string text = std::to_string(i);
      while (!ring.Put({Octets(text), Octets(text)})) std::this_thread::yield();
    }
  });
  for (int i = 0; i < kRecords;) {
    const std::string got = Take(ring);
    if (got == "nothing") {
      std::this_thread::yield();
      continue;
    }
    const std::string want = std::to_string(i) + std::to_string(i);
    EXPECT_EQ(got, want);
    if (got != want) break;
    ++i;
  }
  writer.join();
}

}  // namespace
}  // namespace dnsd::server
