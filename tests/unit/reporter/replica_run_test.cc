#include "reporter/replica_run.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Command Hook(const std::string& text) {
  Command command{text};
  command.with_errors = true;
  return command;
}

class ReplicaRunTest : public testing::Test {
 protected:
  ReplicaRunTest() {
    steps_.limit = 60s;
    steps_.look = [this] { return looked_ = true, seen_; };
  }
  // Runs to the end; how it ended.
  absl::Status Run() {
    absl::Status result = absl::UnknownError("never ended");
    ReplicaRun run(base_.get(), steps_, [&](const absl::Status& status) {
      result = status;
      output_ = run_->output();
      event_base_loopbreak(base_.get());
    });
    run_ = &run;
    run.Begin();
    event_base_dispatch(base_.get());
    return result;
  }
  EventBasePtr base_{event_base_new()};
  ReplicaRun* run_ = nullptr;
  ReplicaRun::Steps steps_;
  absl::Status seen_;
  bool looked_ = false;
  std::string output_;
};

TEST_F(ReplicaRunTest, GoesThroughAllStepsAndKeepsWhatTheyWrote) {
  steps_.commands = {Hook("echo hook; echo fault >&2"), Hook("echo verify")};
  bool checked = false;
  steps_.check_health = [&] { checked = true; };
  steps_.is_healthy = [] { return true; };
  EXPECT_TRUE(Run().ok());
  EXPECT_TRUE(looked_ && checked);
  EXPECT_EQ(output_, "hook\nfault\nverify\n");
}

TEST_F(ReplicaRunTest, AHookThatVerifiesHasFourWaysToEnd) {
  const struct {
    const char* hook;
    absl::StatusCode want;
  } cases[] = {{"exit 0", absl::StatusCode::kOk},
               {"exit 10", absl::StatusCode::kOutOfRange},
               {"exit 75", absl::StatusCode::kUnavailable},
               {"exit 1", absl::StatusCode::kUnknown},
               {"kill -9 $$", absl::StatusCode::kUnknown}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.hook);
    steps_.commands = {Hook(c.hook)};
    steps_.look = nullptr;
    steps_.verifies = true;
    EXPECT_EQ(Run().code(), c.want);
    steps_.verifies = false;  // one that makes or drops
    EXPECT_EQ(Run().ok(), c.want == absl::StatusCode::kOk);
  }
}

TEST_F(ReplicaRunTest, AReplicaThatHasJustBeenMadeFailsOnlyWhereItIsNotWhole) {
  steps_.verifies = true;
  for (const char* exit : {"0", "10", "75"}) {
    steps_.commands = {Hook("true"), Hook(std::string("exit ") + exit)};
    EXPECT_TRUE(Run().ok()) << exit;
    steps_.commands = {Hook(std::string("exit ") + exit), Hook("true")};
    EXPECT_EQ(Run().ok(), exit == std::string("0")) << exit;
  }
  steps_.commands = {Hook("true"), Hook("exit 1")};
  EXPECT_EQ(Message(Run()), "exit status 1");
}

TEST_F(ReplicaRunTest, EndsAtTheFirstStepThatFails) {
  steps_.commands = {Hook("echo no route; exit 7"), Hook("echo verify")};
  EXPECT_EQ(Message(Run()), "exit status 7");
  EXPECT_EQ(output_, "no route\n");
  EXPECT_FALSE(looked_);
}

TEST_F(ReplicaRunTest, BelievesWhatIsSeenAndNotTheExitStatus) {
  seen_ = absl::FailedPreconditionError("it is not there");
  steps_.commands = {Hook("true"), Hook("echo verify")};
  EXPECT_EQ(Message(Run()), "it is not there");
  EXPECT_EQ(output_, "");
}

TEST_F(ReplicaRunTest, WaitsForTheHealthCheckToSucceed) {
  steps_.commands = {Hook("true")};
  bool healthy = false;
  Timer mended(base_.get(), [&] {
    healthy = true;
    run_->HealthChanged();
  });
  steps_.check_health = [&] { mended.After(1ms); };
  steps_.is_healthy = [&] { return healthy; };
  EXPECT_TRUE(Run().ok());
}

TEST_F(ReplicaRunTest, WaitsForItNoLongerThanItsLimit) {
  steps_.commands = {Hook("true")};
  steps_.limit = 2s;
  steps_.check_health = [] {};
  steps_.is_healthy = [] { return false; };
  EXPECT_THAT(Message(Run()), HasSubstr("health check did not succeed within 2s"));
}

TEST_F(ReplicaRunTest, KeepsTheLast64KiBOfLongOutput) {
  steps_.commands = {Hook("head -c 100000 /dev/zero | tr '\\0' x; echo end")};
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(output_.size(), 65'536U);
  EXPECT_THAT(output_, testing::EndsWith("xend\n"));
}

TEST_F(ReplicaRunTest, EachCommandPutsItsGroupIntoTheLockedFile) {
  const FixtureTree tree;
  tree.Write("/lock", "of a former one, and longer than a number is");
  const std::string path = tree.root() + "/lock";
  const int lock = open(path.c_str(), O_RDWR | O_CLOEXEC);
  for (const char* name : {"hook", "verify"}) {
    Command command =
        Hook("read -r group < $LOCK; test $group = $(cut -d' ' -f5 /proc/$$/stat) && echo " +
             std::string(name));
    command.environment = {"LOCK=" + path};
    command.lock = lock;
    steps_.commands.push_back(command);
  }
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(output_, "hook\nverify\n");
  close(lock);
}

TEST_F(ReplicaRunTest, ACommandDoesNotBeginWhereItsGroupCannotBePutDown) {
  const int lock = open("/dev/full", O_RDWR | O_CLOEXEC);
  Command command = Hook("echo begun");
  command.lock = lock;
  steps_.commands = {command};
  EXPECT_FALSE(Run().ok());
  EXPECT_THAT(output_, testing::Not(HasSubstr("begun")));
  close(lock);
}

TEST_F(ReplicaRunTest, ACommandHasItsArgumentsEnvironmentAndLock) {
  const FixtureTree tree;
  tree.Write("/lock", "");
  const int lock = open((tree.root() + "/lock").c_str(), O_RDWR | O_CLOEXEC);
  Command command = Hook("echo $# $2 $DNSD_SITE $HOME; flock -n 3 && readlink /proc/$$/fd/3");
  command.arguments = {"instantiate", "a b"};
  command.environment = {"DNSD_SITE=a.example", "HOME=/nowhere"};
  command.lock = lock;
  steps_.commands = {command};
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(output_, "2 a b a.example /nowhere\n" + tree.root() + "/lock\n");
  close(lock);
}

}  // namespace
}  // namespace dnsd::reporter
