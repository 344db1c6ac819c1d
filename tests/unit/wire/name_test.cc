#include "dnsd/wire/name.h"

#include <gtest/gtest.h>

#include "tests/octets.h"

namespace dnsd::wire {
namespace {

using std::string_literals::operator""s;

// 127 labels of one octet: with the root's 255 octets.
std::string MostLabels(std::size_t labels = 127) {
  std::string wire;
  for (std::size_t i = 0; i < labels; ++i) wire += "\1x";
  return wire + '\0';
}

TEST(ReadName, TellsWhichRuleAMalformedNameBreaks) {
  const std::string three = Label(63) + Label(63) + Label(63);
  const struct {
    const char* shape;
    std::string message;
    WireError want;
  } cases[] = {
      {"nothing at all", "", WireError::kTruncated},
      {"no root", "\3www", WireError::kTruncated},
      {"label longer than the message", "\3ww", WireError::kTruncated},
      {"length octet alone", "\1", WireError::kTruncated},
      {"compression pointer", "\xC0\x0C", WireError::kLabelType},
      {"pointer behind a label", "\1a\xC0\x0C", WireError::kLabelType},
      {"label of 64 octets", Label(64) + "\0"s, WireError::kLabelType},
      {"extended label type", "\x41\1", WireError::kLabelType},
      {"256 octets", three + Label(62) + "\0"s, WireError::kNameTooLong},
      {"128 labels", MostLabels(128), WireError::kNameTooLong},
      {"256 octets, cut before the last label ends", three + Label(62).substr(0, 9),
       WireError::kNameTooLong},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    Reader in(Octets(c.message));
    Name name;
    EXPECT_EQ(ReadName(in, name), c.want);
  }
}

TEST(ReadName, TakesTheLongestThereIs) {
  const struct {
    const char* shape;
    std::string message;
    std::size_t labels;
  } cases[] = {
      {"the root", "\0"s, 0},
      {"label of 63 octets", Label(63) + "\0"s, 1},
      {"255 octets", Label(63) + Label(63) + Label(63) + Label(61) + "\0"s, 4},
      {"127 labels", MostLabels(), 127},
      {"any octet in a label", "\5\0\xFF.\\ \0"s, 1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    Reader in(Octets(c.message));
    Name name;
    ASSERT_EQ(ReadName(in, name), WireError::kNone);
    EXPECT_EQ(Text(name.wire()), c.message);
    EXPECT_EQ(name.label_count(), c.labels);
    EXPECT_EQ(in.left(), 0U);
  }
}

TEST(ReadName, LowersLettersOnlyAndLeavesWhatFollows) {
  const std::string message = "\3WwW\4@[\xC1Z\0rest"s;
  Reader in(Octets(message));
  Name name;
  ASSERT_EQ(ReadName(in, name), WireError::kNone);
  EXPECT_EQ(Text(name.wire()), "\3www\4@[\xC1z\0"s);
  EXPECT_EQ(in.left(), 4U);
}

TEST(NameFromWire, TakesExactlyOneName) {
  EXPECT_TRUE(Name::FromWire(Octets("\1a\0"s)));
  EXPECT_FALSE(Name::FromWire(Octets("\1a\0b"s)));
  EXPECT_FALSE(Name::FromWire(Octets("\1a"s)));
  EXPECT_FALSE(Name::FromWire({}));
}

TEST(NameParse, ReadsPresentationFormat) {
  const struct {
    const char* text;
    std::string wire;
  } cases[] = {
      {".", "\0"s},
      {"a", "\1a\0"s},
      {"WWW.Example.", "\3www\7example\0"s},
      {"a\\.b.c.", "\3a.b\1c\0"s},
      {"\\065\\066.", "\2ab\0"s},
      {"\\000\\255.", "\2\0\xFF\0"s},
      {"a\\\\b", "\3a\\b\0"s},
      {"*.example", "\1*\7example\0"s},
      {"\\@.x y", "\1@\3x y\0"s},
      {"a\\..", "\2a.\0"s},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto name = Name::Parse(c.text);
    ASSERT_TRUE(name);
    EXPECT_EQ(Text(name->wire()), c.wire);
  }
}

TEST(NameParse, RefusesWhatIsNoName) {
  for (const char* text : {"", "..", ".a", "a..", "a..b", "a\\", "a\\1", "a\\12", "a\\256",
                           "a\\1x2", "a.\\", "\\999."}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(Name::Parse(text));
  }
}

TEST(NameParse, KnowsBothSidesOfEachLimit) {
  const auto letters = [](std::size_t count) { return std::string(count, 'a'); };
  const std::string three = letters(63) + "." + letters(63) + "." + letters(63) + ".";
  const std::string escaped63 = [] {
    std::string text;
    for (int i = 0; i < 63; ++i) text += "\\097";
    return text;
  }();
  EXPECT_TRUE(Name::Parse(letters(63)));
  EXPECT_FALSE(Name::Parse(letters(64)));
  EXPECT_TRUE(Name::Parse(letters(63) + "."));
  EXPECT_FALSE(Name::Parse(letters(64) + ".a"));
  EXPECT_TRUE(Name::Parse(escaped63));
  EXPECT_FALSE(Name::Parse(escaped63 + "\\097"));
  for (const char* dot : {"", "."}) {
    SCOPED_TRACE(dot);
    const auto longest = Name::Parse(three + letters(61) + dot);
    ASSERT_TRUE(longest);
    EXPECT_EQ(longest->wire().size(), 255U);
    EXPECT_FALSE(Name::Parse(three + letters(62) + dot));
    EXPECT_FALSE(Name::Parse(three + letters(59) + ".a" + dot + "b"));
    EXPECT_TRUE(Name::Parse(three + letters(59) + ".a" + dot));
    EXPECT_FALSE(Name::Parse(three + letters(60) + ".a" + dot));
  }
}

TEST(NameToString, EscapesWhatAZoneFileWouldMisread) {
  const struct {
    std::string wire;
    const char* text;
  } cases[] = {
      {"\0"s, "."},
      {"\3www\7example\0"s, "www.example."},
      {"\3a.b\0"s, "a\\.b."},
      {"\1@\0"s, "\\@."},
      {"\6\\\"();$\0"s, "\\\\\\\"\\(\\)\\;\\$."},
      {"\4\0 \x7F\xFF\0"s, "\\000\\032\\127\\255."},
      {"\1*\1_\0"s, "*._."},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(NameToString(Octets(c.wire)), c.text);
    const auto back = Name::Parse(c.text);
    ASSERT_TRUE(back);
    EXPECT_EQ(Text(back->wire()), c.wire);
  }
}

TEST(NameHash, GrowsLabelByLabelFromTheRoot) {
  const auto hash = [](std::uint64_t parent, const char* label) {
    return HashLabel(parent, Octets(label));
  };
  EXPECT_EQ(Name().Hash(), kRootHash);
  const std::uint64_t example = hash(kRootHash, "example");
  EXPECT_EQ(Name::Parse("example")->Hash(), example);
  EXPECT_EQ(Name::Parse("WWW.example")->Hash(), hash(example, "www"));
  // Either side of the eight octets that are taken at once.
  for (const char* label : {"1234567", "12345678", "123456789", "1234567812345678"}) {
    SCOPED_TRACE(label);
    EXPECT_EQ(Name::Parse(label + ".example"s)->Hash(), hash(example, label));
  }
}

TEST(NameHash, TellsNamesOfTheSameOctetsApart) {
  const auto hash = [](const char* text) { return Name::Parse(text)->Hash(); };
  EXPECT_NE(hash("a.b"), hash("b.a"));
  EXPECT_NE(hash("a.b"), hash("a\\.b"));
  EXPECT_NE(hash("ab"), hash("a.b"));
  EXPECT_NE(hash("a\\000"), hash("a"));
  EXPECT_NE(hash("12345678"), hash("12345678\\000"));
}

TEST(Name, KnowsItsLabelsAndAncestors) {
  const Name name = *Name::Parse("a.bc.example");
  EXPECT_EQ(Text(name.label(1)), "bc");
  EXPECT_EQ(name.label_offset(0), 0U);
  EXPECT_EQ(name.label_offset(2), 5U);
  EXPECT_EQ(name.label_offset(3), 13U);
  EXPECT_EQ(Text(name.suffix(1)), "\2bc\7example\0"s);
  EXPECT_EQ(Text(name.suffix(3)), "\0"s);
}

TEST(Name, LiesAtOrBelowItsAncestorsOnly) {
  const Name example = *Name::Parse("example");
  EXPECT_TRUE(example.IsAtOrBelow(example));
  EXPECT_TRUE(example.IsAtOrBelow(Name()));
  EXPECT_TRUE(Name::Parse("a.b.example")->IsAtOrBelow(example));
  EXPECT_FALSE(Name().IsAtOrBelow(example));
  EXPECT_FALSE(Name::Parse("anexample")->IsAtOrBelow(example));
  EXPECT_FALSE(Name::Parse("example.com")->IsAtOrBelow(example));
  // The octets of ancestor and name end alike, but not at a label's start.
  EXPECT_FALSE(Name::Parse("x\\007example")->IsAtOrBelow(example));
}

TEST(Name, IsAWildcardByItsFirstLabelAlone) {
  EXPECT_TRUE(Name::Parse("*.example")->is_wildcard());
  EXPECT_FALSE(Name::Parse("a.*.example")->is_wildcard());
  EXPECT_FALSE(Name::Parse("**.example")->is_wildcard());
  EXPECT_FALSE(Name().is_wildcard());
}

TEST(Name, CopiesWhollyOverALongerOne) {
  Name name = *Name::Parse("a.very.long.name.indeed.example");
  const Name shorter = *Name::Parse("b.example");
  name = shorter;
  EXPECT_EQ(name, shorter);
  EXPECT_EQ(name.ToString(), "b.example.");
  const Name& itself = name;
  name = itself;
  EXPECT_EQ(name, shorter);
}

}  // namespace
}  // namespace dnsd::wire
