#include "reporter/task_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using heartbeat::v1::Task;
using heartbeat::v1::TaskReport;
using heartbeat::v1::Tasks;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Wanted {
  std::uint64_t id;
  const char* site;
  Task::Kind kind = Task::INSTANTIATE;
};

Tasks List(const std::vector<Wanted>& wanted) {
  Tasks tasks;
  for (const Wanted& w : wanted) {
    Task& task = *tasks.add_tasks();
    task.set_id(w.id);
    task.set_site(w.site);
    task.set_kind(w.kind);
  }
  return tasks;
}

class TaskBoardTest : public testing::Test {
 protected:
  TaskBoardTest() { board_.SetRules({.retries = 2, .at_once = 2}); }
  // Begins all that may begin now; their ids.
  std::vector<std::uint64_t> BeginAll() {
    std::vector<std::uint64_t> ids;
    while (const auto key = board_.Next(now_)) {
      board_.Begin(*key);
      ids.push_back(key->id);
    }
    return ids;
  }
  TaskBoard board_;
  MonotonicTime now_{1h};
};

TEST_F(TaskBoardTest, BeginsInTheOrderOfArrivalAndNoMoreThanAllowed) {
  board_.Replace("d", List({{3, "c."}, {4, "a."}, {5, "b."}}));
  EXPECT_THAT(BeginAll(), ElementsAre(3, 4));
  board_.Done({"d", 4}, "");
  EXPECT_THAT(BeginAll(), ElementsAre(5));
}

TEST_F(TaskBoardTest, OneTaskOfASiteAtATime) {
  board_.Replace("d", List({{1, "a."}, {2, "A."}}));
  board_.Replace("e", List({{1, "a", Task::WITHDRAW}}));
  EXPECT_THAT(BeginAll(), ElementsAre(1));
  board_.Done({"d", 1}, "");
  EXPECT_THAT(BeginAll(), ElementsAre(2));
  board_.Done({"d", 2}, "");
  EXPECT_EQ(board_.Next(now_)->origin, "e");
}

TEST_F(TaskBoardTest, ATaskNamedAgainGoesOn) {
  board_.Replace("d", List({{1, "a."}, {2, "b."}}));
  BeginAll();
  board_.Done({"d", 2}, "well");
  EXPECT_THAT(board_.Replace("d", List({{1, "a."}, {2, "b."}, {2, "c."}})), IsEmpty());
  EXPECT_THAT(BeginAll(), IsEmpty());
  const TaskReports reports = board_.Reports("d");
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].phase(), TaskReport::RUNNING);
  EXPECT_EQ(reports[0].attempts(), 1U);
  EXPECT_EQ(reports[1].phase(), TaskReport::DONE);
  EXPECT_EQ(reports[1].detail(), "well");
}

TEST_F(TaskBoardTest, ATaskNotNamedAnyMoreIsForgottenAndBrokenOffIfItRuns) {
  board_.SetRules({.retries = 2, .at_once = 1});
  board_.Replace("d", List({{1, "a."}, {2, "b."}}));
  board_.Replace("e", List({{1, "c."}}));
  BeginAll();
  EXPECT_THAT(board_.Replace("d", {}), ElementsAre(TaskKey{"d", 1}));
  EXPECT_EQ(board_.Find({"d", 1}), nullptr);
  EXPECT_THAT(board_.Reports("d"), IsEmpty());
  EXPECT_EQ(board_.Next(now_)->origin, "e") << "another's is left alone";
}

TEST_F(TaskBoardTest, RetriesWithALongerWaitEachTimeUntilTheyAreUsedUp) {
  board_.Replace("d", List({{1, "a."}}));
  const TaskKey key{"d", 1};
  BeginAll();
  EXPECT_TRUE(board_.Failed(key, "no route", now_, 0));
  EXPECT_EQ(board_.Reports("d")[0].phase(), TaskReport::WAITING);
  EXPECT_EQ(board_.Reports("d")[0].detail(), "no route");
  EXPECT_EQ(board_.NextTime(now_), now_ + 1s);
  EXPECT_FALSE(board_.Next(now_ + 999ms));
  now_ += 1s;
  EXPECT_THAT(BeginAll(), ElementsAre(1));
  EXPECT_TRUE(board_.Failed(key, "", now_, 0.5));
  EXPECT_EQ(board_.NextTime(now_), now_ + 3s);
  now_ += 3s;
  BeginAll();
  EXPECT_FALSE(board_.Failed(key, "no route", now_, 0));
  EXPECT_EQ(board_.Reports("d")[0].phase(), TaskReport::FAILED);
  EXPECT_EQ(board_.Reports("d")[0].attempts(), 3U);
  EXPECT_FALSE(board_.NextTime(now_));
}

TEST_F(TaskBoardTest, TheWaitEndsAtAMinute) {
  board_.SetRules({.retries = 100, .at_once = 1});
  board_.Replace("d", List({{1, "a."}}));
  for (int attempt = 0; attempt < 50; ++attempt) {
    ASSERT_TRUE(board_.Next(now_));
    board_.Begin({"d", 1});
    board_.Failed({"d", 1}, "", now_, 0.999);
    EXPECT_LE(*board_.NextTime(now_) - now_, 1min);
    now_ += 1min;
  }
}

TEST_F(TaskBoardTest, ADeferredTaskKeepsItsSiteAndCountsNoAttempt) {
  board_.Replace("d", List({{1, "a."}, {2, "a."}}));
  board_.Defer({"d", 1}, now_ + 1s, "waits");
  EXPECT_FALSE(board_.Next(now_));
  now_ += 1s;
  EXPECT_THAT(BeginAll(), ElementsAre(1));
  EXPECT_EQ(board_.Find({"d", 1})->attempts, 1U);
}

TEST_F(TaskBoardTest, WhatIsNoSiteOrOfNoKnownKindHasFailed) {
  board_.Replace("d", List({{1, "a b."},
                            {2, "$(x)."},
                            {3, "-rf."},
                            {4, ""},
                            {5, "."},
                            {6, "*.a."},
                            {7, "a/b."},
                            {8, "..."},
                            {9, "a.", Task::KIND_UNSPECIFIED}}));
  EXPECT_FALSE(board_.Next(now_));
  for (const TaskReport& report : board_.Reports("d")) {
    EXPECT_EQ(report.phase(), TaskReport::FAILED) << report.id();
    EXPECT_THAT(report.detail(), HasSubstr(report.id() == 9 ? "wanted to" : "no name"));
  }
}

TEST_F(TaskBoardTest, TakesNoMoreTasksThanAMessageMayHave) {
  Tasks tasks;
  for (std::uint64_t id = 1; id <= 1025; ++id) {
    Task& task = *tasks.add_tasks();
    task.set_id(id);
    task.set_site("a" + std::to_string(id) + ".");
    task.set_kind(Task::VERIFY);
  }
  board_.Replace("d", tasks);
  EXPECT_EQ(board_.Reports("d").size(), 1024U);
}

TEST_F(TaskBoardTest, ItsOwnTasksAreForgottenWhenTheyEnd) {
  Task task;
  task.set_site("a.example");
  task.set_kind(Task::WITHDRAW);
  const TaskKey key = board_.AddOwn(task);
  EXPECT_TRUE(board_.IsBusy("a.example", true));
  EXPECT_THAT(board_.Replace("d", List({{1, "a.example."}})), IsEmpty());
  board_.Begin(key);
  board_.Done(key, "");
  EXPECT_EQ(board_.Find(key), nullptr);
  EXPECT_FALSE(board_.IsBusy("a.example", true));
  EXPECT_TRUE(board_.IsBusy("a.example"));
}

TEST_F(TaskBoardTest, WhatIsHeldWaitsAndHoldsUpNobody) {
  Tasks tasks = List({{1, "a.", Task::WITHDRAW}});
  tasks.mutable_tasks(0)->set_held(true);
  board_.Replace("d", tasks);
  board_.Replace("e", List({{1, "a."}}));
  EXPECT_THAT(board_.Held(), ElementsAre(TaskKey{"d", 1}));
  EXPECT_THAT(board_.Leaving(), ElementsAre("a"));
  EXPECT_THAT(BeginAll(), ElementsAre(1));
  EXPECT_EQ(board_.Find({"e", 1})->phase, TaskReport::RUNNING);
  EXPECT_EQ(board_.Reports("d")[0].phase(), TaskReport::WAITING);
  board_.Done({"e", 1}, "");
  EXPECT_THAT(BeginAll(), IsEmpty());
  tasks.mutable_tasks(0)->set_held(false);
  board_.Replace("d", tasks);
  EXPECT_THAT(board_.Leaving(), ElementsAre("a"));
  EXPECT_THAT(BeginAll(), ElementsAre(1));
  tasks.mutable_tasks(0)->set_held(true);  // too late
  board_.Replace("d", tasks);
  EXPECT_THAT(board_.Held(), IsEmpty());
}

TEST_F(TaskBoardTest, WhatIsHeldIsForgottenWithWhoeverHoldsIt) {
  Tasks tasks = List({{1, "a.", Task::WITHDRAW}, {2, "b.", Task::WITHDRAW}});
  tasks.mutable_tasks(0)->set_held(true);
  board_.Replace("d", tasks);
  board_.DropHeld("e");
  EXPECT_THAT(board_.Leaving(), ElementsAre("a", "b"));
  board_.DropHeld("d");
  EXPECT_THAT(board_.Leaving(), ElementsAre("b"));
  EXPECT_EQ(board_.Find({"d", 1}), nullptr);
  EXPECT_THAT(BeginAll(), ElementsAre(2));
}

TEST_F(TaskBoardTest, NothingButAWithdrawalIsHeld) {
  Tasks tasks = List({{1, "a."}});
  tasks.mutable_tasks(0)->set_held(true);
  board_.Replace("d", tasks);
  EXPECT_THAT(BeginAll(), ElementsAre(1));
}

TEST_F(TaskBoardTest, AnOwnTaskWaitsForItsTimeAndCanBeDroppedTillThen) {
  Task task;
  task.set_kind(Task::WITHDRAW);
  task.set_site("a");
  const TaskKey first = board_.AddOwn(task, now_ + 30s);
  task.set_site("b");
  const TaskKey second = board_.AddOwn(task, now_ + 30s);
  EXPECT_THAT(BeginAll(), IsEmpty());
  EXPECT_EQ(board_.NextTime(now_), now_ + 30s);
  EXPECT_TRUE(board_.DropOwn(first));
  now_ += 30s;
  EXPECT_THAT(BeginAll(), ElementsAre(second.id));
  EXPECT_FALSE(board_.DropOwn(second));
  EXPECT_FALSE(board_.DropOwn(first));
}

TEST(LastWords, AreALineOfPlainTextThatEndsAsTheOutputDoes) {
  EXPECT_EQ(LastWords("one\ntwo\xff\x1b[0m\n\n"), "one two??[0m");
  EXPECT_EQ(LastWords(" \n"), "");
  const std::string text = LastWords(std::string(300, 'a') + "end\n");
  EXPECT_EQ(text.size(), 255U);
  EXPECT_THAT(text, testing::EndsWith("aend"));
}

}  // namespace
}  // namespace dnsd::reporter
