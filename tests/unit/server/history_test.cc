#include "dnsd/server/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "dnsd/server/history_json.h"
#include "tests/unit/server/known_fleet.h"

namespace dnsd::server {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const WallTime kNoon{seconds(1'772'366'400)};  // 2026-03-01T12:00:00Z

// A folder of the test's own, gone with it.
class Folder {
 public:
  Folder() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~Folder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file() const { return path_ + "/history.db"; }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = fs::temp_directory_path() / "dnsd-history-XXXXXX";
};

HistorySample Sample(const std::string& node, int second, const char* state = "alive") {
  return {.time = kNoon + seconds(second),
          .node = node,
          .state = state,
          .cost = 0.25,
          .answers = 7,
          .cpu_utilization = 0.5,
          .mem_utilization = {},
          .connections = 12,
          .rps = 0.125};
}

Event EventAt(std::uint64_t sequence, const std::string& node, const std::string& site) {
  return {.sequence = sequence,
          .time = kNoon + seconds(sequence),
          .kind = Event::Kind::kState,
          .gravity = Event::Gravity::kWarning,
          .node = node,
          .site = site,
          .state = "dead",
          .text = "alive -> dead"};
}

std::vector<std::uint64_t> NumbersOf(const std::vector<Event>& events) {
  std::vector<std::uint64_t> numbers;
  for (const Event& event : events) numbers.push_back(event.sequence);
  return numbers;
}

class HistoryStoreTest : public ::testing::Test {
 protected:
  HistoryStore Open() {
    auto store = HistoryStore::Open(folder_.file());
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  Folder folder_;
};

TEST_F(HistoryStoreTest, GivesBackTheNewestOfTheNodesAskedFor) {
  HistoryStore store = Open();
  ASSERT_TRUE(store.Write({Sample("a", 1), Sample("b", 1, "dead")}, {}).ok());
  ASSERT_TRUE(store.Write({Sample("a", 2), Sample("b", 2)}, {}).ok());
  EXPECT_THAT(*store.Samples({"a"}, kNoon, 10), ElementsAre(Sample("a", 1), Sample("a", 2)));
  EXPECT_THAT(*store.Samples({"a"}, kNoon + seconds(2), 10), ElementsAre(Sample("a", 2)));
  EXPECT_THAT(*store.Samples({"a", "b"}, kNoon, 3),
              ElementsAre(Sample("b", 1, "dead"), Sample("a", 2), Sample("b", 2)));
  EXPECT_THAT(*store.Samples({}, kNoon, 3), IsEmpty());
}

TEST_F(HistoryStoreTest, GivesBackTheEventsOfANodeAndOfASiteWithItsNodes) {
  HistoryStore store = Open();
  const std::vector<Event> events = {EventAt(1, "a", ""), EventAt(2, "b", ""), EventAt(3, "", "s."),
                                     EventAt(4, "a", "s."), EventAt(5, "a", "t.")};
  ASSERT_TRUE(store.Write({}, events).ok());
  ASSERT_TRUE(store.Write({}, events).ok());  // told twice
  EXPECT_THAT(NumbersOf(*store.EventsOf({"a"}, "", kNoon, 10)), ElementsAre(1, 4, 5));
  EXPECT_THAT(NumbersOf(*store.EventsOf({"a"}, "s.", kNoon, 10)), ElementsAre(1, 3, 4));
  EXPECT_THAT(NumbersOf(*store.EventsOf({"a"}, "", kNoon + seconds(2), 1)), ElementsAre(5));
  const Event event = store.EventsOf({"b"}, "", kNoon, 10)->at(0);
  EXPECT_EQ(event.time, kNoon + seconds(2));
  EXPECT_EQ(event.kind, Event::Kind::kState);
  EXPECT_EQ(event.gravity, Event::Gravity::kWarning);
  EXPECT_EQ(event.text, "alive -> dead");
}

TEST_F(HistoryStoreTest, IsThereWhenItIsOpenedAgain) {
  ASSERT_TRUE(Open().Write({Sample("a", 1)}, {}).ok());
  HistoryStore again = Open();
  EXPECT_THAT(*again.Samples({"a"}, kNoon, 10), SizeIs(1));
  ASSERT_TRUE(again.Write({Sample("a", 2)}, {}).ok());
  auto reader = HistoryStore::OpenToRead(folder_.file());
  ASSERT_TRUE(reader.ok());
  EXPECT_THAT(*reader->Samples({"a"}, kNoon, 10), SizeIs(2));
  EXPECT_FALSE(reader->Write({Sample("a", 3)}, {}).ok());
}

TEST_F(HistoryStoreTest, KeepsSoManyAndForSoLong) {
  HistoryStore store = Open();
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(store.Write({Sample("a", i)}, {}).ok());
  const auto left = [&] { return store.Samples({"a"}, kNoon, 100)->size(); };
  HistoryLimits limits{.samples = 10, .events = 10, .age = seconds(100)};
  ASSERT_TRUE(store.Prune(limits, kNoon + seconds(101)).ok());
  EXPECT_EQ(left(), 10U);
  ASSERT_TRUE(store.Prune(limits, kNoon + seconds(102)).ok());  // the first is 101 s old
  EXPECT_EQ(left(), 9U);
  limits.samples = 4;
  ASSERT_TRUE(store.Prune(limits, kNoon + seconds(102)).ok());
  EXPECT_EQ(left(), 4U);
  EXPECT_EQ(store.Samples({"a"}, kNoon, 100)->at(0).time, kNoon + seconds(7));
}

// Overwrites all pages but the first, which has the schema.
void Garble(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(fs::file_size(path) - 4096, 'x');
}

TEST_F(HistoryStoreTest, DamageInsideIsFoundBeforeItIsComeUpon) {
  {
    HistoryStore store = Open();
    for (int i = 1; i <= 2000; ++i) ASSERT_TRUE(store.Write({Sample("a", i)}, {}).ok());
  }
  // One page in the middle.
  std::fstream file(folder_.file(), std::ios::in | std::ios::out | std::ios::binary);
  ASSERT_GT(fs::file_size(folder_.file()), 16U * 4096);
  file.seekp(10 * 4096);
  file << std::string(4096, 'x');
  file.close();
  EXPECT_TRUE(HistoryStore::Open(folder_.file()).ok());
  EXPECT_FALSE(fs::exists(folder_.file() + ".damaged"));
  auto store = HistoryStore::Open(folder_.file(), /*check=*/true);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE(fs::exists(folder_.file() + ".damaged"));
  EXPECT_THAT(*store->Samples({"a"}, kNoon, 10), IsEmpty());
  EXPECT_TRUE(store->Write({Sample("a", 1)}, {}).ok());
}

TEST_F(HistoryStoreTest, AWholeFileIsKeptWhenItIsLookedThrough) {
  ASSERT_TRUE(Open().Write({Sample("a", 1)}, {}).ok());
  auto store = HistoryStore::Open(folder_.file(), /*check=*/true);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_THAT(*store->Samples({"a"}, kNoon, 10), SizeIs(1));
}

TEST_F(HistoryStoreTest, ADamagedFileIsBegunAnew) {
  std::ofstream(folder_.file()) << std::string(8192, 'x');
  HistoryStore store = Open();
  EXPECT_TRUE(store.Write({Sample("a", 1)}, {}).ok());
}

class HistoryWriterTest : public ::testing::Test {
 protected:
  HistoryWriterTest() {
    NodeStatus& node = report_.nodes.emplace_back();
    node.name = "a";
    node.state = fleet::NodeState::kAlive;
    node.load.cpu_utilization = 0.5;
  }
  std::vector<HistorySample> Written() {
    auto reader = HistoryStore::OpenToRead(folder_.file());
    EXPECT_TRUE(reader.ok()) << reader.status();
    return *reader->Samples({"a"}, WallTime(), 100);
  }

  Folder folder_;
  Events events_{[] { return kNoon; }};
  StatusReport report_;
  HistoryWriter writer_{folder_.file(), {}};
};

TEST_F(HistoryWriterTest, WritesWhatWasAnsweredSinceTheSampleBefore) {
  report_.nodes[0].answers = 10;
  writer_.Write(report_, events_, kNoon);
  report_.nodes[0].answers = 25;
  writer_.Write(report_, events_, kNoon + seconds(10));
  const auto written = Written();
  ASSERT_THAT(written, SizeIs(2));
  EXPECT_EQ(written[0].answers, 10U);
  EXPECT_EQ(written[1].answers, 15U);
  EXPECT_EQ(written[1].cpu_utilization, 0.5);
  EXPECT_EQ(writer_.health().samples, 2U);
}

TEST_F(HistoryWriterTest, WritesEveryEventOnce) {
  events_.Add({.node = "a", .text = "one"});
  writer_.Write(report_, events_, kNoon);
  events_.Add({.node = "a", .text = "two"});
  writer_.Write(report_, events_, kNoon + seconds(10));
  auto reader = HistoryStore::OpenToRead(folder_.file());
  EXPECT_THAT(*reader->EventsOf({"a"}, "", WallTime(), 10), SizeIs(2));
}

TEST_F(HistoryWriterTest, DamageThatIsComeUponIsSetAsideAtOnce) {
  writer_.Write(report_, events_, kNoon);
  {
    HistoryWriter other(folder_.file(), {});  // closed last, it writes the log into the file
    other.Write(report_, events_, kNoon);
  }
  HistoryWriter writer(folder_.file(), {});
  writer.Write(report_, events_, kNoon + seconds(10));
  auto database = SqliteDatabase::Open(folder_.file());
  ASSERT_TRUE(database->Run("PRAGMA wal_checkpoint(TRUNCATE)").ok());
  Garble(folder_.file());
  auto reader = HistoryStore::OpenToRead(folder_.file());
  EXPECT_TRUE(absl::IsDataLoss(reader->Samples({"a"}, WallTime(), 10).status()));
  writer.Suspect();  // as who reads it does
  writer.Write(report_, events_, kNoon + seconds(20));
  EXPECT_EQ(writer.health().error, "");
  EXPECT_TRUE(fs::exists(folder_.file() + ".damaged"));
  EXPECT_THAT(Written(), SizeIs(1));
}

// The folder is another user's, or gone: root may write everywhere, so a file stands in its place.
TEST_F(HistoryWriterTest, GoesOnWhenTheFolderCanBeWrittenAgain) {
  const std::string below = folder_.path() + "/sub";
  std::ofstream(below) << "no folder";
  HistoryWriter writer(below + "/history.db", {});
  events_.Add({.node = "a", .text = "meanwhile"});
  writer.Write(report_, events_, kNoon);
  writer.Write(report_, events_, kNoon + seconds(10));
  EXPECT_THAT(writer.health().error, HasSubstr(below + "/history.db"));
  EXPECT_EQ(writer.health().failed, 2U);
  fs::remove(below);
  fs::create_directory(below);
  writer.Write(report_, events_, kNoon + seconds(20));
  EXPECT_EQ(writer.health().error, "");
  auto reader = HistoryStore::OpenToRead(below + "/history.db");
  EXPECT_THAT(*reader->EventsOf({"a"}, "", WallTime(), 10), SizeIs(1));  // it was kept that long
}

TEST_F(HistoryWriterTest, ManyNodesAreLookedAtMoreSeldom) {
  EXPECT_EQ(HistoryWriter::PeriodFor(0, seconds(10)), seconds(10));
  EXPECT_EQ(HistoryWriter::PeriodFor(2000, seconds(10)), seconds(10));
  EXPECT_EQ(HistoryWriter::PeriodFor(4000, seconds(10)), seconds(20));
}

class HistoryJsonTest : public KnownFleetTest {
 protected:
  absl::StatusOr<std::string> Of(const std::string& subject) {
    return HistoryJson(subject, kNoon, folder_.file(), *served_, fleet_, report_);
  }
  Folder folder_;
};

TEST_F(HistoryJsonTest, TellsOfANodeAndOfASiteWithItsNodes) {
  auto store = HistoryStore::Open(folder_.file());
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(store
                  ->Write({Sample("a", 1), Sample("b", 1), Sample("c", 1)},
                          {EventAt(2, "", "shop.host.example.")})
                  .ok());
  const auto node = nlohmann::json::parse(*Of("c"));
  EXPECT_EQ(node["kind"], "node");
  EXPECT_EQ(node["since"], "2026-03-01T12:00:00Z");
  ASSERT_EQ(node["samples"].size(), 1U);
  EXPECT_EQ(node["samples"][0], nlohmann::json::parse(R"({"time": "2026-03-01T12:00:01Z",
      "node": "c", "state": "alive", "cost": 0.25, "answers": 7, "cpu_utilization": 0.5,
      "mem_utilization": null, "connections": 12.0, "rps": 0.125})"));
  const auto site = nlohmann::json::parse(*Of("shop.host.example"));
  EXPECT_EQ(site["kind"], "site");
  EXPECT_EQ(site["subject"], "shop.host.example.");
  EXPECT_EQ(site["nodes"], nlohmann::json::parse(R"(["a", "b"])"));
  EXPECT_EQ(site["samples"].size(), 2U);
  EXPECT_EQ(site["events"].size(), 1U);
}

TEST_F(HistoryJsonTest, ASubjectIsOneNodeOrOneSite) {
  EXPECT_THAT(Message(Of("nobody").status()), HasSubstr("found 0 sites for 'nobody'"));
  EXPECT_THAT(Message(Of("*.example").status()), HasSubstr("wanted the name of one node or one"));
  EXPECT_FALSE(Of("").ok());
}

}  // namespace
}  // namespace dnsd::server
