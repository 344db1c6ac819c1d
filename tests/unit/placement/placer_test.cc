#include "dnsd/placement/placer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnsd/base/address_table.h"

namespace dnsd::placement {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using Kind = Action::Kind;
using Phase = Action::Phase;
using TaskPhase = fleet::TaskReport::Phase;

const MonotonicTime kStart = MonotonicTime(seconds(1000));
constexpr const char* kSite = "www.example.";

// Four nodes of one CPU; www.example. is hosted by the first two, the first being its home, and may
// be anywhere.
class PlacerTest : public ::testing::Test {
 protected:
  PlacerTest() {
    settings_.mode = Mode::kAuto;
    settings_.rules.hold = seconds(60);
    settings_.rules.contract = policy::PlacementRules::Contract::kEager;
    Remake({});
    for (int i = 0; i < 4; ++i) {
      hosts_.push_back(i < 2);
      Greet(i);
    }
  }

  void Remake(StoredPlacement stored) {
    placer_ = std::make_unique<Placer>(
        settings_, std::move(stored), [this](const std::string& site) { return PoolOf(site); },
        now_);
  }
  PoolNodes PoolOf(const std::string& site) const {
    if (site != kSite) return nullptr;
    return std::make_shared<const std::vector<fleet::NodeIndex>>(pool_);
  }
  static std::string NameOf(int node) { return "web" + std::to_string(node + 1); }
  fleet::Heartbeat BeatOf(int node) {
    fleet::Heartbeat beat{.sequence = ++sequence_};
    beat.load.cpus = 1;
    beat.load.cpu_utilization = loads_[static_cast<std::size_t>(node)];
    beat.hosting.kind = fleet::HostingKind::kFull;
    if (hosts_[static_cast<std::size_t>(node)]) {
      const bool ready = !unready_.contains(node) && !Leaves(node);
      beat.hosting.sites.push_back({*wire::Name::Parse(kSite),
                                    versions_[static_cast<std::size_t>(node)], 1000, ready, true,
                                    node == 0});
      const double rps = rates_[static_cast<std::size_t>(node)];
      beat.demand = {true, {{*wire::Name::Parse(kSite), rps, 0, 0}}};
    }
    beat.tasks = reports_[node];
    for (const fleet::Task& task : TasksOf(node)) {
      if (task.held) beat.tasks.push_back({.id = task.id, .phase = TaskPhase::kWaiting});
    }
    beat.storage = fleet::Storage{.takes_replicas = true, .evicts = evicts_};
    beat.names_decider = !named_elsewhere_.contains(node);
    return beat;
  }
  // A node tells what it is to withdraw, held or not, as not ready.
  bool Leaves(int node) {
    return std::ranges::any_of(TasksOf(node), [](const fleet::Task& task) {
      return task.kind == fleet::Task::Kind::kWithdraw;
    });
  }
  bool Holds(int node) {
    return std::ranges::any_of(TasksOf(node), [](const fleet::Task& task) { return task.held; });
  }
  void Greet(int node) {
    fleet_->Apply({++stream_, now_,
                   fleet::Hello{.node = NameOf(node),
                                .interval = seconds(1),
                                .boot_id = stream_,
                                .state = BeatOf(node)}});
    streams_[node] = stream_;
  }
  // A second: every node that is up reports, and the placer has its turn.
  void Pass(int times = 1) {
    for (int i = 0; i < times; ++i) {
      now_ += seconds(1);
      for (int node = 0; node < 4; ++node) {
        if (!down_.contains(node)) fleet_->Apply({streams_[node], now_, BeatOf(node)});
      }
      fleet_->Advance(now_);
      Turn();
    }
  }
  void Turn() {
    const auto hosting = fleet_->hosting();
    placer_->Step({*fleet_, *hosting, now_, WallTime{}, is_out_}, answered_);
    for (auto& [stream, tasks] : placer_->TakeDirectives()) told_[stream] = tasks;
    for (Action& note : placer_->TakeNotes()) notes_.push_back(note);
    while (auto changes = placer_->TakeUnstored()) {
      if (stores_) placer_->Stored(changes->sequence);
      unstored_.push_back(*changes);
    }
  }
  template <typename Call>
  auto Ask(Call call) {
    const auto hosting = fleet_->hosting();
    return call(World{*fleet_, *hosting, now_, WallTime{}, is_out_});
  }
  std::vector<fleet::Task> TasksOf(int node) { return told_[streams_[node]].tasks; }
  std::vector<std::string> MayDrop(int node) { return told_[streams_[node]].may_drop; }
  // The node has carried out all it was told.
  void Obey(int node) {
    reports_[node].clear();
    for (const fleet::Task& task : TasksOf(node)) {
      if (task.held) continue;
      hosts_[static_cast<std::size_t>(node)] = task.kind != fleet::Task::Kind::kWithdraw;
      reports_[node].push_back({.id = task.id, .phase = TaskPhase::kDone, .attempts = 1});
    }
  }
  bool Withdraws(int node) {
    return std::ranges::any_of(TasksOf(node), [](const fleet::Task& task) {
      return task.kind == fleet::Task::Kind::kWithdraw && !task.held;
    });
  }
  void Crowd() {
    loads_ = {0.95, 0.95, 0, 0};
    rates_ = {95, 95, 0, 0};  // 0.01 CPU a request
  }

  MonotonicTime now_ = kStart;
  AddressTable addresses_;
  std::unique_ptr<fleet::Fleet> fleet_ =
      std::make_unique<fleet::Fleet>(fleet::FleetOptions{}, addresses_, kStart);
  Settings settings_;
  std::unique_ptr<Placer> placer_;
  std::vector<fleet::NodeIndex> pool_{0, 1, 2, 3};
  std::vector<bool> hosts_;
  std::set<int> unready_, down_;
  std::vector<double> loads_{0.1, 0.1, 0, 0}, rates_{10, 10, 0, 0};
  std::vector<std::uint64_t> versions_{0, 0, 0, 0};
  std::map<int, std::vector<fleet::TaskReport>> reports_;
  std::map<int, fleet::StreamId> streams_;
  std::map<fleet::StreamId, fleet::Tasks> told_;
  std::set<int> named_elsewhere_;  // nodes that name another dnsd as their decider
  bool evicts_ = false;
  std::vector<Action> notes_;
  std::vector<Unstored> unstored_;
  bool stores_ = true;
  std::function<bool(const std::string&, const std::string&)> is_out_;
  std::vector<SiteDemands::Answered> answered_;
  fleet::StreamId stream_ = 0;
  std::uint64_t sequence_ = 0;
};

TEST_F(PlacerTest, ACalmSiteIsLeftAlone) {
  Pass(30);
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(PlacerTest, ACrowdedSiteIsMadeOnFurtherNodes) {
  Pass(6);
  Crowd();
  Pass(10);
  ASSERT_FALSE(TasksOf(2).empty());
  const fleet::Task task = TasksOf(2)[0];
  EXPECT_EQ(task.kind, fleet::Task::Kind::kInstantiate);
  EXPECT_EQ(task.site, kSite);
  ASSERT_FALSE(task.sources.empty());
  EXPECT_EQ(task.bytes, 1000U);
  Obey(2);
  Obey(3);
  Pass(2);
  EXPECT_EQ(notes_.back().phase, Phase::kDone);
  EXPECT_THAT(TasksOf(2), IsEmpty());
  EXPECT_THAT(placer_->Report().in_hand, IsEmpty());
}

TEST_F(PlacerTest, AReplicaThatWasMadeBetweenTwoRoundsIsHeld) {
  ASSERT_TRUE(*Ask([&](const World& world) { return placer_->Pin(world, kSite, "web2", true); }));
  Pass(6);
  ASSERT_TRUE(
      Ask([&](const World& world) { return placer_->Expand(world, kSite, "web3", ""); }).ok());
  Pass(2);
  Obey(2);
  Pass(1);
  ASSERT_EQ(notes_.back().phase, Phase::kDone);
  Pass(55);
  EXPECT_EQ(notes_.back().kind, Kind::kExpand);
  Pass(15);
  EXPECT_EQ(notes_.back().kind, Kind::kContract);
}

TEST_F(PlacerTest, AReplicaThatNobodyAsksIsKeptWhileTheOthersAreCrowded) {
  hosts_[2] = true;
  Pass(6);
  Crowd();
  Pass(100);
  for (const Action& note : notes_)
    EXPECT_NE(note.node + " " + placement::NameOf(note.kind), "web3 contract");
}

TEST_F(PlacerTest, NothingIsToldBeforeItIsOnDisk) {
  stores_ = false;
  Pass(6);
  Crowd();
  Pass(10);
  EXPECT_FALSE(notes_.empty());
  EXPECT_THAT(TasksOf(2), IsEmpty());
  EXPECT_THAT(TasksOf(3), IsEmpty());
  placer_->Stored(unstored_.back().sequence);
  Turn();
  EXPECT_FALSE(TasksOf(2).empty() && TasksOf(3).empty());
}

TEST_F(PlacerTest, WithoutAccessLogsTheAnswersTellOfACrowd) {
  rates_ = {0, 0, 0, 0};
  Pass(6);
  EXPECT_THAT(notes_, IsEmpty());
  answered_ = {{kSite, 1.9}};
  loads_ = {0.95, 0.95, 0, 0};
  Pass(10);
  ASSERT_FALSE(notes_.empty());
  EXPECT_EQ(notes_[0].kind, Kind::kExpand);
}

TEST_F(PlacerTest, PlanningAloneTellsNobodyAnything) {
  settings_.mode = Mode::kPlan;
  placer_->SetSettings(settings_);
  Pass(6);
  Crowd();
  Pass(10);
  EXPECT_THAT(notes_, IsEmpty());
  const std::vector<Proposal> plan = placer_->Report().plan;
  ASSERT_FALSE(plan.empty());
  EXPECT_EQ(plan[0].kind, Kind::kExpand);
  EXPECT_EQ(plan[0].reason, "demand");
  EXPECT_FALSE(plan[0].why.empty());
  const auto begun = Ask([&](const World& world) { return placer_->Apply(world); });
  EXPECT_THAT(begun, SizeIs(plan.size()));
  EXPECT_TRUE(begun[0].by_hand);
  Turn();  // to be written
  Turn();  // and told
  EXPECT_FALSE(TasksOf(2).empty() && TasksOf(3).empty());
}

TEST_F(PlacerTest, ApplyingAPlanTakesAContractionBackRatherThanMakeAnother) {
  settings_.mode = Mode::kPlan;
  settings_.grace = seconds(3600);
  placer_->SetSettings(settings_);
  hosts_[2] = true;
  Pass(6);
  ASSERT_TRUE(
      Ask([&](const World& world) { return placer_->Contract(world, kSite, "web3", ""); }).ok());
  Crowd();
  Pass(10);
  const std::vector<Proposal> plan = placer_->Report().plan;
  ASSERT_THAT(plan, SizeIs(1));
  EXPECT_EQ(plan[0].node, "web4");
  EXPECT_THAT(Ask([&](const World& world) { return placer_->Apply(world); }), IsEmpty());
  Turn();
  EXPECT_EQ(notes_.back().node, "web3");
  EXPECT_EQ(notes_.back().phase, Phase::kUndone);
}

TEST_F(PlacerTest, AReplicaOfADeadNodeIsMadeElsewhereAfterTheGrace) {
  Pass(6);
  down_ = {1};
  Pass(60);
  EXPECT_THAT(notes_, IsEmpty());
  Pass(12);
  ASSERT_FALSE(notes_.empty());
  EXPECT_EQ(notes_[0].kind, Kind::kExpand);
  EXPECT_THAT(notes_[0].sources, ElementsAre("web1"));
}

TEST_F(PlacerTest, AnIdleReplicaIsWithdrawnAfterItsHoldAndTheGraceOfAnswers) {
  hosts_[2] = true;
  unready_ = {2};
  Pass(6);
  unready_ = {};
  Pass(50);
  EXPECT_THAT(notes_, IsEmpty());  // held
  Pass(30);
  ASSERT_FALSE(notes_.empty());
  EXPECT_EQ(notes_[0].kind, Kind::kContract);
  EXPECT_EQ(notes_[0].phase, Phase::kLeaving);
  const std::string node = notes_[0].node;
  EXPECT_NE(node, "web1");  // the home
  EXPECT_THAT(placer_->withheld(), SizeIs(1));
  const int index = node.back() - '1';
  Pass(2);
  ASSERT_THAT(TasksOf(index), SizeIs(1));
  EXPECT_EQ(TasksOf(index)[0].kind, fleet::Task::Kind::kWithdraw);
  EXPECT_TRUE(TasksOf(index)[0].held);
  Pass(34);
  EXPECT_FALSE(TasksOf(index)[0].held);
  Obey(index);
  Pass(2);
  EXPECT_EQ(notes_.back().phase, Phase::kDone);
  EXPECT_THAT(placer_->withheld(), IsEmpty());
}

TEST_F(PlacerTest, WhatIsBeingWithdrawnComesBackWhenTooFewAreLeft) {
  hosts_[2] = true;
  Pass(70);
  ASSERT_FALSE(notes_.empty());
  ASSERT_EQ(notes_.back().phase, Phase::kLeaving);
  const int going = notes_.back().node.back() - '1';
  unready_ = {going == 1 ? 2 : 1};
  Pass(1);
  EXPECT_EQ(notes_.back().phase, Phase::kUndone);
  EXPECT_THAT(placer_->withheld(), IsEmpty());
}

TEST_F(PlacerTest, AReporterThatComesAnewIsToldItsTasksAgain) {
  ASSERT_TRUE(Ask([&](const World& world) {
                return placer_->Expand(world, kSite, "web3", "a crowd is coming");
              }).ok());
  Turn();  // to be written
  Turn();  // and told
  ASSERT_THAT(TasksOf(2), SizeIs(1));
  const std::uint64_t id = TasksOf(2)[0].id;
  Greet(2);
  Turn();
  ASSERT_THAT(TasksOf(2), SizeIs(1));
  EXPECT_EQ(TasksOf(2)[0].id, id);
}

TEST_F(PlacerTest, AfterARestartWhatWasUnderWayIsToldWithItsOldId) {
  Action under_way{.id = 9, .kind = Kind::kExpand, .site = kSite, .node = "web3"};
  under_way.sources = {"web1"};
  Remake({.unfinished = {under_way}, .last_id = 12});
  Turn();
  ASSERT_THAT(TasksOf(2), SizeIs(1));
  EXPECT_EQ(TasksOf(2)[0].id, 9U);
  const auto next =
      Ask([&](const World& world) { return placer_->Expand(world, kSite, "web4", ""); });
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->id, 13U);
}

TEST_F(PlacerTest, AfterARestartWhatWasWithdrawnIsNotNamedUntilItsNodeSpeaks) {
  // As stored: the hosting is older than the contraction.
  fleet_ = std::make_unique<fleet::Fleet>(fleet::FleetOptions{}, addresses_, now_);
  fleet_->Restore({.name = "web3", .state = fleet::NodeState::kAlive, .declares_hosting = true});
  const Action gone{
      .id = 9, .kind = Kind::kContract, .phase = Phase::kDone, .site = kSite, .node = "web3"};
  Remake({.last_id = 9, .contracted = {gone}});
  Turn();
  EXPECT_THAT(placer_->withheld(), ElementsAre(Pair(kSite, 0)));
  Greet(2);
  Turn();
  EXPECT_THAT(placer_->withheld(), IsEmpty());
}

TEST_F(PlacerTest, OrdersThatCannotBeAreRefusedWithTheReason) {
  const auto expand = [this](const char* site, const char* node) {
    return Message(
        Ask([&](const World& world) { return placer_->Expand(world, site, node, ""); }).status());
  };
  const auto contract = [this](const char* site, const char* node) {
    return Message(
        Ask([&](const World& world) { return placer_->Contract(world, site, node, ""); }).status());
  };
  EXPECT_EQ(expand("shop.example", "web3"), "no zone has a pool for shop.example.; wanted a site");
  EXPECT_EQ(expand("www.example", "web9"), "no node is named 'web9'");
  EXPECT_EQ(expand("www.example", "web1"), "node web1 hosts www.example.");
  pool_ = {0, 1};
  EXPECT_THAT(expand("www.example", "web3"), HasSubstr("no address in the pool"));
  EXPECT_EQ(contract("www.example", "web3"), "node web3 does not host www.example. by name");
  EXPECT_THAT(contract("www.example", "web1"), HasSubstr("is the home"));
  EXPECT_EQ(contract("www.example", "web2"),
            "1 other replicas of www.example. are ready, wanted 2 (`least`): expand it elsewhere "
            "first");
}

TEST_F(PlacerTest, APinnedReplicaIsNotWithdrawnAndAFrozenSiteIsNotTouched) {
  hosts_[2] = true;
  for (const char* node : {"web2", "web3"}) {
    EXPECT_EQ(*Ask([&](const World& world) { return placer_->Pin(world, kSite, node, true); }),
              true);
  }
  Pass(100);
  EXPECT_THAT(notes_, IsEmpty());
  ASSERT_TRUE(unstored_[0].marks);
  EXPECT_THAT(unstored_[0].marks->pinned, ElementsAre(Pair(kSite, "web2"), Pair(kSite, "web3")));
  EXPECT_EQ(*Ask([&](const World& world) { return placer_->Freeze(world, kSite, true); }), true);
  EXPECT_EQ(*Ask([&](const World& world) { return placer_->Pin(world, kSite, "web2", false); }),
            true);
  Pass(100);
  EXPECT_THAT(notes_, IsEmpty());
  EXPECT_EQ(*Ask([&](const World& world) { return placer_->Freeze(world, kSite, false); }), true);
  Pass(10);
  EXPECT_THAT(notes_, SizeIs(1));
}

TEST_F(PlacerTest, ReplicasBehindTheirHomeAreUpdated) {
  versions_ = {2, 1, 0, 0};
  Pass(6);
  ASSERT_THAT(TasksOf(1), SizeIs(1));
  EXPECT_EQ(TasksOf(1)[0].content_version, 2U);
  EXPECT_EQ(TasksOf(1)[0].sources[0].node, "web1");
  Obey(1);
  versions_ = {2, 2, 0, 0};
  Pass(1);
  EXPECT_EQ(notes_.back().kind, Kind::kUpdate);
  EXPECT_EQ(notes_.back().phase, Phase::kDone);
}

TEST_F(PlacerTest, ReplicasAreLookedOverInTurnAndMadeAnewWhereTheyAreNotWhole) {
  settings_.verify_every = seconds(20);
  placer_->SetSettings(settings_);
  hosts_[2] = true;
  settings_.site.least = 3;
  placer_->SetSettings(settings_);
  versions_ = {2, 2, 2, 0};
  Pass(25);
  ASSERT_THAT(notes_, SizeIs(1));  // one of a site at a time
  EXPECT_EQ(notes_[0].kind, Kind::kVerify);
  const int node = notes_[0].node.back() - '1';
  ASSERT_THAT(TasksOf(node), SizeIs(1));
  EXPECT_EQ(TasksOf(node)[0].kind, fleet::Task::Kind::kVerify);
  EXPECT_EQ(TasksOf(node)[0].content_version, 2U);  // its home's, to be judged by
  unready_ = {node};
  reports_[node] = {{.id = TasksOf(node)[0].id, .phase = TaskPhase::kFailed, .detail = "differs"}};
  Pass(12);
  ASSERT_FALSE(TasksOf(node).empty());
  EXPECT_EQ(TasksOf(node)[0].kind, fleet::Task::Kind::kInstantiate);
}

TEST_F(PlacerTest, WhereAnExpansionFailedItIsNotTriedAgainAtOnce) {
  Pass(6);
  Crowd();
  Pass(10);
  std::set<int> told;
  for (const int node : {2, 3}) {
    for (const fleet::Task& task : TasksOf(node)) {
      told.insert(node);
      reports_[node] = {{.id = task.id, .phase = TaskPhase::kFailed, .attempts = 3, .detail = "x"}};
    }
  }
  ASSERT_FALSE(told.empty());
  Pass(1);
  EXPECT_EQ(notes_.back().phase, Phase::kFailed);
  const std::size_t before = notes_.size();
  loads_ = {0.1, 0.1, 0, 0};
  rates_ = {10, 10, 0, 0};
  Pass(20);
  for (std::size_t i = before; i < notes_.size(); ++i) {
    EXPECT_FALSE(told.contains(notes_[i].node.back() - '1')) << notes_[i].node;
  }
}

TEST_F(PlacerTest, AfterTheHomesDeathReplicasAreMadeOfWhatTheOthersHave) {
  versions_ = {6, 6, 0, 0};
  Pass(6);
  down_ = {0};
  versions_[1] = 5;
  Pass(75);
  ASSERT_FALSE(notes_.empty());
  EXPECT_EQ(notes_[0].kind, Kind::kExpand);
  EXPECT_EQ(notes_[0].content_version, 0U);
  EXPECT_THAT(notes_[0].sources, ElementsAre("web2"));
}

TEST_F(PlacerTest, UpdatesComeOneAtATimeAndOnlyWhileTheHomeServes) {
  hosts_[2] = hosts_[3] = true;
  versions_ = {2, 1, 1, 1};
  Pass(20);
  EXPECT_THAT(notes_, SizeIs(1));
  EXPECT_EQ(notes_[0].kind, Kind::kUpdate);
}

TEST_F(PlacerTest, ANodeThatIsDrainedAtTheSiteIsNoOther) {
  hosts_[2] = true;
  Pass(1);
  is_out_ = [](const std::string&, const std::string& node) { return node == "web1"; };
  const auto refused =
      Ask([&](const World& world) { return placer_->Contract(world, kSite, "web3", ""); });
  EXPECT_THAT(Message(refused.status()), HasSubstr("1 other replicas"));
}

TEST_F(PlacerTest, ReplicasBehindAnswerWhereTheHomeIsDrainedAtTheSite) {
  settings_.site.consistency = Consistency::kCurrent;
  settings_.updates = false;
  placer_->SetSettings(settings_);
  versions_ = {2, 1, 0, 0};
  Pass(2);
  EXPECT_THAT(placer_->withheld(), ElementsAre(Pair(kSite, 1)));
  is_out_ = [](const std::string&, const std::string& node) { return node == "web1"; };
  Pass(1);
  EXPECT_THAT(placer_->withheld(), IsEmpty());
}

TEST_F(PlacerTest, WithoutDecisionsWhatWasDecidedIsTakenBack) {
  hosts_[2] = true;
  Pass(70);
  ASSERT_EQ(notes_.back().phase, Phase::kLeaving);
  settings_.mode = Mode::kPlan;
  placer_->SetSettings(settings_);
  Pass(1);
  EXPECT_EQ(notes_.back().phase, Phase::kUndone);
}

TEST_F(PlacerTest, WhereMostNodesNameAnotherNothingIsDecided) {
  named_elsewhere_ = {2, 3};
  Pass(6);
  Crowd();
  Pass(10);
  EXPECT_EQ(placer_->Report().lead, (Lead{.nodes = 4, .named = 2}));
  EXPECT_THAT(notes_, IsEmpty());
  EXPECT_TRUE(told_[streams_[2]].decides);  // it would
  named_elsewhere_ = {3};
  Pass(10);
  ASSERT_FALSE(notes_.empty());
  EXPECT_EQ(notes_[0].kind, Kind::kExpand);
}

TEST_F(PlacerTest, WhoDecidesNoMoreTakesBackWhatIsNotDroppedYet) {
  hosts_[2] = true;
  Pass(70);
  ASSERT_EQ(notes_.back().phase, Phase::kLeaving);
  const int going = notes_.back().node.back() - '1';
  Pass(2);
  ASSERT_TRUE(Holds(going));
  named_elsewhere_ = {0, 1, 2, 3};
  Pass(9);
  EXPECT_EQ(notes_.back().phase, Phase::kLeaving);  // they may only have been started anew
  Pass(3);
  EXPECT_EQ(notes_.back().phase, Phase::kUndone);
  EXPECT_EQ(notes_.back().detail, "too few nodes name this dnsd as the one that decides");
  EXPECT_FALSE(Holds(going));
}

TEST_F(PlacerTest, WhatOthersMeanToWithdrawDoesNotCount) {
  hosts_[2] = true;
  Pass(70);
  ASSERT_EQ(notes_.back().phase, Phase::kLeaving);
  const int going = notes_.back().node.back() - '1';
  unready_ = {going == 1 ? 2 : 1};  // as another dnsd has its node tell
  Pass(40);
  EXPECT_EQ(notes_.back().phase, Phase::kUndone);
}

TEST_F(PlacerTest, NodesMayDropOnlyWhatASiteCanDoWithout) {
  evicts_ = true;
  settings_.rules.contract = policy::PlacementRules::Contract::kLazy;
  placer_->SetSettings(settings_);
  Pass(12);
  for (int i = 0; i < 4; ++i) EXPECT_THAT(MayDrop(i), IsEmpty()) << i;
  hosts_[2] = hosts_[3] = true;
  Pass(6);
  EXPECT_THAT(MayDrop(0), IsEmpty());  // the home
  EXPECT_EQ(MayDrop(1).size() + MayDrop(2).size() + MayDrop(3).size(), 2U);
  ASSERT_TRUE(*Ask([&](const World& world) { return placer_->Pin(world, kSite, "web2", true); }));
  Pass(6);
  EXPECT_THAT(MayDrop(1), IsEmpty());
  EXPECT_THAT(MayDrop(2), ElementsAre(kSite));
  EXPECT_THAT(MayDrop(3), ElementsAre(kSite));
  unready_ = {3};  // it is about to drop it
  Pass(6);
  EXPECT_THAT(MayDrop(2), ElementsAre(kSite));
  EXPECT_THAT(MayDrop(3), ElementsAre(kSite));
  down_ = {1};
  Pass(6);
  EXPECT_THAT(MayDrop(2), IsEmpty());
  EXPECT_THAT(MayDrop(3), ElementsAre(kSite));
  down_ = {1, 2};
  Pass(6);
  EXPECT_THAT(MayDrop(3), IsEmpty());  // it is to keep it
  settings_.mode = Mode::kPlan;
  down_ = unready_ = {};
  placer_->SetSettings(settings_);
  Pass(12);
  EXPECT_THAT(MayDrop(2), IsEmpty());
}

TEST_F(PlacerTest, NothingIsBegunWhileItCannotBeStored) {
  Pass(6);
  stores_ = false;
  ASSERT_TRUE(
      Ask([&](const World& world) { return placer_->Expand(world, kSite, "web4", ""); }).ok());
  Pass(4);
  const std::size_t before = notes_.size();
  Crowd();
  Pass(20);
  EXPECT_EQ(notes_.size(), before);
}

// Whatever befalls the nodes: while some node that has the site serves, one of those that may
// answer does; and a withdrawal is only begun where enough others are.
TEST_F(PlacerTest, SomebodyAlwaysAnswersAndTheLeastIsKept) {
  settings_.site.consistency = Consistency::kCurrent;
  settings_.grace = seconds(3);
  settings_.rules.hold = seconds(5);
  settings_.repair_after = seconds(5);
  std::uint32_t random = 12345;
  const auto roll = [&random](std::uint32_t most) {
    random = random * 1664525 + 1013904223;
    return static_cast<int>((random >> 8) % most);
  };
  placer_->SetSettings(settings_);
  for (int round = 0; round < 4000; ++round) {
    const int node = roll(4);
    switch (roll(8)) {
      case 0:
        down_.insert(node);
        break;
      case 1:
        if (down_.erase(node) > 0) Greet(node);
        break;
      case 2:
        Obey(node);
        break;
      case 3:
        ++versions_[0];
        break;
      case 4:
        versions_[static_cast<std::size_t>(node)] = versions_[0];
        break;
      case 5:
        roll(2) == 0 ? Crowd() : void(loads_ = rates_ = {0.05, 0.05, 0, 0});
        break;
      default:
        break;
    }
    std::map<int, bool> withdrew;
    for (int i = 0; i < 4; ++i) withdrew[i] = Withdraws(i);
    Pass(1);
    std::size_t serving = 0, answering = 0;
    for (fleet::NodeIndex i = 0; i < 4; ++i) {
      const int at = fleet_->nodes()[i].name.back() - '1';
      const bool has = hosts_[static_cast<std::size_t>(at)];
      if (!has || !Serves(fleet_->nodes()[i])) continue;  // as far as dnsd knows
      ++serving;
      if (!std::ranges::binary_search(placer_->withheld(),
                                      std::pair<std::string, fleet::NodeIndex>(kSite, i))) {
        ++answering;
      }
    }
    std::string what;
    for (const Action& a : placer_->Report().in_hand) {
      what += std::string(placement::NameOf(a.kind)) + " " + a.node + " " +
              placement::NameOf(a.phase) + "; ";
    }
    ASSERT_TRUE(serving == 0 || answering > 0) << "round " << round << ": " << what;
    for (int i = 0; i < 4; ++i) {
      if (!Withdraws(i) || withdrew[i]) continue;
      ASSERT_GE(answering, 2U) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace dnsd::placement
