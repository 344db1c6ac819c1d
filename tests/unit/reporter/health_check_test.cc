#include "reporter/health_check.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "reporter/child_process.h"
#include "reporter/text.h"
#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using Kind = HealthCheckConfig::Kind;

TEST(ParseHealthCheck, ReadsTheThreeKinds) {
  const auto tcp = ParseHealthCheck("tcp:127.0.1.1:80");
  ASSERT_TRUE(tcp.ok());
  EXPECT_EQ(tcp->kind, Kind::kTcp);
  EXPECT_EQ(tcp->address->ToString(), "127.0.1.1");
  EXPECT_EQ(tcp->port, 80);
  const auto http = ParseHealthCheck("http://[::1]:8080/ready?full=1");
  ASSERT_TRUE(http.ok());
  EXPECT_EQ(http->kind, Kind::kHttp);
  EXPECT_EQ(http->address->ToString(), "::1");
  EXPECT_EQ(http->port, 8080);
  EXPECT_EQ(http->path, "/ready?full=1");
  EXPECT_EQ(http->host, "[::1]:8080");
  EXPECT_EQ(ParseHealthCheck("exec:test -f /x")->command, "test -f /x");
}

TEST(ParseHealthCheck, FillsInWhatAUrlLeavesOut) {
  const auto check = ParseHealthCheck("http://localhost");
  ASSERT_TRUE(check.ok());
  EXPECT_EQ(check->address->ToString(), "127.0.0.1");
  EXPECT_EQ(check->port, 80);
  EXPECT_EQ(check->path, "/");
}

TEST(ParseHealthCheck, RefusesWhatItCannotCheckWithoutAResolver) {
  for (const char* text :
       {"", "tcp:", "tcp:127.0.0.1", "tcp:127.0.0.1:0", "tcp:127.0.0.1:65536", "tcp:example:80",
        "tcp:{site}:80", "tcp:::1:80", "http://example/", "http://[127.0.0.1]/",
        "http://127.0.0.1/a b", "https://127.0.0.1/", "exec:", "udp:127.0.0.1:53"}) {
    EXPECT_FALSE(ParseHealthCheck(text).ok()) << text;
  }
}

TEST(ForSite, PutsTheSitesNameWhereItBelongs) {
  const auto http = ParseHealthCheck("http://{site}:8080/check?of={site}");
  ASSERT_TRUE(http.ok());
  EXPECT_FALSE(http->address);
  const HealthCheckConfig check = ForSite(*http, "www.example");
  EXPECT_EQ(check.host, "www.example:8080");
  EXPECT_EQ(check.path, "/check?of=www.example");
  EXPECT_EQ(ForSite(*ParseHealthCheck("exec:probe {site} {site}"), "a").command, "probe a a");
}

TEST(JudgeStatusLine, WantsAStatusInRange) {
  HealthCheckConfig check;
  EXPECT_TRUE(JudgeStatusLine("HTTP/1.1 200 OK", check).ok());
  EXPECT_TRUE(JudgeStatusLine("HTTP/1.0 399", check).ok());
  EXPECT_FALSE(JudgeStatusLine("HTTP/1.1 400 Bad Request", check).ok());
  EXPECT_FALSE(JudgeStatusLine("HTTP/1.1 199 Early", check).ok());
  EXPECT_FALSE(JudgeStatusLine("SSH-2.0-OpenSSH", check).ok());
  EXPECT_FALSE(JudgeStatusLine("", check).ok());
}

// Runs a command in a loop until it is done.
absl::StatusOr<std::string> RunCommand(const std::string& command, Duration limit) {
  const EventBasePtr base(event_base_new());
  absl::StatusOr<std::string> result = absl::UnknownError("never done");
  auto process = ChildProcess::Start(base.get(), command, limit, [&](auto output) {
    result = std::move(output);
    event_base_loopbreak(base.get());
  });
  EXPECT_TRUE(process.ok());
  event_base_dispatch(base.get());
  return result;
}

TEST(ChildProcess, GivesWhatTheCommandWrote) {
  EXPECT_EQ(*RunCommand("echo one; echo two", 5s), "one\ntwo\n");
}

TEST(ChildProcess, TellsHowTheCommandFailed) {
  EXPECT_EQ(RunCommand("exit 3", 5s).status().message(), "exit status 3");
  EXPECT_EQ(RunCommand("kill -TERM $$", 5s).status().message(), "killed by signal 15");
}

TEST(ChildProcess, KillsTheWholeGroupAtTheLimit) {
  const auto result = RunCommand("sleep 60 & sleep 60", 50ms);
  EXPECT_TRUE(absl::IsDeadlineExceeded(result.status()));
}

TEST(ChildProcess, DoesNotWaitForWhatTheCommandLeftBehind) {
  EXPECT_EQ(*RunCommand("sleep 60 & echo done", 5s), "done\n");
}

// Commands that the kill does not reach, as if in uninterruptible sleep: each leaves the process
// group that is killed, then writes its number to the file.
class UndyingTest : public testing::Test {
 protected:
  ~UndyingTest() override {
    for (const pid_t pid : Pids()) kill(pid, SIGKILL);
  }
  std::vector<pid_t> Pids() const {
    std::vector<pid_t> pids;
    const std::string text = FileRoot().Read(file_).value_or("");
    for (std::string_view rest = text; !rest.empty();) {
      pids.push_back(static_cast<pid_t>(ParseUnsigned(NextLine(rest)).value_or(0)));
    }
    return pids;
  }
  std::unique_ptr<ChildProcess> Start(event_base* base, Duration limit, ChildProcess::Done done) {
    auto process = ChildProcess::Start(base, command_, limit, std::move(done));
    EXPECT_TRUE(process.ok());
    return *std::move(process);
  }
  void AwaitRuns(std::size_t count) const {
    while (Pids().size() < count) std::this_thread::yield();
  }
  FixtureTree tree_;
  const std::string file_ = tree_.root() + "/pids";
  const std::string command_ =
      "exec python3 -c 'import os, time; os.setpgid(0, os.getpgid(os.getppid())); "
      "open(\"" +
      file_ + "\", \"a\").write(f\"{os.getpid()}\\n\"); time.sleep(60)'";
};

TEST_F(UndyingTest, TheLimitIsTheVerdict) {
  const EventBasePtr base(event_base_new());
  absl::Status verdict;
  const auto process = Start(base.get(), 2s, [&](const auto& output) {
    verdict = output.status();
    event_base_loopbreak(base.get());
  });
  AwaitRuns(1);
  event_base_dispatch(base.get());
  EXPECT_TRUE(absl::IsDeadlineExceeded(verdict));
  EXPECT_EQ(kill(Pids().front(), 0), 0) << "it lives on";
}

TEST_F(UndyingTest, IsNotWaitedForAndDoesNotPileUp) {
  const EventBasePtr base(event_base_new());
  for (std::size_t run = 1; run <= 4; ++run) {
    const auto process = Start(base.get(), 60s, [](const auto&) {});
    AwaitRuns(run);
  }
  const auto fifth = ChildProcess::Start(base.get(), command_, 60s, [](const auto&) {});
  EXPECT_EQ(fifth.status().message(), "4 runs before cannot be killed");
  const auto other = ChildProcess::Start(base.get(), "true", 60s, [](const auto&) {});
  EXPECT_TRUE(other.ok());
}

}  // namespace
}  // namespace dnsd::reporter
