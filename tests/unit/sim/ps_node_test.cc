#include "tools/dnsd-sim/ps_node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/dnsd-sim/draws.h"

namespace dnsd::sim {
namespace {

using ::testing::UnorderedElementsAre;

TEST(PsNode, GivesAJobAloneOneCpuOfItsSpeed) {
  PsNode node(4, 2);
  node.Add(7, 3, 10);
  EXPECT_DOUBLE_EQ(node.NextDone(), 11.5);
  EXPECT_EQ(node.TakeDone(11.5), 7U);
  EXPECT_EQ(node.NextDone(), PsNode::kNever);
}

TEST(PsNode, SharesItsCpusEvenlyOnceJobsAreMore) {
  PsNode node(2, 1);
  for (const JobId job : {1U, 2U, 3U}) node.Add(job, 2, 0);
  EXPECT_DOUBLE_EQ(node.NextDone(), 3);  // 2 CPUs for 3 jobs: 2/3 each
  EXPECT_EQ(node.TakeDone(3), 1U) << "of equals the first that came";
  EXPECT_EQ(node.TakeDone(3), 2U);
  EXPECT_EQ(node.TakeDone(3), 3U);
}

TEST(PsNode, CountsWhatAJobHadBeforeAnotherCame) {
  PsNode node(1, 1);
  node.Add(1, 2, 0);
  node.Add(2, 1, 1);  // 1 has had 1 of 2
  EXPECT_DOUBLE_EQ(node.NextDone(), 3);
  node.TakeDone(3);
  EXPECT_DOUBLE_EQ(node.NextDone(), 3) << "both end together";
  node.TakeDone(3);
  node.Add(3, 1, 5);
  EXPECT_DOUBLE_EQ(node.NextDone(), 6);
}

TEST(PsNode, LetsTheBackgroundHaveItsShareFirst) {
  PsNode node(2, 1);
  node.SetBackground(0.75, 0);
  node.Add(1, 1, 0);
  EXPECT_DOUBLE_EQ(node.NextDone(), 2) << "half a CPU is left";
  EXPECT_DOUBLE_EQ(node.busy(), 2);
  EXPECT_DOUBLE_EQ(node.runnable(), 2.5);
  EXPECT_DOUBLE_EQ(node.TimeAlone(1), 2);
  node.SetBackground(0, 1);
  EXPECT_DOUBLE_EQ(node.NextDone(), 1.5);
  node.TakeDone(1.5);
  EXPECT_DOUBLE_EQ(node.BusySeconds(3), 2.5) << "two CPUs for 1 s, one for half a second";
}

TEST(PsNode, ServesSlowerOnceItsSpeedFalls) {
  PsNode node(1, 1);
  node.Add(1, 4, 0);
  node.SetSpeed(0.5, 2);
  EXPECT_DOUBLE_EQ(node.NextDone(), 6);
}

TEST(PsNode, GivesAllJobsUpWhenCleared) {
  PsNode node(1, 1);
  node.Add(3, 1, 0);
  node.Add(4, 1, 0);
  EXPECT_THAT(node.Clear(0.5), UnorderedElementsAre(3U, 4U));
  EXPECT_EQ(node.jobs(), 0U);
  EXPECT_EQ(node.NextDone(), PsNode::kNever);
}

// Mean response of a Poisson stream of jobs of mean work 1.
double MeanResponse(double cpus, double load, const Distribution& work, std::uint64_t seed) {
  constexpr std::size_t kJobs = 400'000;
  PsNode node(cpus, 1);
  Random random(seed);
  std::vector<double> began(kJobs);
  double next = 0, sum = 0;
  std::size_t came = 0, done = 0;
  while (done < kJobs) {
    if (came < kJobs && next <= node.NextDone()) {
      began[came] = next;
      node.Add(static_cast<JobId>(came++), Draw(work, random), next);
      next += DrawExponential(random) / (load * cpus);
    } else {
      const double now = node.NextDone();
      sum += now - began[node.TakeDone(now)];
      ++done;
    }
  }
  return sum / kJobs;
}

// M/M/1-PS: 1 / (1 - load), whatever the distribution of work.
TEST(PsNode, MeetsTheClosedFormOfOneCpu) {
  EXPECT_NEAR(MeanResponse(1, 0.5, {Shape::kExponential, 1, 1}, 1), 2, 0.04);
  EXPECT_NEAR(MeanResponse(1, 0.8, {Shape::kExponential, 1, 1}, 2), 5, 0.25);
  EXPECT_NEAR(MeanResponse(1, 0.5, {Shape::kLognormal, 1, 2}, 3), 2, 0.06);
  EXPECT_NEAR(MeanResponse(1, 0.5, {Shape::kConstant, 1, 1}, 4), 2, 0.04);
}

// M/M/4 at 0.8: Erlang's C = 0.5964; mean response 1 + C / (4 (1 - 0.8)) = 1.7455.
TEST(PsNode, MeetsTheClosedFormOfFourCpus) {
  EXPECT_NEAR(MeanResponse(4, 0.8, {Shape::kExponential, 1, 1}, 5), 1.7455, 0.05);
}

}  // namespace
}  // namespace dnsd::sim
