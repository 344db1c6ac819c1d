#include "dnsd/wire/reader.h"

#include <gtest/gtest.h>

#include "tests/octets.h"

namespace dnsd::wire {
namespace {

using std::string_literals::operator""s;

TEST(Reader, ReadsNumbersInNetworkOrder) {
  const std::string message = "\x01\x02\x03\x84\x05\x06\x07"s;
  Reader in(Octets(message));
  EXPECT_EQ(in.U8(), 0x01);
  EXPECT_EQ(in.U16(), 0x0203);
  EXPECT_EQ(in.U32(), 0x84050607U);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.left(), 0U);
  EXPECT_EQ(in.offset(), 7U);
}

TEST(Reader, FailsAtTheFirstReadPastTheEndAndStaysSo) {
  const std::string message = "\x01\x02\x03"s;
  Reader in(Octets(message));
  EXPECT_EQ(in.U32(), 0U);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.U8(), 0U);
  EXPECT_TRUE(in.Bytes(0).empty());
  EXPECT_TRUE(in.Bytes(1).empty());
  EXPECT_EQ(in.offset(), 0U);
}

TEST(Reader, ReadsUpToTheEndAndNotAnOctetMore) {
  const std::string message = "abc";
  Reader whole(Octets(message));
  EXPECT_EQ(Text(whole.Bytes(3)), "abc");
  EXPECT_TRUE(whole.Bytes(0).empty());
  EXPECT_TRUE(whole.ok());
  Reader more(Octets(message));
  EXPECT_TRUE(more.Bytes(4).empty());
  EXPECT_FALSE(more.ok());
  Reader wrapping(Octets(message));
  wrapping.U8();
  EXPECT_TRUE(wrapping.Bytes(SIZE_MAX).empty());
  EXPECT_FALSE(wrapping.ok());
}

TEST(Reader, GivesWhatWasReadSinceAnOffset) {
  const std::string message = "abcdef";
  Reader in(Octets(message));
  in.U8();
  const std::size_t start = in.offset();
  in.U16();
  EXPECT_EQ(Text(in.Since(start)), "bc");
  EXPECT_EQ(Text(in.Since(in.offset())), "");
}

}  // namespace
}  // namespace dnsd::wire
