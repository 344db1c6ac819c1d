#include "ctl/table.h"

#include <gtest/gtest.h>

namespace dnsd::ctl {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({{"NODE"}, {"CPU %", Table::Align::kRight}, {"REMARK"}});
  table.Add({"web1", "7", ""});
  table.Add({"a-longer-name", "100", "draining"});
  EXPECT_EQ(table.Text(),
            "NODE           CPU %  REMARK\n"
            "web1               7\n"
            "a-longer-name    100  draining\n");
}

TEST(Table, WithoutRowsOnlyTheTitlesStand) { EXPECT_EQ(Table({{"A"}, {"B"}}).Text(), "A  B\n"); }

}  // namespace
}  // namespace dnsd::ctl
