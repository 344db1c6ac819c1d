#include "dnsd/server/site_activity.h"

#include <gtest/gtest.h>

#include "dnsd/wire/name.h"

namespace dnsd::server {
namespace {

const IpAddress kFirst = *IpAddress::Parse("192.0.2.1");

class SiteActivityTest : public testing::Test {
 protected:
  void Answer(const std::string& site, std::uint64_t times, answer::WorkerStats& worker) {
    const auto name = *wire::Name::Parse(site);
    for (std::uint64_t i = 0; i < times; ++i) {
      worker.site_answers.Add();
      auto* row = worker.sites.Add(name.Hash(), name.wire(), 1);
      if (row != nullptr) answer::SiteTally::AddMember(*row, 0, kFirst.octets(), 1);
    }
  }
  void Answer(const std::string& site, std::uint64_t times) { Answer(site, times, workers_[0]); }
  void Update() { activity_.Update({&workers_[0], &workers_[1]}, 1, 0.5); }

  answer::WorkerStats workers_[2];
  SiteActivity activity_{2};
};

TEST_F(SiteActivityTest, AddsUpTheWorkers) {
  Answer("a.example", 3, workers_[0]);
  Answer("a.example", 4, workers_[1]);
  Update();
  const auto& site = activity_.sites().at("a.example.");
  EXPECT_EQ(site.all.answers, 7U);
  EXPECT_DOUBLE_EQ(site.all.rate, 3.5);
  EXPECT_EQ(site.members.at(kFirst).answers, 7U);
  Update();
  EXPECT_EQ(activity_.sites().at("a.example.").all.answers, 7U);
  EXPECT_DOUBLE_EQ(activity_.sites().at("a.example.").members.at(kFirst).rate, 1.75);
}

TEST_F(SiteActivityTest, NoMemberOfAPoolIsLostHoweverLargeItIs) {
  const auto name = *wire::Name::Parse("a.example");
  const auto give = [&](std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = first; i < first + count; ++i) {
      const std::uint8_t address[] = {10, 0, static_cast<std::uint8_t>(i >> 8),
                                      static_cast<std::uint8_t>(i)};
      workers_[0].site_answers.Add();
      auto* row = workers_[0].sites.Add(name.Hash(), name.wire(), 1);
      answer::SiteTally::AddMember(*row, i - first, address, 1);
    }
  };
  const auto sum = [&] {
    const auto& site = activity_.sites().at("a.example.");
    std::uint64_t all = site.other_members.answers;
    for (const auto& [address, count] : site.members) all += count.answers;
    return all;
  };
  give(0, 100);
  Update();
  EXPECT_EQ(activity_.sites().at("a.example.").members.size(), answer::SiteTally::kMembers);
  EXPECT_EQ(activity_.sites().at("a.example.").other_members.answers, 36U);
  EXPECT_DOUBLE_EQ(activity_.sites().at("a.example.").other_members.rate, 18);
  EXPECT_EQ(sum(), 100U);
  give(0, 100);
  Update();
  EXPECT_EQ(sum(), 200U);
}

TEST_F(SiteActivityTest, NothingIsCountedTwiceOrLostWhenABusierSiteComes) {
  Answer("a.example", 100);
  Answer("b.example", 10);
  Update();
  Answer("c.example", 50);
  Answer("b.example", 1);
  Update();
  EXPECT_TRUE(activity_.sites().contains("a.example."));
  EXPECT_FALSE(activity_.sites().contains("b.example."));
  EXPECT_EQ(activity_.sites().at("c.example.").all.answers, 50U);
  EXPECT_EQ(activity_.other(), 1U);  // what b had while it was shown left with it
}

TEST_F(SiteActivityTest, ASiteThatIsShownStaysUntilAnotherIsMuchBusier) {
  Answer("a.example", 100);
  Answer("b.example", 50);
  Update();
  for (int i = 0; i < 5; ++i) {
    Answer("a.example", 100);
    Answer("b.example", 50);
    Answer("c.example", 60);
    Update();
  }
  EXPECT_TRUE(activity_.sites().contains("b.example."));
  EXPECT_EQ(activity_.other(), 300U);
}

TEST_F(SiteActivityTest, ManyNamesAskedOnceAreNotRemembered) {
  for (int i = 0; i < 20'000; ++i) {
    Answer("n" + std::to_string(i) + ".example", 1);
    Answer("a.example", 1);
    if (i % 1000 == 999) Update();
  }
  EXPECT_EQ(activity_.sites().size(), 2U);
  EXPECT_GT(activity_.sites().at("a.example.").all.answers, 19'900U);
  EXPECT_GT(activity_.other(), 19'900U);
}

TEST_F(SiteActivityTest, OtherNeverGoesBackThoughSamplesRunAhead) {
  const auto name = *wire::Name::Parse("a.example");
  workers_[0].site_answers.Add(4);
  workers_[0].sites.Add(name.Hash(), name.wire(), 16);  // one of 4 was sampled, for 16
  Update();
  EXPECT_EQ(activity_.other(), 0U);
  workers_[0].site_answers.Add(14);
  Update();
  EXPECT_EQ(activity_.other(), 2U);
}

TEST_F(SiteActivityTest, WithoutRoomAllIsOther) {
  SiteActivity none(0);
  Answer("a.example", 5);
  none.Update({&workers_[0]}, 1, 0.5);
  EXPECT_TRUE(none.sites().empty());
  EXPECT_EQ(none.other(), 5U);
}

}  // namespace
}  // namespace dnsd::server
