#include "dnsd/server/placement_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace dnsd::server {
namespace {

using placement::Action;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PlacementStoreTest : public ::testing::Test {
 protected:
  PlacementStoreTest() {
    std::string pattern = testing::TempDir() + "dnsd-placement-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~PlacementStoreTest() override { std::filesystem::remove_all(dir_); }

  std::unique_ptr<PlacementStore> Open() {
    auto store = PlacementStore::Open(dir_);
    EXPECT_TRUE(store.ok()) << Message(store.status());
    return store.ok() ? *std::move(store) : nullptr;
  }

  std::string dir_;
};

Action Expansion(std::uint64_t id) {
  Action action{.id = id, .site = "www.example.", .node = "web3", .sources = {"web1", "web2"}};
  action.content_version = 17;
  action.bytes = 1'000'000'000;
  action.by_hand = true;
  action.why = "a crowd";
  action.begun = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  action.changed = action.begun + std::chrono::seconds(1);
  action.detail = "running";
  return action;
}

TEST_F(PlacementStoreTest, WhatIsUnderWayPinnedAndFrozenOutlivesARestart) {
  placement::Marks marks{.pinned = {{"www.example.", "web1"}}, .frozen = {"shop.example."}};
  Action leaving = Expansion(6);
  leaving.kind = Action::Kind::kContract;
  leaving.phase = Action::Phase::kLeaving;
  {
    const auto store = Open();
    EXPECT_GT(store->restored().last_id, 1'700'000'000'000U);  // no id of a file that was lost
    store->Save({1, {Expansion(5), leaving}, marks});
  }
  const auto store = Open();
  EXPECT_THAT(store->restored().unfinished, ElementsAre(Expansion(5), leaving));
  EXPECT_EQ(store->restored().last_id, 6U);
  EXPECT_EQ(store->restored().marks, marks);
}

TEST_F(PlacementStoreTest, WhatIsOverIsNotTakenUpAgainButItsIdIsNeverGivenAgain) {
  Action done = Expansion(5);
  {
    const auto store = Open();
    store->Save({1, {done}, {}});
    done.phase = Action::Phase::kDone;
    store->Save({2, {done}, {}});
  }
  const auto store = Open();
  EXPECT_THAT(store->restored().unfinished, IsEmpty());
  EXPECT_EQ(store->restored().last_id, 5U);
}

TEST_F(PlacementStoreTest, TellsOfContractionsThatWereDoneOfLate) {
  Action recent = Expansion(1);
  recent.kind = Action::Kind::kContract;
  recent.phase = Action::Phase::kDone;
  Action old = recent;
  old.id = 2;
  old.changed -= std::chrono::seconds(601);
  Action expanded = recent;
  expanded.id = 3;
  expanded.kind = Action::Kind::kExpand;
  {
    const auto store = Open();
    store->Save({1, {recent, old, expanded}, {}});
  }
  EXPECT_THAT(Open()->restored().contracted, ElementsAre(recent));
}

TEST_F(PlacementStoreTest, WithoutMarksThoseStoredStay) {
  const placement::Marks marks{.pinned = {{"www.example.", "web1"}}};
  {
    const auto store = Open();
    store->Save({0, {}, marks});
    store->Save({1, {Expansion(1)}, {}});
  }
  EXPECT_EQ(Open()->restored().marks, marks);
}

// No file grows beyond `octets` while it lives.
class FileLimit {
 public:
  explicit FileLimit(std::uintmax_t octets) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{octets, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, ignored_);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
  void (*const ignored_)(int);
};

TEST_F(PlacementStoreTest, WhatCannotBeWrittenIsWrittenInItsOrderWhenItCanBe) {
  {
    const auto store = Open();
    Action action = Expansion(1);
    {
      const FileLimit limit(std::filesystem::file_size(dir_ + "/placement.db-wal"));
      store->Save({1, {action}, {}});
      while (store->error().empty()) store->AwaitWritten(std::chrono::milliseconds(10));
      EXPECT_THAT(store->error(),
                  AllOf(HasSubstr(dir_ + "/placement.db: "), HasSubstr("too large")));
      action.phase = Action::Phase::kDone;
      store->Save({2, {action, Expansion(2)}, {}});
      EXPECT_EQ(store->AwaitWritten(std::chrono::milliseconds(10)), store->error());
      EXPECT_EQ(store->written(), 0U);
    }
    EXPECT_EQ(store->AwaitWritten(std::chrono::minutes(1)), "");
    EXPECT_EQ(store->written(), 2U);
    EXPECT_EQ(store->error(), "");
  }
  EXPECT_THAT(Open()->restored().unfinished, ElementsAre(Expansion(2)));
}

TEST_F(PlacementStoreTest, WhatStillCannotBeWrittenAtTheEndDoesNotHoldItUp) {
  {
    auto store = Open();
    const FileLimit limit(std::filesystem::file_size(dir_ + "/placement.db-wal"));
    store->Save({1, {Expansion(1)}, {}});
    store.reset();
  }
  EXPECT_THAT(Open()->restored().unfinished, IsEmpty());
}

TEST_F(PlacementStoreTest, OneDamagedInTheMiddleIsKeptAsideToo) {
  {
    const auto store = Open();
    std::vector<Action> many;
    for (std::uint64_t id = 1; id <= 200; ++id) many.push_back(Expansion(id));
    store->Save({1, many, {}});
  }
  {
    std::fstream file(dir_ + "/placement.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(6 * 4096);
    file << std::string(4096, 'x');
  }
  EXPECT_THAT(Open()->restored().unfinished, IsEmpty());
}

TEST_F(PlacementStoreTest, ADamagedFileIsKeptAsideAndBegunAnew) {
  std::ofstream(dir_ + "/placement.db")
      << "this is no database, and long enough to be told so ..." << std::string(4096, 'x');
  EXPECT_THAT(Open()->restored().unfinished, IsEmpty());
  bool kept = false;
  for (const auto& file : std::filesystem::directory_iterator(dir_)) {
    kept = kept || file.path().string().find("damaged") != std::string::npos;
  }
  EXPECT_TRUE(kept);
}

TEST_F(PlacementStoreTest, AFileOfANewerDnsdIsLeftAlone) {
  { Open(); }
  {
    auto database = SqliteDatabase::Open(dir_ + "/placement.db");
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->Run("PRAGMA user_version = 99").ok());
  }
  const auto store = PlacementStore::Open(dir_);
  EXPECT_TRUE(absl::IsFailedPrecondition(store.status()));
  EXPECT_THAT(Message(store.status()), HasSubstr("placement.db: its tables are of version 99"));
}

TEST_F(PlacementStoreTest, OneProcessAloneHasIt) {
  const auto store = Open();
  EXPECT_TRUE(absl::IsUnavailable(PlacementStore::Open(dir_).status()));
}

}  // namespace
}  // namespace dnsd::server
