#include "dnsd/zone/site_rules.h"

#include <gtest/gtest.h>

namespace dnsd::zone {
namespace {

SiteOptions Answers(std::uint16_t count) {
  SiteOptions options;
  options.answers = count;
  return options;
}

TEST(SiteRules, LetTheFirstPatternThatMatchesDecide) {
  SiteRules rules(Answers(1));
  rules.Add("www.example", Answers(2));
  rules.Add("*.hosting.example", Answers(3));
  rules.Add("w?w[0-9].example", Answers(4));
  rules.Add("*.example", Answers(5));
  const struct {
    const char* owner;
    int want;  // the number of the options; -1: no rule
  } cases[] = {
      {"www.example", 1},
      {"WWW.Example.", 1},
      {"a.hosting.example", 2},
      {"a.b.hosting.example", 2},
      {"*.hosting.example", 2},
      {"hosting.example", 4},
      {"www7.example", 3},
      {"wwwx.example", 4},
      {"example", -1},
      {"www.example.org", -1},
      {".", -1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.owner);
    const auto got = rules.Match(*wire::Name::Parse(c.owner));
    EXPECT_EQ(got ? static_cast<int>(*got) : -1, c.want);
  }
  EXPECT_EQ(rules.options().size(), 5U);
  EXPECT_EQ(rules.options()[0].answers, 1);
  EXPECT_EQ(rules.options()[3].answers, 4);
}

TEST(SiteRules, MatchNothingWhenThereAreNone) {
  EXPECT_FALSE(SiteRules().Match(*wire::Name::Parse("www.example")));
}

TEST(SiteRules, MatchTheRoot) {
  SiteRules rules;
  rules.Add("*", {});
  EXPECT_EQ(rules.Match(wire::Name()), 1);
}

}  // namespace
}  // namespace dnsd::zone
