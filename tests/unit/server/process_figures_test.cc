#include "dnsd/server/process_figures.h"

#include <gtest/gtest.h>

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
  const ProcessFigures figures = ReadProcessFigures();
  EXPECT_GT(figures.resident_octets, 1000000U);
  EXPECT_GE(figures.open_files, 3U);
  EXPECT_GT(figures.most_files, figures.open_files);
}

}  // namespace
}  // namespace dnsd::server
