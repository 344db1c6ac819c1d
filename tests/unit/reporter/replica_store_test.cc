#include "reporter/replica_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "reporter/child_process.h"
#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using State = ReplicaRecord::State;
using namespace std::chrono_literals;
using testing::HasSubstr;

ReplicaRecord Sample() {
  ReplicaRecord record;
  record.state = State::kWithdrawing;
  record.bytes = 5'000'000'000;
  record.version = 1'700'000'000'000;
  record.ours = record.lazy = true;
  record.why = "it is being withdrawn";
  record.sources = {{"n2", {"192.0.2.2", "2001:db8::2"}}, {"-", {}}};
  return record;
}

TEST(ReplicaRecord, ReadsBackWhatItWrote) {
  for (const State state : {State::kMaking, State::kMade, State::kRecorded, State::kWithdrawing}) {
    ReplicaRecord record = Sample();
    record.state = state;
    EXPECT_EQ(ParseRecord(RecordText(record)), record);
  }
}

TEST(ReplicaRecord, WhateverIsNoneIsNotReady) {
  for (const char* text :
       {"", "{", "[]", "7", R"({"state": "mad"})", R"({"state": 1})",
        R"({"state": "made", "bytes": "x"})", R"({"state": "made", "sources": [1]})",
        R"({"state": "made", "sources": 7})"}) {
    EXPECT_FALSE(ParseRecord(text).ready()) << text;
    EXPECT_FALSE(ParseRecord(text).ours) << text;
  }
}

class ReplicaStoreTest : public testing::Test {
 protected:
  ReplicaStore Open() { return *ReplicaStore::Open(folder_); }
  FixtureTree tree_;
  std::string folder_ = tree_.root() + "/www/.dnsd";
};

TEST_F(ReplicaStoreTest, KeepsItsRecords) {
  {
    ReplicaStore store = Open();
    ASSERT_TRUE(store.Put("a.example", Sample()).ok());
    ASSERT_TRUE(store.Put("b.example", {}).ok());
    ASSERT_TRUE(store.Remove("b.example").ok());
    ASSERT_TRUE(store.Remove("b.example").ok()) << "gone already";
  }
  const ReplicaStore store = Open();
  ASSERT_EQ(store.all().size(), 1U);
  EXPECT_EQ(*store.Find("a.example"), Sample());
  EXPECT_EQ(store.Find("b.example"), nullptr);
}

TEST_F(ReplicaStoreTest, ADamagedRecordIsNotReadyAndOtherFilesAreNone) {
  tree_.Write("/www/.dnsd/a.example.json", "{\"state\": \"ma");
  tree_.Write("/www/.dnsd/b.example.json.new", RecordText(Sample()));
  tree_.Write("/www/.dnsd/a b.json", RecordText(Sample()));
  const ReplicaStore store = Open();
  ASSERT_EQ(store.all().size(), 1U);
  EXPECT_FALSE(store.Find("a.example")->ready());
  EXPECT_EQ(store.Find("a.example")->why, "its record is damaged");
}

TEST_F(ReplicaStoreTest, WhereItCannotWriteIsTold) {
  tree_.Write("/www/.dnsd", "a file");
  EXPECT_THAT(Message(ReplicaStore::Open(folder_).status()), HasSubstr(folder_));
}

TEST_F(ReplicaStoreTest, AUseOutlivesARestartAndIsWrittenOnceAMinute) {
  {
    ReplicaStore store = Open();
    ASSERT_TRUE(store.Put("a.example", Sample()).ok());
    const std::time_t made = store.last_used("a.example");
    store.Use("a.example", made + 59);
    EXPECT_EQ(store.last_used("a.example"), made + 59);
    EXPECT_LT(Open().last_used("a.example"), made + 59) << "not written yet";
    store.Use("a.example", 4'000'000'000);
    store.Use("b.example", 4'000'000'000);
  }
  EXPECT_EQ(Open().last_used("a.example"), 4'000'000'000);
  EXPECT_EQ(Open().last_used("b.example"), 0);
}

TEST_F(ReplicaStoreTest, ALockIsHeldUntilTheLastThatHasItLetsGo) {
  ReplicaStore store = Open();
  auto lock = store.Lock("a.example");
  ASSERT_TRUE(lock.ok());
  EXPECT_TRUE(store.Lock("b.example").ok());
  const int inherited = dup(lock->fd());  // as a child has it
  *lock = SiteLock();
  EXPECT_TRUE(absl::IsFailedPrecondition(store.Lock("a.example").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(Open().Lock("a.example").status()));
  close(inherited);
  EXPECT_TRUE(store.Lock("a.example").ok());
}

// No task has a record here: an update has none that tells of it.
TEST_F(ReplicaStoreTest, KillsAHookOfAFormerLifeWhateverDescriptorHoldsTheLock) {
  const EventBasePtr base(event_base_new());
  const ReplicaStore store = Open();
  auto lock = store.Lock("a.example");
  ASSERT_TRUE(lock.ok());
  absl::Status ended;
  const auto hook = ChildProcess::Start(
      base.get(), Command{.text = "exec 7>&3 3>&-; exec sleep 1000", .lock = lock->fd()}, 60s,
      [&](const auto& output) {
        ended = output.status();
        event_base_loopbreak(base.get());
      });
  ASSERT_TRUE(hook.ok());
  *lock = SiteLock();  // as with its reporter
  Timer look(base.get(), [&] { store.KillOrphan("a.example"); });
  look.Every(1ms);
  event_base_dispatch(base.get());
  EXPECT_EQ(Message(ended), "killed by signal 9");
  EXPECT_TRUE(store.Lock("a.example").ok());
}

// The lock file tells of our own group, which would be seen.
TEST_F(ReplicaStoreTest, KillsNobodyThatHasNotTheLockFileOpen) {
  const ReplicaStore store = Open();
  tree_.Write("/www/.dnsd/a.example.lock", std::to_string(getpgrp()) + "   \n");
  store.KillOrphan("a.example");
}

TEST_F(ReplicaStoreTest, KillsNobodyOutsideTheGroupThatIsTold) {
  const ReplicaStore store = Open();
  auto lock = store.Lock("a.example");
  ASSERT_TRUE(lock.ok());
  for (const char* group : {"", "0", "1", "-1", "x", "999999999"}) {
    tree_.Write("/www/.dnsd/a.example.lock", group);
    store.KillOrphan("a.example");
  }
  store.KillOrphan("b.example");
}

}  // namespace
}  // namespace dnsd::reporter
