#include "dnsd/answer/site_tally.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "dnsd/wire/name.h"

namespace dnsd::answer {
namespace {

const std::uint8_t kFour[] = {192, 0, 2, 1};
const std::uint8_t kZero[] = {0, 0, 0, 0};
const std::uint8_t kSixteen[] = {192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

// All rows that hold a site.
std::vector<SiteRow> ReadAll(const SiteTally& tally) {
  std::vector<SiteRow> rows;
  SiteRow row;
  for (std::size_t i = 0; i < SiteTally::kRows; ++i) {
    if (tally.Read(i, row)) rows.push_back(row);
  }
  return rows;
}

std::string WireOf(const wire::Name& name) {
  return {reinterpret_cast<const char*>(name.wire().data()), name.wire().size()};
}

wire::Name Named(const std::string& text) { return *wire::Name::Parse(text); }

TEST(SiteTally, CountsAnswersAndMembersOfEachFamily) {
  SiteTally tally;
  const auto site = Named("www.example");
  for (int i = 0; i < 3; ++i) {
    auto* row = tally.Add(site.Hash(), site.wire(), 1);
    ASSERT_NE(row, nullptr);
    SiteTally::AddMember(*row, 0, kFour, 1);
  }
  SiteTally::AddMember(*tally.Add(site.Hash(), site.wire(), 16), 0, kSixteen, 16);
  SiteTally::AddMember(*tally.Add(site.Hash(), site.wire(), 1), 1, kZero, 1);
  const auto rows = ReadAll(tally);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].name, WireOf(site));
  EXPECT_EQ(rows[0].answers, 20U);
  ASSERT_EQ(rows[0].members.size(), 3U);
  EXPECT_EQ(rows[0].members[0].address.ToString(), "192.0.2.1");
  EXPECT_EQ(rows[0].members[0].answers, 3U);
  EXPECT_EQ(rows[0].members[1].address.ToString(), "0.0.0.0");
  EXPECT_EQ(rows[0].members[2].address.ToString(), "c000:201::");
  EXPECT_EQ(rows[0].members[2].answers, 16U);
  EXPECT_EQ(rows[0].other_members, 0U);
}

TEST(SiteTally, TellsNamesOfOneHashApart) {
  SiteTally tally;
  tally.Add(7, Named("a.example").wire(), 1);
  tally.Add(7, Named("b.example").wire(), 2);
  EXPECT_EQ(ReadAll(tally).size(), 2U);
}

TEST(SiteTally, TheLongestNameFits) {
  SiteTally tally;
  const std::string label(63, 'x');
  const auto longest = Named(label + "." + label + "." + label + "." + std::string(61, 'y'));
  ASSERT_EQ(longest.wire().size(), 255U);
  tally.Add(longest.Hash(), longest.wire(), 1);
  EXPECT_EQ(ReadAll(tally).at(0).name, WireOf(longest));
}

// The pool's own members first, as they stand; then those that a reload has put in their places.
TEST(SiteTally, MembersOfAPoolOf64AreCountedExactlyAndMoreTogether) {
  static_assert(SiteTally::kMembers == 64);
  SiteTally tally;
  auto* row = tally.Add(1, Named("a.example").wire(), 1);
  const auto give = [&](std::uint8_t net, std::size_t count, std::size_t octets) {
    for (std::size_t place = 0; place < count; ++place) {
      std::uint8_t address[16] = {net, 0, 0, static_cast<std::uint8_t>(place)};
      for (std::size_t times = 0; times <= place; ++times) {
        SiteTally::AddMember(*row, place, std::span(address).first(octets), 1);
      }
    }
  };
  give(10, 64, 4);
  give(20, 64, 16);
  auto site = ReadAll(tally).at(0);
  ASSERT_EQ(site.members.size(), 128U);
  EXPECT_EQ(site.other_members, 0U);
  for (const auto& member : site.members) {
    EXPECT_EQ(member.answers, member.address.octets()[3] + 1U) << member.address.ToString();
  }
  give(30, 3, 4);
  site = ReadAll(tally).at(0);
  EXPECT_EQ(site.members.size(), 128U);
  EXPECT_EQ(site.other_members, 1U + 2 + 3);
}

TEST(SiteTally, AMemberWhosePlaceIsTakenHasAnother) {
  SiteTally tally;
  auto* row = tally.Add(1, Named("a.example").wire(), 1);
  SiteTally::AddMember(*row, 7, kFour, 2);
  SiteTally::AddMember(*row, 7 + SiteTally::kMembers, kZero, 3);
  SiteTally::AddMember(*row, 7, kZero, 4);
  const auto site = ReadAll(tally).at(0);
  ASSERT_EQ(site.members.size(), 2U);
  EXPECT_EQ(site.members[0].answers, 2U);
  EXPECT_EQ(site.members[1].answers, 7U);
}

TEST(SiteTally, ABusySiteStaysAmongManyThatAreAskedForOnce) {
  SiteTally tally;
  const auto busy = Named("busy.example");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_NE(tally.Add(5, busy.wire(), 1), nullptr);
    for (int j = 0; j < 4; ++j) {  // all in the same set
      tally.Add(5, Named("n" + std::to_string(4 * i + j) + ".example").wire(), 1);
    }
  }
  std::uint64_t answers = 0;
  for (const auto& row : ReadAll(tally)) {
    if (row.name == WireOf(busy)) answers = row.answers;
  }
  EXPECT_EQ(answers, 1000U);
}

TEST(SiteTally, ASiteThatCoolsMakesRoomAndComesBackFromZero) {
  SiteTally tally;
  const auto site = [](int i) { return Named("s" + std::to_string(i) + ".example"); };
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 10'000; ++j) tally.Add(5, site(i).wire(), 1);
  }
  std::uint32_t misses = 0;
  while (tally.Add(5, site(8).wire(), 1) == nullptr) ++misses;
  EXPECT_EQ(misses, 4095U);
  const auto rows = ReadAll(tally);
  EXPECT_EQ(rows.size(), 8U);
  EXPECT_EQ(rows[0].name, WireOf(site(8)));
  EXPECT_EQ(rows[0].answers, 1U);
  EXPECT_NE(rows[0].version, rows[1].version);
}

// Each site has one member, told by its name: whoever reads never sees one's with another's.
TEST(SiteTally, AReaderSeesNoSiteHalfReplaced) {
  SiteTally tally;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::uint32_t i = 0; i < 200'000; ++i) {
      const std::uint8_t letter = static_cast<std::uint8_t>('a' + i % 26);
      const std::uint8_t name[] = {1, letter, 0};
      const std::uint8_t address[] = {10, 0, 0, letter};
      auto* row = tally.Add(5, name, 1);
      if (row != nullptr) SiteTally::AddMember(*row, i % 64, address, 1);
    }
    done = true;
  });
  SiteRow row;
  while (!done) {
    for (std::size_t i = 0; i < SiteTally::kRows; ++i) {
      if (!tally.Read(i, row)) continue;
      for (const auto& member : row.members) {
        EXPECT_EQ(member.address.octets()[3], static_cast<std::uint8_t>(row.name[1]));
      }
    }
  }
  writer.join();
}

}  // namespace
}  // namespace dnsd::answer
