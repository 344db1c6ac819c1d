#include "reporter/hook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace dnsd::reporter {
namespace {

using heartbeat::v1::Task;
using testing::ElementsAre;

HookCall Sample(const std::string& command) {
  return {.command = command,
          .action = "instantiate",
          .site = "a.example",
          .sites_dir = "/srv/www",
          .reporter = "/usr/sbin/reporter",
          .sources = {{"n2", {"192.0.2.2", "2001:db8::2"}}, {"n3", {"192.0.2.3"}}},
          .version = 17,
          .bytes = 1000};
}

TEST(CommandOf, TellsAllByArgumentsAndEnvironment) {
  const Command command = CommandOf(Sample("/usr/lib/dnsd/hooks/content-rsync --module www"));
  EXPECT_EQ(command.text, "/usr/lib/dnsd/hooks/content-rsync --module www \"$@\"");
  EXPECT_THAT(command.arguments, ElementsAre("instantiate", "a.example", "n2", "n3"));
  EXPECT_THAT(
      command.environment,
      ElementsAre("DNSD_ACTION=instantiate", "DNSD_SITE=a.example", "DNSD_SITES_DIR=/srv/www",
                  "DNSD_SOURCES=n2 n3", "DNSD_SOURCE_ADDRESSES=192.0.2.2 2001:db8::2 192.0.2.3",
                  "DNSD_VERSION=17", "DNSD_BYTES=1000", "DNSD_REPORTER=/usr/sbin/reporter"));
  EXPECT_TRUE(command.with_errors);
}

TEST(CommandOf, ACommandWithADollarTakesItsArgumentsItself) {
  EXPECT_EQ(CommandOf(Sample("cp -a /shared/$2 $DNSD_SITES_DIR/")).text,
            "cp -a /shared/$2 $DNSD_SITES_DIR/");
}

TEST(OwnProgram, IsThisOne) {
  EXPECT_TRUE(std::filesystem::equivalent(OwnProgram(), "/proc/self/exe"));
}

TEST(SourcesOf, LeavesOutWhatAShellCouldTakeForMoreThanAWord) {
  Task task;
  for (const char* name : {"n2.example", "a b", "$(x)", "*", "", "-n"}) {
    task.add_sources()->set_node(name);
  }
  auto& odd = *task.add_sources();
  odd.set_node("n3");
  odd.add_addresses("12345");
  odd.add_addresses(std::string("\xC0\x00\x02\x03", 4));
  const auto sources = SourcesOf(task);
  ASSERT_EQ(sources.size(), 7U);
  EXPECT_EQ(sources[0].node, "n2.example");
  for (std::size_t at = 1; at < 6; ++at) EXPECT_EQ(sources[at].node, "-") << at;
  EXPECT_EQ(sources[6], (ReplicaSource{"n3", {"192.0.2.3"}}));
}

}  // namespace
}  // namespace dnsd::reporter
