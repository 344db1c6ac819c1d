#include "dnsd/base/yaml_settings.h"

#include <gmock/gmock.h>

namespace dnsd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

YamlSettings Settings(const std::string& text) {
  const YamlTree tree = ParseYamlTree(text);
  EXPECT_TRUE(tree.faults.empty());
  return SettingsOf(*tree.root);
}

std::vector<std::string> Changes(const std::string& before, const std::string& after) {
  return ChangesBetween(Settings(before), Settings(after));
}

TEST(SettingsOf, NamesEachValueByItsPath) {
  EXPECT_THAT(
      Settings("workers: 2\nlisten: [192.0.2.1:53, '[::1]:53']\n"
               "heartbeat:\n  tls: {key: k.pem}\n"
               "sites:\n  - {name: www, answers: 2}\n  - {name: [a, b], ttl: 5}\n"),
      ElementsAre(Pair("heartbeat.tls.key", "k.pem"), Pair("listen", "[192.0.2.1:53, [::1]:53]"),
                  Pair("sites[[a, b]].name", "[a, b]"), Pair("sites[[a, b]].ttl", "5"),
                  Pair("sites[www].answers", "2"), Pair("sites[www].name", "www"),
                  Pair("workers", "2")));
}

TEST(SettingsOf, NumbersWhatHasNoNameAndWhatHasTheSame) {
  EXPECT_THAT(Settings("rules: [{region: eu}, {region: us}]\nsites: [{name: a}, {name: a}]\n"),
              ElementsAre(Pair("rules[1].region", "eu"), Pair("rules[2].region", "us"),
                          Pair("sites[a #2].name", "a"), Pair("sites[a].name", "a")));
}

TEST(ChangesBetween, TellsWhatIsNewGoneAndOther) {
  EXPECT_THAT(
      Changes("workers: 2\nedns_size: 1232\nnsid: a\n", "workers: 4\nnsid: a\ntcp: {idle: 9s}\n"),
      ElementsAre("edns_size: 1232, gone", "tcp.idle: 9s, new", "workers: 2 -> 4"));
  EXPECT_THAT(Changes("nsid: a\n", "nsid:   a   # the same\n"), IsEmpty());
  EXPECT_THAT(Changes("", "nsid: a\n"), ElementsAre("nsid: a, new"));
}

TEST(ChangesBetween, SaysOfALongListOnlyThatItDiffers) {
  std::string before = "subnets:\n";
  for (int i = 0; i < 1001; ++i) before += "  - {clients: 10.0.0.0/8, region: r}\n";
  const auto changes = Changes(before, before + "  - {clients: 10.0.0.0/8, region: s}\n");
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_THAT(changes[0], ::testing::MatchesRegex(
                              "subnets: 1001 entries \\(digest [0-9]+\\) -> 1002 entries .*"));
}

}  // namespace
}  // namespace dnsd
