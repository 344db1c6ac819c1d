#include "dnsd/server/activity.h"

#include <gtest/gtest.h>

#include <chrono>

namespace dnsd::server {
namespace {

using namespace std::chrono_literals;

class ActivityTest : public testing::Test {
 protected:
  ActivityTest() {
    observed_.workers = {&worker_};
    observed_.fleet = [this] { return report_; };
  }
  void UpdateAfter(Duration period) { activity_.Update(now_ += period); }

  MonotonicTime now_ = MonotonicTime() + 1h;
  answer::WorkerStats worker_;
  std::shared_ptr<StatusReport> report_ = std::make_shared<StatusReport>();
  Observed observed_;
  Activity activity_{observed_, 2};
};

TEST_F(ActivityTest, APointIsWhatHappenedInItsPeriod) {
  report_->nodes.resize(2);
  worker_.queries[0].Add(1000);
  report_->nodes[1].answers = 500;
  UpdateAfter(0s);
  EXPECT_TRUE(activity_.Since(0).empty());
  worker_.queries[0].Add(30);
  worker_.queries[1].Add(10);
  worker_.fail_open.Add(4);
  report_->nodes[1].answers += 20;
  UpdateAfter(2s);
  const auto points = activity_.Since(0);
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(points[0].number, 1U);
  EXPECT_DOUBLE_EQ(points[0].queries, 20);
  EXPECT_DOUBLE_EQ(points[0].answers_failed, 2);
  ASSERT_EQ(points[0].nodes.size(), 1U);
  EXPECT_EQ(points[0].nodes[0].first, 1U);
  EXPECT_FLOAT_EQ(points[0].nodes[0].second, 10);
  EXPECT_TRUE(activity_.Since(1).empty());
}

TEST_F(ActivityTest, RatesFollowWithinSecondsAndFadeAgain) {
  UpdateAfter(0s);
  for (int i = 0; i < 60; ++i) {
    worker_.queries[0].Add(100);
    UpdateAfter(1s);
  }
  EXPECT_NEAR(activity_.Get().queries, 100, 0.1);
  for (int i = 0; i < 60; ++i) UpdateAfter(1s);
  EXPECT_NEAR(activity_.Get().queries, 0, 0.1);
}

TEST_F(ActivityTest, KeepsFiveMinutesAndTheBusiestNodes) {
  report_->nodes.resize(Activity::kNodesAPoint + 10);
  for (std::size_t i = 0; i < 400; ++i) {
    for (std::size_t n = 0; n < report_->nodes.size(); ++n) report_->nodes[n].answers += n + 1;
    UpdateAfter(1s);
  }
  const auto points = activity_.Since(0);
  ASSERT_EQ(points.size(), Activity::kHistory);
  EXPECT_EQ(points.back().number, 399U);
  EXPECT_EQ(points.front().number, 100U);
  EXPECT_EQ(points[0].nodes.size(), Activity::kNodesAPoint);
  EXPECT_FLOAT_EQ(points[0].nodes[0].second, static_cast<float>(report_->nodes.size()));
  double all = points[0].other_nodes;
  for (const auto& [node, rate] : points[0].nodes) all += static_cast<double>(rate);
  const auto count = static_cast<double>(report_->nodes.size());
  EXPECT_NEAR(all, count * (count + 1) / 2, 0.01) << "nobody's answers are left out";
  EXPECT_EQ(activity_.Since(397).size(), 2U);
}

}  // namespace
}  // namespace dnsd::server
