#include "dnsd/base/printable.h"

#include <gtest/gtest.h>

namespace dnsd {
namespace {

using namespace std::string_literals;

TEST(Printable, ReplacesWhatCouldCommandATerminal) {
  const struct {
    const char* shape;
    std::string text, want;
  } cases[] = {
      {"nothing", "", ""},
      {"text", "web1 ~", "web1 ~"},
      {"escape, line end, NUL, DEL", "a\x1B[2J\n\0\x7F"s, "a?[2J???"},
      {"U+0080 and U+009F", "a\xC2\x80\xC2\x9Fz", "a??z"},
      {"U+00A0 is none", "\xC2\xA0", "\xC2\xA0"},
      {"a continuation of another character", "\xE2\x82\x80", "\xE2\x82\x80"},
      {"a lead octet at the end", "a\xC2", "a\xC2"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    EXPECT_EQ(Printable(c.text), c.want);
  }
}

}  // namespace
}  // namespace dnsd
