#include "reporter/log_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const MonotonicTime kStart{1h};

class LogTailTest : public testing::Test {
 protected:
  void Append(const std::string& text, const std::string& name = "/a.log") const {
    std::ofstream(tree_.root() + name, std::ios::app) << text;
  }
  void Rename(const std::string& from, const std::string& to) const {
    std::filesystem::rename(tree_.root() + from, tree_.root() + to);
  }
  std::vector<std::string> Read(LogTail& tail, MonotonicTime now = kStart,
                                std::size_t most = 1U << 20) const {
    std::vector<std::string> lines;
    tail.Read(most, now, [&](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }
  FixtureTree tree_;
  const std::string path_ = tree_.root() + "/a.log";
};

TEST_F(LogTailTest, HandsOverWhatComes) {
  Append("old\n");
  LogTail tail(path_, true);
  EXPECT_THAT(Read(tail), IsEmpty());
  Append("one\ntwo\n");
  EXPECT_THAT(Read(tail), ElementsAre("one", "two"));
  EXPECT_THAT(Read(tail), IsEmpty());
}

TEST_F(LogTailTest, ReadsAFileThatIsNewFromItsStart) {
  LogTail tail(path_, true);
  EXPECT_EQ(tail.fault(), "No such file or directory");
  EXPECT_THAT(Read(tail), IsEmpty());
  Append("one\n");
  EXPECT_THAT(Read(tail), ElementsAre("one"));
  EXPECT_EQ(tail.fault(), "");
}

TEST_F(LogTailTest, WaitsForTheEndOfALine) {
  LogTail tail(path_, false);
  Append("on");
  EXPECT_THAT(Read(tail), IsEmpty());
  Append("e");
  EXPECT_THAT(Read(tail), IsEmpty());
  Append("\nt");
  EXPECT_THAT(Read(tail), ElementsAre("one"));
  Append("wo\n\n");
  EXPECT_THAT(Read(tail), ElementsAre("two", ""));
}

TEST_F(LogTailTest, LeavesOutTheLineThatWasBegunBeforeIt) {
  Append("old line, first ha");
  LogTail tail(path_, true);
  Append("lf\nnew\n");
  EXPECT_THAT(Read(tail), ElementsAre("new"));
}

TEST_F(LogTailTest, FollowsAFileThatIsRenamedAndCreatedAnew) {
  Append("old\n");
  LogTail tail(path_, true);
  Rename("/a.log", "/a.log.1");
  Append("late one\n", "/a.log.1");
  EXPECT_THAT(Read(tail), ElementsAre("late one")) << "none has taken its place";
  Append("late two\n", "/a.log.1");
  Append("new\n");
  EXPECT_THAT(Read(tail, kStart + 1s), ElementsAre("late two", "new"));
  Append("late three\n", "/a.log.1");
  EXPECT_THAT(Read(tail, kStart + 10s), ElementsAre("late three")) << "its writer was slow";
  EXPECT_THAT(Read(tail, kStart + 11s), IsEmpty());
  Append("too late\n", "/a.log.1");
  Append("on\n");
  EXPECT_THAT(Read(tail, kStart + 12s), ElementsAre("on"));
}

TEST_F(LogTailTest, FollowsAFileThatIsCutShort) {
  Append("a long line of the old days\nhal");
  LogTail tail(path_, false);
  EXPECT_THAT(Read(tail), ElementsAre("a long line of the old days"));
  std::filesystem::resize_file(path_, 0);
  Append("new\n");
  EXPECT_THAT(Read(tail), ElementsAre("new"));
}

TEST_F(LogTailTest, ReadsNoMoreThanItMay) {
  LogTail tail(path_, false);
  Append("12345\n67890\n");
  EXPECT_THAT(Read(tail, kStart, 6), ElementsAre("12345"));
  EXPECT_THAT(Read(tail, kStart, 5), IsEmpty());
  EXPECT_THAT(Read(tail, kStart, 5), ElementsAre("67890"));
}

TEST_F(LogTailTest, LeavesOutLinesThatAreTooLong) {
  LogTail tail(path_, false);
  const std::string longest(LogTail::kMostLine, 'x');
  Append(longest + "\n" + longest + "y\nshort\n");
  EXPECT_THAT(Read(tail), ElementsAre(longest, "short"));
  EXPECT_EQ(tail.lines_lost(), 1U);
  Append(std::string(3 * LogTail::kMostLine, 'x'));
  EXPECT_THAT(Read(tail), IsEmpty());
  Append("still it\nshort\n");
  EXPECT_THAT(Read(tail), ElementsAre("short"));
  EXPECT_EQ(tail.lines_lost(), 2U);
}

TEST_F(LogTailTest, LeapsWhenItIsTooFarBehind) {
  LogTail tail(path_, false);
  Append("");
  std::filesystem::resize_file(path_, static_cast<std::uintmax_t>(LogTail::kMostBehind) + 1);
  EXPECT_THAT(Read(tail), IsEmpty());
  EXPECT_EQ(tail.octets_lost(), static_cast<std::uint64_t>(LogTail::kMostBehind) + 1);
  Append("rest of a line\nnext\n");
  EXPECT_THAT(Read(tail), ElementsAre("next"));
}

TEST_F(LogTailTest, DoesNotWaitForAPipesWriter) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  LogTail tail(path_, false);
  EXPECT_THAT(Read(tail), IsEmpty());
  EXPECT_EQ(tail.fault(), "it is no regular file");
}

}  // namespace
}  // namespace dnsd::reporter
