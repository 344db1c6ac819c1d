#include "dnsd/server/state_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "dnsd/fleet/hosting_builder.h"

namespace dnsd::server {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fleet::SiteReport Site(const std::string& name, std::uint64_t version) {
  return {*wire::Name::Parse(name), version, 1000, true, true};
}

fleet::StoredNode NodeNamed(const std::string& name, fleet::NodeState state) {
  return {.name = name,
          .addresses = {*IpAddress::Parse("192.0.2.1"), *IpAddress::Parse("2001:db8::1")},
          .software_version = "0.1.0",
          .interval = std::chrono::milliseconds(500),
          .state = state,
          .declares_hosting = true,
          .load = {.cpu_utilization = 0.25, .rps = 0.1, .named_metrics = {{"queue", 3}}},
          .place = {.region = "eu", .coordinates = fleet::Coordinates{52.5, -13.4}, .asn = 64500}};
}

std::vector<fleet::Host> HostsOf(const StoredState& state, const std::string& site) {
  const auto name = *wire::Name::Parse(site);
  const auto hosts = state.hosting->Find(name.Hash(), name.wire());
  return {hosts.begin(), hosts.end()};
}

class StateStoreTest : public ::testing::Test {
 protected:
  StateStoreTest() {
    std::string pattern = fs::temp_directory_path() / "dnsd-state-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~StateStoreTest() override { fs::remove_all(dir_); }

  std::unique_ptr<StateStore> Open() {
    auto store = StateStore::Open(dir_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Save(const StoredState& state) {
    Open()->Save(std::make_shared<const StoredState>(state));  // closing it writes
  }
  std::size_t FilesNamed(const std::string& part) const {
    std::size_t found = 0;
    for (const auto& entry : fs::directory_iterator(dir_)) {
      found += entry.path().filename().string().find(part) != std::string::npos;
    }
    return found;
  }

  std::string dir_;
  fleet::HostingBuilder builder_;
};

TEST_F(StateStoreTest, IsEmptyAtFirst) {
  const auto store = Open();
  EXPECT_TRUE(store->restored().nodes.empty());
  EXPECT_TRUE(store->restored().hosting->empty());
}

TEST_F(StateStoreTest, ReadsBackWhatItWrote) {
  builder_.SetFull(0, std::vector{Site("a.example", 3), Site("b.example", 1)});
  builder_.SetFull(1, std::vector{Site("a.example", 4)});
  const StoredState state{
      {NodeNamed("n1", fleet::NodeState::kAlive), NodeNamed("n2", fleet::NodeState::kDead)},
      builder_.Build()};
  Save(state);
  const auto store = Open();
  EXPECT_EQ(store->restored().nodes, state.nodes);
  EXPECT_EQ(store->restored().hosting->site_count(), 2U);
  EXPECT_EQ(HostsOf(store->restored(), "a.example"), HostsOf(state, "a.example"));
}

TEST_F(StateStoreTest, WritesWhatWasAddedChangedAndDropped) {
  const std::vector nodes{NodeNamed("n1", fleet::NodeState::kAlive)};
  std::vector<fleet::SiteReport> sites;
  for (int i = 0; i < 3000; ++i) sites.push_back(Site("s" + std::to_string(i) + ".example", 1));
  builder_.SetFull(0, sites);
  Save({nodes, builder_.Build()});
  {
    const auto store = Open();
    fleet::HostingBuilder builder;
    builder.Adopt(store->restored().hosting);
    builder.Change(0, std::vector{Site("s1.example", 2), Site("new.example", 1)},
                   std::vector{*wire::Name::Parse("s2.example")});
    store->Save(std::make_shared<const StoredState>(StoredState{nodes, builder.Build()}));
  }
  const auto store = Open();
  EXPECT_EQ(store->restored().hosting->site_count(), 3000U);
  EXPECT_EQ(HostsOf(store->restored(), "s1.example").at(0).content_version, 2U);
  EXPECT_EQ(HostsOf(store->restored(), "new.example").size(), 1U);
  EXPECT_TRUE(HostsOf(store->restored(), "s2.example").empty());
}

TEST_F(StateStoreTest, OfManySavesTheLastOneStays) {
  {
    const auto store = Open();
    for (int i = 0; i <= 20; ++i) {
      StoredState state{{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build()};
      state.nodes[0].load.cpu_utilization = i / 20.0;
      store->Save(std::make_shared<const StoredState>(std::move(state)));
    }
  }
  EXPECT_EQ(Open()->restored().nodes.at(0).load.cpu_utilization, 1.0);
}

TEST_F(StateStoreTest, ADamagedFileIsMovedAsideAndKept) {
  std::ofstream(dir_ + "/state.db") << std::string(8192, 'x');
  EXPECT_TRUE(Open()->restored().nodes.empty());
  EXPECT_EQ(FilesNamed("state.db.damaged-"), 1U);
  Save({{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build()});
  EXPECT_EQ(Open()->restored().nodes.size(), 1U);
}

TEST_F(StateStoreTest, DamageInsideTheTablesIsFoundToo) {
  std::vector<fleet::SiteReport> sites;
  for (int i = 0; i < 5000; ++i) sites.push_back(Site("s" + std::to_string(i) + ".example", 1));
  builder_.SetFull(0, sites);
  Save({{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build()});
  std::fstream file(dir_ + "/state.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);  // all pages but the first, which has the schema
  file << std::string(fs::file_size(dir_ + "/state.db") - 4096, 'x');
  file.close();
  EXPECT_TRUE(Open()->restored().nodes.empty());
  EXPECT_EQ(FilesNamed("state.db.damaged-"), 1U);
}

// An upgrade that was taken back.
TEST_F(StateStoreTest, TablesOfANewerDnsdAreReadAndLeftAsTheyAre) {
  auto node = NodeNamed("n1", fleet::NodeState::kAlive);
  node.order = {.kind = fleet::Order::Kind::kDrain, .reason = "new disk", .end = {}};
  Save({{node}, builder_.Build()});
  const auto version = [&](const std::string& sql) {
    auto database = SqliteDatabase::Open(dir_ + "/state.db");
    EXPECT_TRUE(database.ok() && database->Run(sql).ok());
    auto row = database->Prepare("PRAGMA user_version");
    EXPECT_TRUE(row.ok() && row->Step().ok());
    return row->Int(0);
  };
  ASSERT_EQ(version("PRAGMA user_version = 99"), 99);
  {
    const auto store = Open();
    ASSERT_EQ(store->restored().nodes.size(), 1U);
    EXPECT_EQ(store->restored().nodes[0].order.reason, "new disk");
    EXPECT_THAT(store->error(), HasSubstr("state.db: its tables are of version 99"));
    store->Save(std::make_shared<const StoredState>());
    EXPECT_THAT(store->AwaitWritten(std::chrono::seconds(0)),
                HasSubstr("a restart would forget the order"));
  }
  EXPECT_EQ(FilesNamed("damaged"), 0U);
  EXPECT_EQ(version("PRAGMA user_version = 4"), 4);
  const auto store = Open();
  EXPECT_EQ(store->restored().nodes.size(), 1U);
  EXPECT_EQ(store->error(), "");
}

TEST_F(StateStoreTest, TablesOfANewerDnsdThatCannotBeReadAreLeftToo) {
  {
    auto database = SqliteDatabase::Open(dir_ + "/state.db");
    ASSERT_TRUE(database.ok() && database->Run("PRAGMA user_version = 99").ok());
  }
  EXPECT_THAT(Open()->error(), HasSubstr("nor can it be read"));
  EXPECT_EQ(FilesNamed("state.db.damaged-"), 0U);
}

TEST_F(StateStoreTest, WithoutADirectoryWhatWasSavedIsKeptInMemoryAlone) {
  const auto first = StateStore::InMemory(nullptr);
  EXPECT_TRUE(first->latest()->nodes.empty());
  first->Save(std::make_shared<const StoredState>(
      StoredState{{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build()}));
  EXPECT_THAT(first->AwaitWritten(std::chrono::seconds(0)), HasSubstr("there is no state_dir"));
  EXPECT_EQ(first->error(), "");
  const auto second = StateStore::InMemory(first->latest());
  EXPECT_EQ(second->restored().nodes.size(), 1U);
  EXPECT_EQ(second->latest()->nodes.size(), 1U);
}

TEST_F(StateStoreTest, SaysOfWhatIsNotWrittenYetThatItMayBeForgotten) {
  std::vector<fleet::SiteReport> sites;
  for (int i = 0; i < 50'000; ++i) sites.push_back(Site("s" + std::to_string(i) + ".example", 1));
  builder_.SetFull(0, sites);
  const auto store = Open();
  store->Save(std::make_shared<const StoredState>(
      StoredState{{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build()}));
  EXPECT_THAT(store->AwaitWritten(Duration::zero()), HasSubstr("a restart may forget the order"));
  EXPECT_EQ(store->AwaitWritten(std::chrono::minutes(5)), "");
}

TEST_F(StateStoreTest, OrdersOutliveARestartUntilTheyAreTakenBack) {
  StoredState state{
      {NodeNamed("n1", fleet::NodeState::kDraining), NodeNamed("n2", fleet::NodeState::kDisabled)},
      builder_.Build()};
  const WallTime end{std::chrono::milliseconds(1'700'000'000'123)};
  state.nodes[0].order = {fleet::Order::Kind::kDrain, "new disk",
                          fleet::Order::End{MonotonicTime(), end}};
  state.nodes[1].order = {fleet::Order::Kind::kDisable, "", std::nullopt};
  Save(state);
  EXPECT_EQ(Open()->restored().nodes, state.nodes);
  state.nodes[0].order = {};
  Save(state);
  EXPECT_EQ(Open()->restored().nodes, state.nodes);
}

TEST_F(StateStoreTest, APlaceIsStoredAsItIsNow) {
  StoredState state{{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build()};
  for (const fleet::Place& place :
       {fleet::Place{.region = "eu"}, fleet::Place{.asn = 4'294'967'295}, fleet::Place{},
        fleet::Place{.coordinates = fleet::Coordinates{-90, 180}}}) {
    state.nodes[0].place = place;
    Save(state);
    EXPECT_EQ(Open()->restored().nodes.at(0).place, place);
  }
}

TEST_F(StateStoreTest, APlaceThatCannotBeIsNotKnown) {
  Save({{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build()});
  {
    auto database = SqliteDatabase::Open(dir_ + "/state.db");
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->Run("UPDATE places SET latitude = 91").ok());
  }
  EXPECT_EQ(Open()->restored().nodes.at(0).place.coordinates, std::nullopt);
  EXPECT_EQ(Open()->restored().nodes.at(0).place.region, "eu");
}

TEST_F(StateStoreTest, OrdersForSitesComeBackAndGo) {
  using Kind = fleet::Order::Kind;
  StoredState state{{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build(), {}};
  const fleet::Order::End end{MonotonicTime(), WallTime(std::chrono::milliseconds(1500))};
  state.site_orders = {{{"a.example.", ""}, {Kind::kDrain, "new disk", {}}},
                       {{"a.example.", "n1"}, {Kind::kDisable, "", end}}};
  Save(state);
  EXPECT_EQ(Open()->restored().site_orders, state.site_orders);
  state.site_orders.pop_back();
  Save(state);
  EXPECT_EQ(Open()->restored().site_orders, state.site_orders);
}

TEST_F(StateStoreTest, TablesWithoutOrdersForSitesAreTakenOver) {
  const StoredState state{{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build(), {}};
  Save(state);
  {
    auto database = SqliteDatabase::Open(dir_ + "/state.db");
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->Run("DROP TABLE site_orders; PRAGMA user_version = 3").ok());
  }
  EXPECT_EQ(Open()->restored().nodes, state.nodes);
}

// What older tables lack is added; nothing of them is lost.
TEST_F(StateStoreTest, OlderTablesAreTakenOver) {
  for (const std::string older :
       {"DROP TABLE places; PRAGMA user_version = 2",
        "DROP TABLE places; DROP TABLE orders; PRAGMA user_version = 1"}) {
    SCOPED_TRACE(older);
    StoredState state{{NodeNamed("n1", fleet::NodeState::kAlive)}, builder_.Build()};
    Save(state);
    {
      auto database = SqliteDatabase::Open(dir_ + "/state.db");
      ASSERT_TRUE(database.ok());
      ASSERT_TRUE(database->Run("DROP TABLE site_orders; " + older).ok());
    }
    state.nodes[0].place = {};
    EXPECT_EQ(Open()->restored().nodes, state.nodes);
    EXPECT_EQ(FilesNamed("state.db.damaged-"), 0U);
    state.nodes[0].place.region = "us";
    Save(state);
    EXPECT_EQ(Open()->restored().nodes, state.nodes);
  }
}

TEST_F(StateStoreTest, ADirectoryThatCannotBeMadeIsNamed) {
  std::ofstream(dir_ + "/file") << "no directory";
  const auto store = StateStore::Open(dir_ + "/file/below");
  EXPECT_THAT(Message(store.status()), HasSubstr(dir_ + "/file/below: cannot create"));
}

TEST_F(StateStoreTest, AFileThatCannotBeOpenedIsNamed) {
  fs::create_directory(dir_ + "/state.db");
  const auto store = StateStore::Open(dir_);
  EXPECT_THAT(Message(store.status()), HasSubstr(dir_ + "/state.db: "));
}

TEST_F(StateStoreTest, TwoAtOnceAreRefused) {
  const auto first = Open();
  const auto second = StateStore::Open(dir_);
  EXPECT_TRUE(absl::IsUnavailable(second.status()));
  EXPECT_THAT(Message(second.status()), HasSubstr("state.db: in use by another process"));
}

}  // namespace
}  // namespace dnsd::server
