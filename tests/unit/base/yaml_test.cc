#include "dnsd/base/yaml.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <fstream>

namespace dnsd {
namespace {

using namespace std::chrono_literals;

// The errors of reading `text` with `visit`.
std::string Errors(const std::string& text, const YamlFile::Visit& visit) {
  YamlFile file = YamlFile::Parse(text, "f.yaml");
  file.Read(visit);
  return Message(file.status());
}

TEST(Yaml, ReadsEveryType) {
  bool on = false;
  std::string word;
  unsigned count = 0;
  double share = 0;
  Duration wait{};
  Endpoint endpoint;
  IpPrefix prefix;
  std::vector<std::string> names;
  std::vector<Endpoint> one;
  EXPECT_EQ(Errors("on: true\nword: 'a b'\ncount: 7\nshare: 0.25\nwait: 1500ms\n"
                   "endpoint: '[::1]:53'\nprefix: 10.0.0.0/8\nnames: [a, b]\none: 127.0.0.1:0\n",
                   [&](YamlMap& root) {
                     root.Read("on", on);
                     root.Read("word", word);
                     root.Read("count", count, 0U, 7U);
                     root.Read("share", share, 0.0, 1.0);
                     root.Read("wait", wait, 1s, 2s);
                     root.Read("endpoint", endpoint);
                     root.Read("prefix", prefix);
                     root.Read("names", names);
                     root.Read("one", one);
                   }),
            "");
  EXPECT_TRUE(on);
  EXPECT_EQ(word, "a b");
  EXPECT_EQ(count, 7U);
  EXPECT_EQ(share, 0.25);
  EXPECT_EQ(wait, 1500ms);
  EXPECT_EQ(endpoint.ToString(), "[::1]:53");
  EXPECT_EQ(prefix.ToString(), "10.0.0.0/8");
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(one.size(), 1U);
}

TEST(Yaml, TellsTheLineTheValueAndWhatWasWanted) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"\ncount: many", "f.yaml:2: key 'count': found 'many', wanted a whole number from 1 to 9"},
      {"count: 0", "f.yaml:1: key 'count': found '0', wanted a whole number from 1 to 9"},
      {"count: 10", "f.yaml:1: key 'count': found '10', wanted a whole number from 1 to 9"},
      {"count: 1.5", "f.yaml:1: key 'count': found '1.5', wanted a whole number from 1 to 9"},
      {"count:", "f.yaml:1: key 'count': found nothing, wanted a whole number from 1 to 9"},
      {"count: [1]", "f.yaml:1: key 'count': found a list, wanted a whole number from 1 to 9"},
      {"share: nan", "f.yaml:1: key 'share': found 'nan', wanted a number from 0 to 0.5"},
      {"share: 0.51", "f.yaml:1: key 'share': found '0.51', wanted a number from 0 to 0.5"},
      {"wait: 5",
       "f.yaml:1: key 'wait': found '5', wanted a duration with its unit, as 500ms, 1s, 2m or 1h"},
      {"wait: 2m", "f.yaml:1: key 'wait': found '2m', wanted a duration from 1s to 1m"},
      {"at: localhost",
       "f.yaml:1: key 'at': found 'localhost', wanted ADDRESS:PORT, as 192.0.2.1:53 or "
       "[2001:db8::1]:53"},
      {"colour: blue", "f.yaml:1: key 'colour': found 'blue', wanted one of red, green"},
      {"inner: 5", "f.yaml:1: key 'inner': found '5', wanted a map of keys and values"},
      {"- a", "f.yaml:1: found a list, wanted a map of keys and values"},
      {"{a: 1}: 2\n",
       "f.yaml:1: a key is a word, not a list or a map\n"
       "f.yaml:1: unknown key ''; known keys: count, share, wait, at, colour, inner"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(Errors(c.text,
                     [](YamlMap& root) {
                       unsigned count = 0;
                       double share = 0;
                       Duration wait{};
                       std::vector<Endpoint> at;
                       int colour = 0;
                       root.Read("count", count, 1U, 9U);
                       root.Read("share", share, 0.0, 0.5);
                       root.Read("wait", wait, 1s, 1min);
                       root.Read("at", at);
                       root.ReadChoice<int>("colour", colour, {{"red", 1}, {"green", 2}});
                       root.ReadMap("inner", [](YamlMap&) {});
                     }),
              c.want);
  }
}

TEST(Yaml, RefusesUnknownKeysAndSuggestsTheClosest) {
  bool yes = false;
  const auto visit = [&](YamlMap& root) {
    root.Read("workers", yes);
    root.ReadMap("heartbeat", [&](YamlMap& heartbeat) { heartbeat.Read("listen", yes); });
  };
  EXPECT_EQ(Errors("workres: true", visit),
            "f.yaml:1: unknown key 'workres'; did you mean 'workers'?");
  EXPECT_EQ(Errors("heartbeat:\n  lisen: true", visit),
            "f.yaml:2: unknown key 'lisen' in 'heartbeat'; did you mean 'listen'?");
  EXPECT_EQ(Errors("colour: true", visit),
            "f.yaml:1: unknown key 'colour'; known keys: workers, heartbeat");
}

TEST(Yaml, RefusesAKeyGivenTwice) {
  bool a = false;
  EXPECT_EQ(Errors("a: true\nb:\n  c: 1\na: false",
                   [&](YamlMap& root) {
                     root.Read("a", a);
                     root.Has("b");
                   }),
            "f.yaml:4: key 'a' is given twice; first on line 1");
}

TEST(Yaml, CollectsEveryErrorInTheOrderOfTheLines) {
  unsigned n = 0;
  EXPECT_EQ(Errors("x: 1\nn: -1\nlist:\n  - n: a\n  - n: 2\n",
                   [&](YamlMap& root) {
                     root.ReadMaps("list", [&](YamlMap& item) { item.Read("n", n, 0U, 9U); });
                     root.Read("n", n, 0U, 9U);
                   }),
            "f.yaml:1: unknown key 'x'; known keys: list, n\n"
            "f.yaml:2: key 'n': found '-1', wanted a whole number from 0 to 9\n"
            "f.yaml:4: key 'n': found 'a', wanted a whole number from 0 to 9");
  EXPECT_EQ(n, 2U);
}

TEST(Yaml, SyntaxErrorsAtTheEndHaveTheLastLine) {
  for (const char* text : {"a: 1\nb: [", "a: 1\nb: [\n"}) {
    const std::string errors = Errors(text, [](YamlMap&) { FAIL(); });
    EXPECT_EQ(errors.rfind("f.yaml:2: YAML syntax: ", 0), 0U) << errors;
  }
}

TEST(Yaml, SyntaxErrorsHaveTheirLine) {
  const std::string errors = Errors("a: 1\nb: [1, 2\nc: 3\n", [](YamlMap&) { FAIL(); });
  EXPECT_EQ(errors.rfind("f.yaml:3: YAML syntax: ", 0), 0U) << errors;
}

TEST(Yaml, RefusesASecondDocumentAndAnAliasOfItself) {
  EXPECT_EQ(Errors("{}\n---\na: 1\n", [](YamlMap&) {}), "f.yaml:3: a second document; wanted one");
  EXPECT_EQ(Errors("a: &x [*x]", [](YamlMap& root) { root.Has("a"); }),
            "f.yaml:1: an alias inside the value that it names");
}

TEST(Yaml, AliasesStandForWhatTheyName) {
  std::vector<std::string> a, b;
  EXPECT_EQ(Errors("a: &names [x, y]\nb: *names\n",
                   [&](YamlMap& root) {
                     root.Read("a", a);
                     root.Read("b", b);
                   }),
            "");
  EXPECT_EQ(b, (std::vector<std::string>{"x", "y"}));
}

TEST(Yaml, AnEmptyFileIsAnEmptyMap) {
  bool visited = false;
  EXPECT_EQ(Errors("# nothing here\n", [&](YamlMap&) { visited = true; }), "");
  EXPECT_TRUE(visited);
}

TEST(Yaml, AFileThatCannotBeReadIsSaidSo) {
  EXPECT_EQ(YamlFile::Load("/no/such/file.yaml").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(YamlFile::Load("/").status().ok());
}

}  // namespace
}  // namespace dnsd
