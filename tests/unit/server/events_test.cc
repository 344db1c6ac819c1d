#include "dnsd/server/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "dnsd/server/events_json.h"
#include "dnsd/server/time_text.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// 2026-03-01T12:00:00.250Z
const WallTime kNoon{milliseconds(1'772'366'400'250)};
constexpr std::uint64_t kFirst = 1'772'366'400'250;

std::vector<std::string> Texts(const Events::Some& some) {
  std::vector<std::string> texts;
  for (const Event& event : some.events) texts.push_back(event.text);
  return texts;
}

class EventsTest : public ::testing::Test {
 protected:
  Events events_{[] { return kNoon; }};
};

TEST_F(EventsTest, WhoAsksForWhatCameAfterOneGetsTheRest) {
  for (const char* text : {"a", "b", "c"}) events_.Add({.text = text});
  EXPECT_THAT(Texts(events_.Since(0)), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Texts(events_.Since(kFirst)), ElementsAre("b", "c"));
  EXPECT_THAT(Texts(events_.Since(kFirst + 2)), IsEmpty());
  EXPECT_THAT(Texts(events_.Since(kFirst + 1000)), IsEmpty());
  EXPECT_THAT(Texts(events_.Since(std::numeric_limits<std::uint64_t>::max())), IsEmpty());
  EXPECT_THAT(Texts(events_.Since(std::numeric_limits<std::uint64_t>::max() - 1)), IsEmpty());
  EXPECT_EQ(events_.Since(0).last, kFirst + 2);
}

TEST_F(EventsTest, TheNewestAreGivenWhereFewAreWanted) {
  for (const char* text : {"a", "b", "c"}) events_.Add({.text = text});
  EXPECT_THAT(Texts(events_.Since(0, 2)), ElementsAre("b", "c"));
  EXPECT_THAT(Texts(events_.Since(0, 0)), IsEmpty());
  EXPECT_EQ(events_.Since(0, 0).last, kFirst + 2);
}

TEST_F(EventsTest, TheOldestDropOutAndThatIsTold) {
  EXPECT_EQ(events_.Since(0).first, kFirst);
  for (std::size_t i = 0; i <= Events::kMost; ++i) events_.Add({.text = std::to_string(i)});
  const auto all = events_.Since(0);
  EXPECT_EQ(all.events.size(), Events::kMost);
  EXPECT_EQ(all.first, kFirst + 1);
  EXPECT_EQ(all.events.front().sequence, all.first);
  EXPECT_EQ(all.events.front().text, "1");
  EXPECT_EQ(all.events.back().sequence, all.last);
}

TEST_F(EventsTest, WhoWaitsIsWokenByTheNext) {
  EXPECT_THAT(events_.Await(kFirst - 1, milliseconds(0)).events, IsEmpty());
  std::thread writer([this] { events_.Add({.text = "a"}); });
  EXPECT_THAT(Texts(events_.Await(kFirst - 1, std::chrono::minutes(1))), ElementsAre("a"));
  writer.join();
}

TEST_F(EventsTest, TheDocumentHasEachWithNumberAndTime) {
  events_.Add({.kind = Event::Kind::kState,
               .gravity = Event::Gravity::kWarning,
               .node = "web\xFF",
               .state = "dead",
               .text = "alive -> dead: silent"});
  const Json json = Json::parse(EventsJson(events_.Since(0)));
  EXPECT_EQ(json["first"], kFirst);
  EXPECT_EQ(json["last"], kFirst);
  EXPECT_EQ(json["events"][0], Json::parse(R"({"sequence": 1772366400250,
      "time": "2026-03-01T12:00:00.250Z", "kind": "state", "gravity": "warning",
      "node": "web\ufffd", "site": null, "state": "dead", "text": "alive -> dead: silent"})"));
}

TEST(TimeText, IsInUtcAndNeverOfTheSecondToCome) {
  EXPECT_EQ(TimeText(kNoon), "2026-03-01T12:00:00Z");
  EXPECT_EQ(MillisecondText(kNoon + std::chrono::microseconds(749'999)),
            "2026-03-01T12:00:00.999Z");
}

}  // namespace
}  // namespace dnsd::server
