#include "reporter/load_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const MonotonicTime kStart{1h};

absl::StatusOr<std::string> Text(const std::string& json) { return json; }

TEST(ParseLoadReport, TakesOrcaNamesAndMakesTheRestNamedMetrics) {
  const auto report = ParseLoadReport(
      R"({"cpu_utilization": 0.25, "application_utilization": 3, "rps": 10, "rps_fractional": 10.5,
          "queue": 7, "named_metrics": {"hits": 0.9}})");
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->faults, IsEmpty());
  EXPECT_DOUBLE_EQ(report->load.cpu_utilization(), 0.25);
  EXPECT_DOUBLE_EQ(report->load.application_utilization(), 3);
  EXPECT_DOUBLE_EQ(report->load.rps(), 10.5);
  EXPECT_FALSE(report->load.has_mem_utilization());
  EXPECT_DOUBLE_EQ(report->load.named_metrics().at("queue"), 7);
  EXPECT_DOUBLE_EQ(report->load.named_metrics().at("hits"), 0.9);
}

TEST(ParseLoadReport, LeavesImpossibleValuesOut) {
  const struct {
    const char* json;
    const char* fault;
  } cases[] = {
      {R"({"cpu_utilization": 75})",
       "key 'cpu_utilization': found 75, wanted a number from 0 to 1 (a share, not a percentage)"},
      {R"({"cpu_utilization": -0.1})",
       "key 'cpu_utilization': found -0.1, wanted a number from 0 to 1 (a share, not a "
       "percentage)"},
      {R"({"rps": "many"})", "key 'rps': found \"many\", wanted a number, 0 or more"},
      {R"({"eps": null})", "key 'eps': found null, wanted a number, 0 or more"},
      {R"({"mood": "good"})", "key 'mood': found \"good\", wanted a number"},
      {R"({"named_metrics": 3})", "key 'named_metrics': found 3, wanted an object of numbers"},
  };
  for (const auto& c : cases) {
    const auto report = ParseLoadReport(c.json);
    ASSERT_TRUE(report.ok()) << c.json;
    EXPECT_THAT(report->faults, ElementsAre(c.fault));
    EXPECT_EQ(report->load.ByteSizeLong(), 0U) << c.json;
  }
}

TEST(ParseLoadReport, TakesAUtilizationJustAboveOneAsOne) {
  EXPECT_DOUBLE_EQ(ParseLoadReport(R"({"cpu_utilization": 1.02})")->load.cpu_utilization(), 1);
  EXPECT_DOUBLE_EQ(ParseLoadReport(R"({"cpu_utilization": 2})")->load.cpu_utilization(), 1);
  EXPECT_FALSE(ParseLoadReport(R"({"cpu_utilization": 2.1})")->load.has_cpu_utilization());
}

TEST(ParseLoadReport, RefusesWhatIsNoObject) {
  for (const char* json : {"", "{", "[]", "3", "{\"rps\": 1e999}", "{\"rps\": NaN}"}) {
    EXPECT_FALSE(ParseLoadReport(json).ok()) << json;
  }
}

TEST(LoadBoard, KeepsTheLastGoodValuesForAWhileThenSaysNothing) {
  LoadBoard board;
  EXPECT_EQ(board.Find(kStart), nullptr);
  board.Take(Text(R"({"cpu_utilization": 0.5})"), kStart);
  board.Take(Text("{"), kStart + 1s);
  ASSERT_NE(board.Find(kStart + 10s), nullptr);
  EXPECT_DOUBLE_EQ(board.Find(kStart + 10s)->cpu_utilization(), 0.5);
  EXPECT_EQ(board.Find(kStart + 10s + 1ms), nullptr);
}

TEST(LoadBoard, CountsASourceThatRepeatsItselfAsAlive) {
  LoadBoard board;
  board.Take(Text("{}"), kStart);
  board.Take(Text("{}"), kStart + 9s);
  EXPECT_NE(board.Find(kStart + 18s), nullptr);
}

TEST(LoadBoard, WarnsOnceAFault) {
  LoadBoard board;
  const absl::StatusOr<std::string> missing = absl::NotFoundError("no such file");
  EXPECT_THAT(board.Take(missing, kStart), HasSubstr("no such file"));
  EXPECT_THAT(board.Take(missing, kStart), IsEmpty());
  EXPECT_THAT(board.Take(Text(R"({"rps": -1})"), kStart), HasSubstr("found -1"));
  EXPECT_THAT(board.Take(Text(R"({"rps": -1})"), kStart), IsEmpty());
  EXPECT_THAT(board.Take(Text(R"({"rps": -2})"), kStart), HasSubstr("found -2"));
  EXPECT_THAT(board.Take(Text(R"({"rps": 1})"), kStart), IsEmpty());
  EXPECT_THAT(board.Take(missing, kStart), HasSubstr("no such file"));
}

TEST(LoadBoard, IsGoodAgainAfterTheSameTextComesBack) {
  LoadBoard board;
  board.Take(Text("{}"), kStart);
  board.Take(Text("{"), kStart + 1s);
  board.Take(Text("{}"), kStart + 20s);
  EXPECT_NE(board.Find(kStart + 20s), nullptr);
}

}  // namespace
}  // namespace dnsd::reporter
