#include "reporter/deciders.h"

#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using heartbeat::v1::Tasks;

Tasks Word(bool decides, const std::vector<std::string>& may_drop = {}) {
  Tasks tasks;
  tasks.set_decides(decides);
  for (const std::string& site : may_drop) tasks.add_may_drop(site);
  tasks.set_grace_ms(7'000);
  return tasks;
}

class DecidersTest : public testing::Test {
 protected:
  DecidersTest() { deciders_.SetOrder({"first", "second"}); }
  Deciders deciders_;
};

TEST_F(DecidersTest, NobodyIsNamedBeforeAnybodySpeaks) {
  EXPECT_EQ(deciders_.named(), "");
  EXPECT_FALSE(deciders_.MayDrop("a.example"));
  EXPECT_EQ(deciders_.grace(), Duration::zero());
}

TEST_F(DecidersTest, TheFirstOfTheConfigurationThatDecidesIsNamed) {
  deciders_.Heard("second", Word(true));
  EXPECT_EQ(deciders_.named(), "second");
  deciders_.Heard("first", Word(true));
  EXPECT_EQ(deciders_.named(), "first");
  deciders_.Heard("first", Word(false));
  EXPECT_EQ(deciders_.named(), "second");
}

TEST_F(DecidersTest, WhoseStreamHasEndedIsNamedNoMore) {
  deciders_.Heard("second", Word(true));
  deciders_.Heard("first", Word(true));
  deciders_.Lost("first");
  EXPECT_EQ(deciders_.named(), "second");
  deciders_.SetOrder({"third"});
  EXPECT_EQ(deciders_.named(), "");
}

TEST_F(DecidersTest, OnlyTheNamedOneLetsDrop) {
  deciders_.Heard("first", Word(true, {"A.Example.", "not a name"}));
  deciders_.Heard("second", Word(true, {"b.example."}));
  EXPECT_TRUE(deciders_.MayDrop("a.example"));
  EXPECT_FALSE(deciders_.MayDrop("b.example"));
  EXPECT_EQ(deciders_.grace(), 7s);
  deciders_.Heard("first", Word(true));
  EXPECT_FALSE(deciders_.MayDrop("a.example"));
}

TEST_F(DecidersTest, WhoDoesNotDecideLetsDropNothing) {
  deciders_.Heard("first", Word(false, {"a.example."}));
  EXPECT_FALSE(deciders_.MayDrop("a.example"));
}

}  // namespace
}  // namespace dnsd::reporter
