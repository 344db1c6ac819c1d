#include "dnsd/answer/chaos.h"

#include <gtest/gtest.h>

#include "tests/octets.h"

namespace dnsd::answer {
namespace {

using wire::RrType;

std::string Find(const ChaosTexts& texts, const char* name, RrType type = RrType::kTxt) {
  wire::Query query;
  query.name = *wire::Name::Parse(name);
  query.type = type;
  query.qclass = wire::RrClass::kCh;
  return Text(texts.Find(query));
}

TEST(ChaosTexts, AnswerTheNamesThatOthersAnswer) {
  const ChaosTexts texts("dnsd 1", "ns1.example");
  const struct {
    const char* name;
    RrType type;
    const char* want;
  } cases[] = {
      {"version.bind", RrType::kTxt, "\6dnsd 1"},
      {"version.server", RrType::kTxt, "\6dnsd 1"},
      {"VERSION.Bind", RrType::kTxt, "\6dnsd 1"},
      {"version.bind", RrType::kAny, "\6dnsd 1"},
      {"version.bind", RrType::kA, ""},
      {"version.bind", RrType::kSoa, ""},
      {"hostname.bind", RrType::kTxt, "\13ns1.example"},
      {"id.server", RrType::kTxt, "\13ns1.example"},
      {"id.server", RrType::kAny, "\13ns1.example"},
      {"authors.bind", RrType::kTxt, ""},
      {"hostname.server", RrType::kTxt, ""},
      {"bind", RrType::kTxt, ""},
      {"version.bind.example", RrType::kTxt, ""},
      {"x.version.bind", RrType::kTxt, ""},
      {".", RrType::kTxt, ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.name) + " " + std::to_string(static_cast<int>(c.type)));
    EXPECT_EQ(Find(texts, c.name, c.type), c.want);
  }
}

TEST(ChaosTexts, EachIsToldOnlyIfItIsConfigured) {
  EXPECT_EQ(Find(ChaosTexts(), "version.bind"), "");
  EXPECT_EQ(Find(ChaosTexts("v", ""), "version.server"), "\1v");
  EXPECT_EQ(Find(ChaosTexts("v", ""), "id.server"), "");
  EXPECT_EQ(Find(ChaosTexts("", "i"), "version.bind"), "");
  EXPECT_EQ(Find(ChaosTexts("", "i"), "hostname.bind"), "\1i");
}

TEST(ChaosTexts, MayBe255OctetsLong) {
  const std::string longest(ChaosTexts::kMostText, 'x');
  EXPECT_EQ(Find(ChaosTexts(longest, ""), "version.bind"), "\xFF" + longest);
}

}  // namespace
}  // namespace dnsd::answer
