#include "dnsd/server/process_figures.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace dnsd::server {
namespace {

TEST(ProcessFigures, AreTakenFromTheKernelsLineWhateverTheProgramIsCalled) {
  const auto figures = ParseProcStat(
      "17 (a) b (c) S 1 17 17 0 -1 4194560 100 0 0 0 250 150 7 8 20 0 9 0 1234 8192000 300 "
      "18446744073709551615 1 1",
      100, 4096);
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->cpu_seconds, 4);
  EXPECT_EQ(figures->threads, 9U);
  EXPECT_EQ(figures->virtual_octets, 8192000U);
  EXPECT_EQ(figures->resident_octets, 300U * 4096);
}

TEST(ProcessFigures, AreNotTakenFromALineThatIsCutOff) {
  EXPECT_FALSE(ParseProcStat("", 100, 4096));
  EXPECT_FALSE(ParseProcStat("17 (a) S 1 17 17 0", 100, 4096));
}

TEST(ProcessFigures, OfThisProcessAreKnown) {
  const ProcessFigures figures = ProcessReader().Read();
  EXPECT_GT(figures.resident_octets, 1000000U);
  EXPECT_GE(figures.open_files, 3U);
  EXPECT_GT(figures.most_files, figures.open_files);
}

TEST(ProcessFigures, AreTrueWhenDescriptorsHaveRunOut) {
  ProcessReader reader;
  const ProcessFigures before = reader.Read();
  const int opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const ProcessFigures figures = reader.Read();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  close(opened);
  EXPECT_GT(figures.resident_octets, 1000000U);
  EXPECT_GE(figures.threads, 1U);
  EXPECT_EQ(figures.open_files, before.open_files + 1);
  EXPECT_EQ(figures.most_files, 0U);
}

}  // namespace
}  // namespace dnsd::server
