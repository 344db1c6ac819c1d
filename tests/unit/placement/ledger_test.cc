#include "dnsd/placement/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dnsd::placement {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Action::Kind;
using Phase = Action::Phase;
using TaskPhase = fleet::TaskReport::Phase;

const MonotonicTime kStart = MonotonicTime(seconds(1000));
const LedgerLimits kLimits{.grace = seconds(30), .task = seconds(3600), .settle = seconds(120)};

MonotonicTime At(double s) { return kStart + FromSeconds(s); }

// A ledger with one action, seen as `sight_` says.
class LedgerTest : public ::testing::Test {
 protected:
  std::uint64_t Begin(Kind kind, const std::string& node = "web3", std::uint64_t version = 0) {
    Action action{.kind = kind, .site = "www.example.", .node = node};
    action.content_version = version;
    return ledger_.Begin(action, At(0), WallTime{}).id;
  }
  void Judge(double s) {
    ledger_.Judge([this](const Action&) { return sight_; }, kLimits, At(s), WallTime{});
  }
  void JudgeWith(double s, std::uint64_t id, TaskPhase phase, const std::string& detail = "") {
    report_ = {.id = id, .phase = phase, .attempts = 1, .detail = detail};
    sight_.report = &report_;
    Judge(s);
    sight_.report = nullptr;
  }
  // The node says that its withdrawal waits.
  void JudgeWaiting(double s) { JudgeWith(s, 42, TaskPhase::kWaiting); }
  bool Holds(const std::string& node) { return ledger_.Tasks()[node].at(0).held; }
  // Phases of the actions that have changed.
  std::vector<Phase> Changes() {
    std::vector<Phase> phases;
    if (const auto changes = ledger_.TakeChanges()) {
      last_ = *changes;
      for (const Action& action : changes->actions) phases.push_back(action.phase);
    }
    return phases;
  }
  // All that has changed is on disk.
  void Store() {
    Changes();
    ledger_.Stored(last_.sequence);
  }
  std::vector<std::uint64_t> TasksOf(const std::string& node) {
    std::vector<std::uint64_t> ids;
    const auto tasks = ledger_.Tasks();
    const auto own = tasks.find(node);
    if (own == tasks.end()) return ids;
    for (const Ledger::Told& told : own->second) ids.push_back(told.action->id);
    return ids;
  }

  Ledger ledger_{{}, 41, kStart};
  Sight sight_{.others = 2, .least = 2};
  fleet::TaskReport report_;
  Ledger::Changes last_;
};

TEST_F(LedgerTest, GivesIdsAfterTheLastThatThereEverWas) {
  EXPECT_EQ(Begin(Kind::kExpand, "web1"), 42U);
  EXPECT_EQ(Begin(Kind::kExpand, "web2"), 43U);
}

TEST_F(LedgerTest, AnExpansionIsCarriedOutOnceItIsOnDisk) {
  const std::uint64_t id = Begin(Kind::kExpand);
  EXPECT_THAT(TasksOf("web3"), IsEmpty());
  EXPECT_THAT(Changes(), ElementsAre(Phase::kWorking));
  EXPECT_THAT(TasksOf("web3"), IsEmpty());
  ledger_.Stored(last_.sequence - 1);
  EXPECT_THAT(TasksOf("web3"), IsEmpty());
  ledger_.Stored(last_.sequence);
  EXPECT_THAT(TasksOf("web3"), ElementsAre(id));
  EXPECT_THAT(TasksOf("web1"), IsEmpty());
}

TEST_F(LedgerTest, AnExpansionIsDoneWhenTheNodeSaysThatTheSiteIsReady) {
  const std::uint64_t id = Begin(Kind::kExpand);
  Store();
  JudgeWith(1, id, TaskPhase::kRunning, "10 %");
  EXPECT_EQ(ledger_.Find("www.example.", "web3")->detail, "running: 10 %");
  JudgeWith(2, id, TaskPhase::kDone);  // the hook says so, the node does not
  EXPECT_THAT(Changes(), IsEmpty());
  sight_.hosts = true;
  JudgeWith(3, id, TaskPhase::kDone);  // not ready yet
  EXPECT_THAT(Changes(), IsEmpty());
  sight_.answers = true;
  JudgeWith(4, id, TaskPhase::kDone);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kDone));
  EXPECT_EQ(ledger_.Find("www.example.", "web3"), nullptr);
  EXPECT_THAT(TasksOf("web3"), IsEmpty());
}

TEST_F(LedgerTest, AReplicaThatIsReadyWhileItsHookStillRunsIsNotDone) {
  const std::uint64_t id = Begin(Kind::kExpand);
  sight_.hosts = sight_.answers = true;
  JudgeWith(1, id, TaskPhase::kRunning);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kWorking));
  Judge(2);  // a reporter that was started anew and has it whole
  EXPECT_THAT(Changes(), ElementsAre(Phase::kDone));
}

TEST_F(LedgerTest, AHookThatLiesFails) {
  const std::uint64_t id = Begin(Kind::kExpand);
  Store();
  JudgeWith(10, id, TaskPhase::kDone);
  JudgeWith(129.9, id, TaskPhase::kDone);
  EXPECT_THAT(Changes(), IsEmpty());
  JudgeWith(130, id, TaskPhase::kDone);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kFailed));
  EXPECT_EQ(last_.actions[0].detail, "the hook ended well, but the node has not got the site");
}

TEST_F(LedgerTest, AHookThatFailsAndANodeThatIsLostFail) {
  const std::uint64_t id = Begin(Kind::kExpand);
  JudgeWith(1, id, TaskPhase::kFailed, "rsync: connection refused");
  EXPECT_THAT(Changes(), ElementsAre(Phase::kFailed));
  EXPECT_EQ(last_.actions[0].detail, "rsync: connection refused");
  Begin(Kind::kExpand);
  sight_.is_lost = true;
  Judge(2);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kFailed));
}

TEST_F(LedgerTest, ATaskWithoutAnEndFailsAtItsLimit) {
  const std::uint64_t id = Begin(Kind::kExpand);
  Store();
  JudgeWith(3599, id, TaskPhase::kRunning);
  EXPECT_THAT(Changes(), IsEmpty());
  JudgeWith(3600, id, TaskPhase::kRunning, "still copying");
  EXPECT_THAT(Changes(), ElementsAre(Phase::kFailed));
  EXPECT_EQ(last_.actions[0].detail, "no end in time; last: running: still copying");
}

TEST_F(LedgerTest, AContractionWaitsForCachedAnswersBeforeItsTask) {
  sight_.hosts = sight_.answers = true;
  const std::uint64_t id = Begin(Kind::kContract);
  EXPECT_THAT(TasksOf("web3"), IsEmpty());  // not on disk yet
  Store();
  EXPECT_THAT(TasksOf("web3"), ElementsAre(id));  // to be told as not ready
  sight_.answers = false;
  EXPECT_TRUE(Holds("web3"));
  JudgeWaiting(0);
  JudgeWaiting(29.9);
  EXPECT_THAT(Changes(), IsEmpty());
  JudgeWaiting(30);
  EXPECT_TRUE(Holds("web3"));  // that it is over is not on disk yet
  EXPECT_THAT(Changes(), ElementsAre(Phase::kWorking));
  ledger_.Stored(last_.sequence);
  EXPECT_FALSE(Holds("web3"));
  sight_.answers = true;
  JudgeWith(31, id, TaskPhase::kDone);
  EXPECT_THAT(Changes(), IsEmpty());  // it says that it still has the site
  sight_.hosts = sight_.answers = false;
  JudgeWith(32, id, TaskPhase::kDone);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kDone));
}

TEST_F(LedgerTest, TheGraceBeginsWhenTheNodeTellsThatItIsOut) {
  sight_.hosts = sight_.answers = true;
  Begin(Kind::kContract);
  Store();
  JudgeWaiting(100);
  sight_.answers = false;
  JudgeWaiting(110);
  sight_.answers = true;  // its stream was lost, and with it the hold
  JudgeWaiting(120);
  sight_.answers = false;
  JudgeWaiting(121);
  JudgeWaiting(150);
  EXPECT_THAT(Changes(), IsEmpty());
  JudgeWaiting(151);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kWorking));
}

TEST_F(LedgerTest, AWithdrawalWhoseHoldWasLostBeginsItsGraceAnew) {
  sight_.hosts = true;
  Begin(Kind::kContract);
  Store();
  JudgeWaiting(0);
  JudgeWaiting(30);
  Store();
  ASSERT_FALSE(Holds("web3"));
  sight_.answers = true;  // the reporter was started anew before it had begun
  Judge(31);
  EXPECT_TRUE(Holds("web3"));
  EXPECT_THAT(Changes(), ElementsAre(Phase::kLeaving));
  sight_.answers = false;
  JudgeWaiting(32);
  JudgeWaiting(61);
  EXPECT_THAT(Changes(), IsEmpty());
  JudgeWaiting(62);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kWorking));
}

TEST_F(LedgerTest, AWithdrawalWhoseBeginningIsNotStoredCanBeTakenBack) {
  sight_.hosts = true;
  const std::uint64_t id = Begin(Kind::kContract);
  Store();
  JudgeWaiting(0);
  JudgeWaiting(30);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kWorking));
  EXPECT_TRUE(ledger_.Undo(id, "pinned", WallTime{}));
  EXPECT_THAT(Changes(), ElementsAre(Phase::kUndone));
}

TEST_F(LedgerTest, WhatANodeTellsThatIsGoneDoesNotCountAsTold) {
  sight_.hosts = true;
  sight_.hears = false;
  Begin(Kind::kContract);
  Store();
  JudgeWaiting(0);
  JudgeWaiting(100);
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(LedgerTest, AContractionFailsOfANodeThatGoesOnTellingTheSiteAsReady) {
  sight_.hosts = sight_.answers = true;
  Begin(Kind::kContract);
  JudgeWaiting(3599);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kLeaving));
  JudgeWaiting(3600);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kFailed));
}

TEST_F(LedgerTest, AContractionFailsAtOnceWhereTheNodeRefusesOrIsGone) {
  sight_.hosts = true;
  const std::uint64_t id = Begin(Kind::kContract, "web1");
  JudgeWith(1, id, TaskPhase::kFailed, "its content is made here");
  EXPECT_THAT(Changes(), ElementsAre(Phase::kFailed));
  EXPECT_EQ(last_.actions[0].detail, "its content is made here");
  Begin(Kind::kContract, "web2");
  sight_.is_lost = true;
  Judge(2);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kFailed));
}

TEST_F(LedgerTest, AContractionIsUndoneOnceTheOthersAreTooFew) {
  sight_.hosts = sight_.answers = true;
  Begin(Kind::kContract);
  sight_.others = 1;
  Judge(1);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kUndone));
  EXPECT_EQ(last_.actions[0].detail, "only 1 others are ready, wanted 2");
}

TEST_F(LedgerTest, AWithdrawalThatHasNotBegunIsTakenBackWhenTheOthersAreTooFew) {
  sight_.hosts = sight_.answers = true;
  const std::uint64_t id = Begin(Kind::kContract);
  sight_.answers = false;
  JudgeWaiting(0);
  JudgeWaiting(30);
  Store();
  JudgeWith(31, id, TaskPhase::kWaiting);
  EXPECT_THAT(Changes(), IsEmpty());
  sight_.others = 1;
  JudgeWith(32, id, TaskPhase::kRunning);  // too late
  EXPECT_THAT(Changes(), IsEmpty());
  JudgeWith(33, id, TaskPhase::kWaiting);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kUndone));
}

TEST_F(LedgerTest, OfANodeThatHasNotSpokenYetNothingIsTakenForDone) {
  sight_.is_known = false;
  Begin(Kind::kContract);
  Judge(31);  // it may have the site
  EXPECT_THAT(Changes(), ElementsAre(Phase::kLeaving));
  Judge(60);
  EXPECT_THAT(Changes(), IsEmpty());
  sight_.is_known = true;
  Judge(61);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kDone));
}

TEST_F(LedgerTest, ANodeWithoutHooksFailsAtOnce) {
  Begin(Kind::kExpand);
  sight_.obeys = false;
  Judge(1);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kFailed));
}

TEST_F(LedgerTest, AVersionThatIsNotKnownIsTakenForTheWantedOne) {
  Begin(Kind::kExpand, "web3", 5);
  sight_.hosts = sight_.answers = true;
  sight_.content_version = 0;
  Judge(1);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kDone));
}

TEST_F(LedgerTest, AContractionCanBeTakenBackUntilItsTaskBegins) {
  sight_.hosts = sight_.answers = true;
  const std::uint64_t id = Begin(Kind::kContract);
  EXPECT_TRUE(ledger_.Undo(id, "wanted again", WallTime{}));
  EXPECT_THAT(Changes(), ElementsAre(Phase::kUndone));
  const std::uint64_t other = Begin(Kind::kContract);
  sight_.answers = false;
  Store();
  JudgeWaiting(0);
  JudgeWaiting(30);
  Store();
  EXPECT_FALSE(ledger_.Undo(other, "wanted again", WallTime{}));
}

TEST_F(LedgerTest, WhatWasUnderWayGoesOnAfterARestartWithItsIdAndAWholeGrace) {
  const Action working{.id = 7, .kind = Kind::kExpand, .site = "a.", .node = "web1"};
  Action leaving{.id = 9, .kind = Kind::kContract, .phase = Phase::kLeaving};
  leaving.site = "b.";
  leaving.node = "web1";
  ledger_ = Ledger({working, leaving}, 8, kStart);
  EXPECT_THAT(TasksOf("web1"), ElementsAre(7U, 9U));  // they are on disk
  sight_.hosts = sight_.answers = true;
  const auto look = [&](const Action& action) { return action.id == 9 ? sight_ : Sight{}; };
  ledger_.Judge(look, kLimits, At(29), WallTime{});
  EXPECT_THAT(Changes(), IsEmpty());
  sight_.answers = false;
  report_ = {.id = 9, .phase = TaskPhase::kWaiting};
  sight_.report = &report_;
  ledger_.Judge(look, kLimits, At(30), WallTime{});
  ledger_.Judge(look, kLimits, At(59), WallTime{});
  EXPECT_THAT(Changes(), IsEmpty());
  ledger_.Judge(look, kLimits, At(60), WallTime{});
  EXPECT_THAT(Changes(), ElementsAre(Phase::kWorking));
  EXPECT_EQ(Begin(Kind::kExpand), 10U);
}

TEST_F(LedgerTest, AnUpdateIsDoneAtTheWantedVersion) {
  Begin(Kind::kUpdate, "web3", 5);
  Store();
  sight_.hosts = sight_.answers = true;
  sight_.content_version = 4;
  Judge(1);
  EXPECT_THAT(Changes(), IsEmpty());
  sight_.content_version = 5;
  Judge(2);
  EXPECT_THAT(Changes(), ElementsAre(Phase::kDone));
}

TEST_F(LedgerTest, TellsWhenTimeAloneChangesSomething) {
  EXPECT_FALSE(ledger_.NextDeadline(kLimits));
  Begin(Kind::kExpand);
  EXPECT_EQ(ledger_.NextDeadline(kLimits), At(3600));
  Begin(Kind::kContract, "web2");
  sight_.hosts = true;
  JudgeWaiting(1);
  EXPECT_EQ(ledger_.NextDeadline(kLimits), At(31));
}

}  // namespace
}  // namespace dnsd::placement
