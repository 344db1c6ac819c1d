#include "dnsd/server/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "dnsd/answer/hosts.h"

namespace dnsd::server {
namespace {

using fleet::NodeIndex;
using fleet::NodeState;
using fleet::StreamId;
using fleet::Tier;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const MonotonicTime kStart = MonotonicTime(seconds(1000));
MonotonicTime At(double s) { return kStart + FromSeconds(s); }
IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

struct Sink : fleet::DirectiveSink {
  void Send(StreamId stream, fleet::Directive directive) override {
    sent.emplace_back(stream, std::move(directive));
  }
  std::vector<std::pair<StreamId, fleet::Directive>> sent;
};

// A folder for a state store, removed at the end.
class StateFolder {
 public:
  StateFolder() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~StateFolder() { std::filesystem::remove_all(path_); }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "dnsd-controller-XXXXXX";
};

// A controller on a clock of the test's own, called when it asks to be.
class ControllerTest : public ::testing::Test {
 protected:
  ControllerTest() {
    addresses_.Intern(Ip("192.0.2.1"));
    addresses_.Intern(Ip("192.0.2.2"));
    Begin(nullptr);
  }

  void Begin(StateStore* store) {
    controller_ = std::make_unique<Controller>(ControlParts{.config = config_,
                                                            .addresses = &addresses_,
                                                            .fleet = &published_,
                                                            .workers = {&workers_[0], &workers_[1]},
                                                            .store = store,
                                                            .events = &events_},
                                               kStart);
    controller_->SetSink(&sink_);
  }

  // Turns as they fall due up to `s` inclusive.
  void RunUntil(double s) {
    for (MonotonicTime t = controller_->NextWake(); t <= At(s); t = controller_->NextWake()) {
      controller_->Step(t, {});
    }
  }
  void Put(double s, std::vector<fleet::Event> events) {
    RunUntil(s);
    controller_->Step(At(s), events);
  }
  fleet::Event Hello(double s, StreamId stream, const std::string& node, const char* address,
                     fleet::Load load = {}) {
    return {stream, At(s),
            fleet::Hello{.node = node,
                         .addresses = {Ip(address)},
                         .software_version = "1.2",
                         .interval = seconds(1),
                         .boot_id = 1,
                         .state = {.sequence = 1, .load = std::move(load)}}};
  }
  fleet::Event Beat(double s, StreamId stream, std::uint64_t sequence, fleet::Load load = {}) {
    return {stream, At(s), fleet::Heartbeat{.sequence = sequence, .load = std::move(load)}};
  }
  void Answer(std::size_t worker, NodeIndex node, std::uint64_t count = 1) {
    workers_[worker].answers[node].Add(count);
    workers_[worker].site_answers.Add(count);
  }
  std::shared_ptr<const answer::FleetView> View() const { return published_.Get(); }
  Tier TierOf(NodeIndex node) const { return View()->nodes.at(node).tier; }

  std::vector<std::string> Told() const {
    std::vector<std::string> texts;
    for (const Event& e : events_.Since(0).events) texts.push_back(e.node + ": " + e.text);
    return texts;
  }

  Events events_{[] { return WallTime(); }};
  AddressTable addresses_;
  HeartbeatConfig config_;
  std::array<answer::WorkerStats, 2> workers_;
  Published<answer::FleetView> published_{std::make_shared<answer::FleetView>()};
  Sink sink_;
  std::unique_ptr<Controller> controller_;
};

TEST_F(ControllerTest, PublishesANodeWithItsFirstReport) {
  Put(1, {Hello(1, 1, "a", "192.0.2.2", {.cpu_utilization = 0.5})});
  EXPECT_THAT(View()->node_of, ElementsAre(fleet::kNoNode, 0U));
  ASSERT_THAT(View()->nodes, SizeIs(1));
  EXPECT_EQ(TierOf(0), Tier::kUsable);
  EXPECT_GT(View()->nodes[0].cost, 0);
  EXPECT_EQ(View()->nodes[0].last_usable, 1001U);
  ASSERT_THAT(sink_.sent, SizeIs(1));
  EXPECT_EQ(sink_.sent[0].first, 1U);
  EXPECT_TRUE(std::holds_alternative<fleet::Accepted>(sink_.sent[0].second));
}

TEST_F(ControllerTest, PublishesMeasuredRoundTripTimesWithinASecondOrSo) {
  const IpAddress client = Ip("198.51.100.7");
  const auto sample = [](float rtt) { return fleet::RttSample{Ip("198.51.100.0"), 3, rtt, rtt}; };
  auto hello = Hello(1, 1, "a", "192.0.2.1");
  std::get<fleet::Hello>(hello.what).state.rtts = {sample(20)};
  Put(1, {hello, Hello(1, 2, "b", "192.0.2.2")});
  Put(1.5, {{2, At(1.5), fleet::Heartbeat{.sequence = 2, .rtts = {sample(10)}}}});
  RunUntil(3);
  const auto found = View()->rtts->Find(client);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].node, 1U);
  EXPECT_EQ(found[0].milliseconds, 10);
  EXPECT_EQ(found[1].node, 0U);
  EXPECT_TRUE(View()->rtts->Find(Ip("198.51.101.7")).empty());
  const auto report = controller_->status();
  ASSERT_TRUE(report->rtts);
  EXPECT_EQ(report->rtts->prefixes, 1U);
  EXPECT_EQ(report->rtts->samples, 2U);
}

TEST_F(ControllerTest, AHeartbeatThatIsIgnoredMeasuresNothing) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1")});
  const fleet::RttSample sample{Ip("198.51.100.0"), 3, 20, 20};
  Put(1.5, {{9, At(1.5), fleet::Heartbeat{.sequence = 2, .rtts = {sample}}}});  // said no Hello
  RunUntil(4);
  EXPECT_TRUE(View()->rtts->empty());
}

TEST_F(ControllerTest, ForgetsWhatWasMeasuredWhenThatIsSwitchedOff) {
  const fleet::RttSample sample{Ip("198.51.100.0"), 3, 20, 20};
  const auto say = [&](double s, std::uint64_t sequence) {
    Put(s, {{1, At(s), fleet::Heartbeat{.sequence = sequence, .rtts = {sample}}}});
  };
  Put(1, {Hello(1, 1, "a", "192.0.2.1")});
  say(2, 2);
  RunUntil(4);
  EXPECT_FALSE(View()->rtts->empty());
  controller_->SetMeasured({}, At(4));  // as it is
  EXPECT_FALSE(View()->rtts->empty());
  MeasuredConfig longer;
  longer.table.max_age = std::chrono::hours(3);
  longer.table.max_prefixes = 5000;
  controller_->SetMeasured(longer, At(4));
  RunUntil(5);
  EXPECT_FALSE(View()->rtts->empty()) << "only limits have changed";
  MeasuredConfig off;
  off.enabled = false;
  controller_->SetMeasured(off, At(4));
  EXPECT_TRUE(View()->rtts->empty());
  say(5, 3);
  RunUntil(7);
  EXPECT_TRUE(View()->rtts->empty());
  EXPECT_FALSE(controller_->status()->rtts);
  controller_->SetMeasured({}, At(7));
  say(8, 4);
  RunUntil(10);
  EXPECT_FALSE(View()->rtts->empty());
}

TEST_F(ControllerTest, ALoadedNodeCostsMoreAfterOneReport) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1", {.cpu_utilization = 0.9}),
          Hello(1, 2, "b", "192.0.2.2", {.cpu_utilization = 0.1})});
  EXPECT_GT(View()->nodes[0].cost, 3 * View()->nodes[1].cost);
}

TEST_F(ControllerTest, SupposesEqualWorkersUntilAnswersAreSeen) {
  EXPECT_THAT(View()->answer_scale, ElementsAre(2.0F, 2.0F));
}

// The report waited 50 ms for its turn: of the answers since the one before, a twentieth is
// younger.
TEST_F(ControllerTest, KeepsAnswersGivenWhileAReportWaitedForItsTurn) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1", {.sps = 0, .connections = 0})});
  Answer(0, 0, 1000);
  fleet::Event beat = Beat(1.95, 1, 2, {.sps = 0, .connections = 0});
  controller_->Step(At(2), {beat});
  EXPECT_GT(View()->nodes[0].figures.sessions, 1);
  beat = Beat(3, 1, 3, {.sps = 0, .connections = 0});
  controller_->Step(At(3), {beat});
  EXPECT_LT(View()->nodes[0].figures.sessions, 0.1) << "this one did not wait";
}

TEST_F(ControllerTest, TellsEachWorkerWhatAllGiveForOneAnswerOfItsOwn) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1")});
  RunUntil(1.2);
  Answer(0, 0, 300);
  Answer(1, 0, 100);
  Put(1.2, {Beat(1.2, 1, 2)});
  ASSERT_THAT(View()->answer_scale, SizeIs(2));
  EXPECT_NEAR(View()->answer_scale[0], 402.0 / 301, 1e-3);
  EXPECT_NEAR(View()->answer_scale[1], 402.0 / 101, 1e-3);
}

TEST_F(ControllerTest, AnIdleWorkersAnswerStandsForNoMoreThanTheOthersGiveBetweenTwoViews) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1")});
  RunUntil(1.2);
  Answer(0, 0, 10'000);
  Put(1.2, {Beat(1.2, 1, 2)});
  EXPECT_NEAR(View()->answer_scale[0], 10'002.0 / 10'001, 1e-3);
  EXPECT_NEAR(View()->answer_scale[1], 10'000 * 0.05, 1);
}

TEST_F(ControllerTest, ASilentNodeIsSuspectAndThenDeadWhenItIsDue) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1")});
  RunUntil(2.499);
  EXPECT_EQ(TierOf(0), Tier::kUsable);
  RunUntil(2.5);
  EXPECT_EQ(TierOf(0), Tier::kLastResort);
  EXPECT_EQ(View()->nodes[0].last_usable, 1002U);
  RunUntil(3.999);
  EXPECT_EQ(TierOf(0), Tier::kLastResort);
  RunUntil(4);
  EXPECT_EQ(TierOf(0), Tier::kExcluded);
  EXPECT_EQ(View()->nodes[0].last_usable, 1002U);
}

TEST_F(ControllerTest, AHeartbeatThatWaitsInTheInboxIsSeenBeforeSilenceIsJudged) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1")});
  RunUntil(2.4);
  controller_->Step(At(2.55), {Beat(2.45, 1, 2)});
  EXPECT_EQ(TierOf(0), Tier::kUsable);
}

TEST_F(ControllerTest, CountsTheAnswersOfAllWorkersAndLetsThemDecay) {
  Put(1,
      {Hello(1, 1, "a", "192.0.2.1", {.sps = 0.0}), Hello(1, 2, "b", "192.0.2.2", {.sps = 0.0})});
  Answer(0, 0, 2);
  Answer(1, 0, 1);
  RunUntil(1.25);  // an idle controller looks four times a second
  EXPECT_NEAR(View()->nodes[0].figures.sessions, 3, 1e-4);
  EXPECT_GT(View()->nodes[0].cost, View()->nodes[1].cost);
  const std::uint64_t generation = published_.generation();
  Answer(0, 1);
  RunUntil(1.3);  // a busy one twenty times
  EXPECT_EQ(published_.generation(), generation + 1);
  EXPECT_NEAR(View()->nodes[0].figures.sessions, 3 * std::exp(-0.05), 1e-4);
  EXPECT_NEAR(View()->nodes[1].figures.sessions, 1, 1e-4);
}

// When nobody could follow this process, workers that have long answered get a new control loop.
TEST_F(ControllerTest, AnswersGivenBeforeItBeganAreNobodysLoad) {
  Answer(0, 0, 1'000'000);
  Begin(nullptr);
  Put(1,
      {Hello(1, 1, "a", "192.0.2.1", {.sps = 0.0}), Hello(1, 2, "b", "192.0.2.2", {.sps = 0.0})});
  RunUntil(1.25);
  EXPECT_NEAR(View()->nodes[0].figures.sessions, 0, 1e-4);
  EXPECT_EQ(View()->answer_scale[0], View()->answer_scale[1]);
  Answer(0, 0);
  RunUntil(1.5);
  EXPECT_NEAR(View()->nodes[0].figures.sessions, 1, 1e-4);
}

TEST_F(ControllerTest, PublishesNothingWhileNothingChanges) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1"), {1, At(1), fleet::Leaving{}}});
  const std::uint64_t generation = published_.generation();
  RunUntil(60);
  EXPECT_EQ(published_.generation(), generation);
}

TEST_F(ControllerTest, TurnsRarelyWhileNothingHappens) {
  int turns = 0;
  for (MonotonicTime t = controller_->NextWake(); t < At(10); t = controller_->NextWake()) {
    controller_->Step(t, {});
    ++turns;
  }
  EXPECT_LE(turns, 50);
}

TEST_F(ControllerTest, AWarmingNodesCostFallsBySteps) {
  RunUntil(40);
  Put(40, {Hello(40, 1, "a", "192.0.2.1")});
  EXPECT_FLOAT_EQ(View()->nodes[0].figures.factor, 10);
  for (std::uint64_t i = 1; i <= 31; ++i) {
    const double s = 40 + static_cast<double>(i);
    RunUntil(s);
    controller_->Step(At(s), {Beat(s, 1, i + 1)});
    if (i == 15) {
      EXPECT_NEAR(View()->nodes[0].figures.factor, 2, 0.01);
    }
  }
  EXPECT_FLOAT_EQ(View()->nodes[0].figures.factor, 1);
}

TEST_F(ControllerTest, ANodeThatFailsMostRequestsIsALastResort) {
  const fleet::Load failing{.rps = 50, .eps = 50, .sps = 50};
  Put(1, {Hello(1, 1, "a", "192.0.2.1", failing)});
  EXPECT_EQ(TierOf(0), Tier::kLastResort);
}

// 50 k / (50 k + 5) of its requests failed t after, k = e^(-t/10 s): 0.42 after 25 s, 0.21
// after 36.
TEST_F(ControllerTest, ANodeThatFailedIsTriedOnceNextToNoneOfItsRequestsDo) {
  const fleet::Load failing{.rps = 50, .eps = 50, .sps = 50};
  const fleet::Load quiet{.rps = 0, .eps = 0, .sps = 0};
  Put(1, {Hello(1, 1, "a", "192.0.2.1", failing)});
  for (std::uint64_t i = 1; i <= 35; ++i) {
    const double s = 1 + static_cast<double>(i);
    controller_->Step(At(s), {Beat(s, 1, i + 1, quiet)});
    if (i == 25) {
      EXPECT_EQ(TierOf(0), Tier::kLastResort);
    }
  }
  EXPECT_EQ(TierOf(0), Tier::kUsable);
  EXPECT_GT(View()->nodes[0].figures.factor, 10) << "a trial";
}

TEST_F(ControllerTest, ItsOwnStallIsNoNodesSilence) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1")});
  controller_->Step(At(20), {});  // stopped for 19 s
  EXPECT_EQ(TierOf(0), Tier::kUsable);
  RunUntil(21.9);
  EXPECT_EQ(TierOf(0), Tier::kUsable);
  RunUntil(22.1);
  EXPECT_EQ(TierOf(0), Tier::kExcluded);
}

TEST_F(ControllerTest, BindsAddressesThatAReloadBrings) {
  Put(1, {Hello(1, 1, "a", "198.51.100.7")});
  EXPECT_EQ(View()->NodeOf(2), fleet::kNoNode);
  const AddressId id = addresses_.Intern(Ip("198.51.100.7"));
  controller_->RebindAddresses(At(1.1));
  EXPECT_EQ(View()->NodeOf(id), 0U);
}

TEST_F(ControllerTest, ReportsItsNodesAndFaults) {
  Put(1, {Hello(1, 1, "a", "192.0.2.1", {.cpu_utilization = 0.5}), Hello(1, 2, "b", "192.0.2.1"),
          Beat(1, 1, 1)});
  Answer(0, 0, 5);
  RunUntil(2);
  const auto report = controller_->status();
  ASSERT_THAT(report->nodes, SizeIs(2));
  const NodeStatus& a = report->nodes[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.state, NodeState::kAlive);
  EXPECT_EQ(a.heard, At(1));
  EXPECT_EQ(a.software_version, "1.2");
  EXPECT_EQ(a.load.cpu_utilization, 0.5);
  EXPECT_EQ(a.answers, 5U);
  EXPECT_THAT(report->nodes[1].refused, ElementsAre(Ip("192.0.2.1")));
  EXPECT_EQ(report->bound_addresses, 1U);
  EXPECT_EQ(report->reports, 2U);
  EXPECT_EQ(report->transitions, 2U);
  EXPECT_EQ(report->faults[static_cast<std::size_t>(fleet::Fault::kAddressTaken)], 1U);
  EXPECT_EQ(report->faults[static_cast<std::size_t>(fleet::Fault::kSequenceBack)], 1U);
}

TEST_F(ControllerTest, ShowsThatItLivesThoughNothingHappens) {
  RunUntil(100);
  EXPECT_GE(controller_->status()->built, At(99));
}

TEST_F(ControllerTest, AnOrderIsPublishedAtOnceAndAllOrNothing) {
  Put(1, {Hello(1, 1, "web1", "192.0.2.1"), Hello(1, 2, "web2", "192.0.2.2")});
  const fleet::OrderChange drain{{fleet::Order::Kind::kDrain, "new disk", std::nullopt}, {}};
  EXPECT_TRUE(absl::IsNotFound(controller_->SetOrder({"web1", "db*"}, drain, At(1.1)).status()));
  EXPECT_EQ(TierOf(0), Tier::kUsable);
  const auto names = controller_->SetOrder({"web1", "web?"}, drain, At(1.1));
  ASSERT_TRUE(names.ok());
  EXPECT_THAT(*names, ElementsAre("web1", "web2"));  // each once
  EXPECT_EQ(TierOf(0), Tier::kExcluded);
  EXPECT_EQ(TierOf(1), Tier::kExcluded);
  EXPECT_EQ(controller_->status()->nodes[0].order, drain.order);
}

TEST_F(ControllerTest, WhatIsTakenBackIsOfItsOwnKindAlone) {
  Put(1, {Hello(1, 1, "web1", "192.0.2.1"), Hello(1, 2, "web2", "192.0.2.2")});
  using Kind = fleet::Order::Kind;
  ASSERT_TRUE(controller_->SetOrder({"web1"}, {{Kind::kDrain, "", {}}, {}}, At(1)).ok());
  ASSERT_TRUE(controller_->SetOrder({"web2"}, {{Kind::kDisable, "", {}}, {}}, At(1)).ok());
  const auto undrained = controller_->SetOrder({"web*"}, {{}, Kind::kDrain}, At(2));
  ASSERT_TRUE(undrained.ok());
  EXPECT_THAT(*undrained, ElementsAre("web1"));
  EXPECT_EQ(TierOf(0), Tier::kUsable);
  EXPECT_EQ(TierOf(1), Tier::kExcluded);
}

TEST_F(ControllerTest, OrdersAndTransitionsAreToldInTheirOrder) {
  using Kind = fleet::Order::Kind;
  Put(0.5, {Hello(0.5, 1, "a", "192.0.2.1")});
  const fleet::Order::End end{At(50), WallTime(seconds(86400))};
  ASSERT_TRUE(controller_->SetOrder({"a"}, {{Kind::kDrain, "new disk", end}, {}}, At(1)).ok());
  ASSERT_TRUE(controller_->SetOrder({"a"}, {{}, Kind::kDrain}, At(1.1)).ok());
  const auto told = Told();
  ASSERT_THAT(told, SizeIs(5));
  EXPECT_THAT(told[0], ::testing::StartsWith("a: unknown -> alive: "));
  EXPECT_EQ(told[1], "a: drain until 1970-01-02T00:00:00Z: new disk");
  EXPECT_THAT(told[2], ::testing::StartsWith("a: alive -> draining: "));
  EXPECT_EQ(told[3], "a: drain taken back");
  EXPECT_THAT(told[4], ::testing::StartsWith("a: draining -> "));
  EXPECT_EQ(events_.Since(0).events[2].gravity, Event::Gravity::kWarning);
  EXPECT_EQ(events_.Since(0).events[2].state, "draining");
}

TEST_F(ControllerTest, AnOrderForASiteIsLaidOverTheHosting) {
  using Kind = fleet::Order::Kind;
  const auto site = *wire::Name::Parse("www.example");
  const auto hosts = [&] { return View()->hosting->Find(site.Hash(), site.wire()); };
  Put(0.5, {Hello(0.5, 1, "a", "192.0.2.1")});
  const fleet::Order::End end{At(3), WallTime(seconds(3))};
  const std::vector<SiteKey> at_a{{"www.example.", "a"}};
  const std::vector<SiteKey> whole{{"www.example.", ""}};
  EXPECT_THAT(controller_->SetSiteOrders(at_a, {{Kind::kDrain, "new disk", end}, {}}, At(1)),
              SizeIs(1));
  ASSERT_THAT(hosts(), SizeIs(1));
  EXPECT_FALSE(hosts()[0].answers());
  EXPECT_THAT(controller_->SetSiteOrders(whole, {{Kind::kDisable, "", {}}, {}}, At(1)), SizeIs(1));
  ASSERT_THAT(hosts(), SizeIs(2));
  EXPECT_EQ(hosts()[1].node, answer::kEveryNode);
  EXPECT_THAT(controller_->status()->site_orders, SizeIs(2));
  EXPECT_THAT(controller_->SetSiteOrders(whole, {{}, Kind::kDrain}, At(1)), IsEmpty());
  EXPECT_THAT(controller_->SetSiteOrders(whole, {{}, Kind::kDisable}, At(1)), SizeIs(1));
  RunUntil(2.9);
  EXPECT_THAT(hosts(), SizeIs(1));
  RunUntil(3.1);
  EXPECT_THAT(hosts(), IsEmpty());
  std::vector<std::string> told;
  for (const Event& event : events_.Since(0).events) {
    if (!event.site.empty()) told.push_back(event.node + ": " + event.text);
  }
  EXPECT_THAT(told, ElementsAre("a: drain until 1970-01-01T00:00:03Z: new disk", ": disable",
                                ": disable taken back", "a: drain is over"));
}

TEST_F(ControllerTest, AnOrderForASiteWaitsForANodeThatIsNotThereYet) {
  const auto site = *wire::Name::Parse("www.example");
  controller_->SetSiteOrders({{"www.example.", "a"}}, {{fleet::Order::Kind::kDrain, "", {}}, {}},
                             At(0.5));
  EXPECT_THAT(View()->hosting->Find(site.Hash(), site.wire()), IsEmpty());
  Put(1, {Hello(1, 1, "a", "192.0.2.1")});
  EXPECT_THAT(View()->hosting->Find(site.Hash(), site.wire()), SizeIs(1));
}

TEST_F(ControllerTest, ARestartKnowsTheOrdersForSites) {
  using Kind = fleet::Order::Kind;
  const StateFolder dir;
  {
    const auto store = StateStore::Open(dir.path());
    ASSERT_TRUE(store.ok());
    Begin(store->get());
    const fleet::Order::End end{At(100), WallTime(seconds(100))};
    controller_->SetSiteOrders({{"www.example.", ""}}, {{Kind::kDrain, "moved", end}, {}}, At(1));
  }
  const auto store = StateStore::Open(dir.path());
  ASSERT_TRUE(store.ok());
  Begin(store->get());
  const auto orders = controller_->status()->site_orders;
  ASSERT_THAT(orders, SizeIs(1));
  EXPECT_EQ(orders[0].key.ToString(), "www.example.");
  EXPECT_EQ(orders[0].order.reason, "moved");
  EXPECT_EQ(orders[0].order.end->at, At(100));  // the wall clock began with the monotonic one
}

TEST_F(ControllerTest, ARestoredOrderEndsByTheWallClock) {
  const StateFolder dir;
  {
    const auto store = StateStore::Open(dir.path());
    ASSERT_TRUE(store.ok());
    Begin(store->get());
    Put(1, {Hello(1, 1, "a", "192.0.2.1")});
    const fleet::Order::End end{At(100), WallTime(seconds(12))};
    ASSERT_TRUE(
        controller_->SetOrder({"a"}, {{fleet::Order::Kind::kDisable, "", end}, {}}, At(1)).ok());
  }
  const auto store = StateStore::Open(dir.path());
  ASSERT_TRUE(store.ok());
  Begin(store->get());  // its wall clock is at 0
  RunUntil(5);
  EXPECT_EQ(controller_->status()->nodes[0].state, NodeState::kDisabled);
  RunUntil(12);
  EXPECT_NE(controller_->status()->nodes[0].state, NodeState::kDisabled);
}

// The first answer after a restart goes by where the nodes were.
TEST_F(ControllerTest, APlaceOutlivesARestart) {
  const StateFolder dir;
  {
    const auto store = StateStore::Open(dir.path());
    ASSERT_TRUE(store.ok());
    Begin(store->get());
    fleet::Event hello = Hello(1, 1, "a", "192.0.2.1");
    std::get<fleet::Hello>(hello.what).place = {.region = "eu", .asn = 64500};
    Put(1, {hello});
    controller_->Save(At(1));
  }
  const auto store = StateStore::Open(dir.path());
  ASSERT_TRUE(store.ok());
  Begin(store->get());
  ASSERT_EQ(View()->places->size(), 1U);
  EXPECT_EQ(View()->places->at(0).place, (fleet::Place{.region = "eu", .asn = 64500}));
}

// What an order hides is stored beside it: a dead node is dead when the order ends.
TEST_F(ControllerTest, ARestartKnowsWhatAnOrderHides) {
  const StateFolder dir;
  {
    const auto store = StateStore::Open(dir.path());
    ASSERT_TRUE(store.ok());
    Begin(store->get());
    Put(1, {Hello(1, 1, "a", "192.0.2.1")});
    RunUntil(5);
    ASSERT_EQ(controller_->status()->nodes[0].state, NodeState::kDead);
    ASSERT_TRUE(
        controller_->SetOrder({"a"}, {{fleet::Order::Kind::kDisable, "", {}}, {}}, At(5)).ok());
  }
  const auto store = StateStore::Open(dir.path());
  ASSERT_TRUE(store.ok());
  Begin(store->get());
  EXPECT_EQ(controller_->status()->nodes[0].state, NodeState::kDisabled);
  ASSERT_TRUE(controller_->SetOrder({"a"}, {{}, fleet::Order::Kind::kDisable}, At(1)).ok());
  EXPECT_EQ(controller_->status()->nodes[0].state, NodeState::kDead);
}

TEST_F(ControllerTest, ARestartAnswersFromWhatWasStored) {
  const StateFolder dir;
  auto site = fleet::SiteReport{*wire::Name::Parse("s.example"), 1, 0, true, true};
  {
    const auto store = StateStore::Open(dir.path());
    ASSERT_TRUE(store.ok());
    Begin(store->get());
    auto a = Hello(1, 1, "a", "192.0.2.1", {.cpu_utilization = 0.9});
    std::get<fleet::Hello>(a.what).state.hosting = {fleet::HostingKind::kFull, {site}, {}};
    Put(1, {a, Hello(1, 2, "b", "192.0.2.2", {.cpu_utilization = 0.1}),
            Hello(1, 3, "gone", "192.0.2.3")});
    Put(2, {Beat(2, 1, 2, {.cpu_utilization = 0.9}), Beat(2, 2, 2, {.cpu_utilization = 0.1})});
    Put(3, {Beat(3, 1, 3, {.cpu_utilization = 0.9}), Beat(3, 2, 3, {.cpu_utilization = 0.1})});
    Put(4, {Beat(4, 1, 4, {.cpu_utilization = 0.9}), Beat(4, 2, 4, {.cpu_utilization = 0.1})});
    ASSERT_EQ(TierOf(2), Tier::kExcluded);
    controller_->Save(At(4));
  }
  const auto store = StateStore::Open(dir.path());
  ASSERT_TRUE(store.ok());
  Begin(store->get());
  ASSERT_THAT(View()->nodes, SizeIs(3));
  EXPECT_THAT(View()->node_of, ElementsAre(0U, 1U));
  EXPECT_EQ(TierOf(0), Tier::kUsable);
  EXPECT_EQ(TierOf(2), Tier::kExcluded);
  EXPECT_GT(View()->nodes[0].cost, 3 * View()->nodes[1].cost);
  EXPECT_TRUE(View()->nodes[0].declares_hosting);
  EXPECT_THAT(View()->hosting->Find(site.name.Hash(), site.name.wire()), SizeIs(1));
  RunUntil(9.9);
  EXPECT_EQ(TierOf(0), Tier::kUsable);
  RunUntil(10);
  EXPECT_EQ(TierOf(0), Tier::kExcluded);
}

}  // namespace
}  // namespace dnsd::server
