#include "dnsd/wire/writer.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/octets.h"

namespace dnsd::wire {
namespace {

using std::string_literals::operator""s;

// A message under way, in a buffer of exactly `capacity` octets, so that a sanitizer sees a write
// past it.
class WriterTest : public ::testing::Test {
 protected:
  void Start(std::size_t capacity) {
    buffer_.assign(capacity, 0xEE);
    out_ = Writer(buffer_);
  }
  void Put(const std::string& name) { out_.CompressedName(Octets(name)); }
  std::string Written() const { return Text(std::span(buffer_).first(out_.size())); }

  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(512);
  Writer out_{buffer_};
};

TEST_F(WriterTest, WritesNumbersInNetworkOrder) {
  out_.U8(0x01);
  out_.U16(0x0283);
  out_.U32(0x84050607U);
  EXPECT_EQ(Written(), "\x01\x02\x83\x84\x05\x06\x07"s);
}

TEST_F(WriterTest, FillsTheBufferAndNotAnOctetMore) {
  Start(4);
  out_.U32(1);
  EXPECT_TRUE(out_.ok());
  out_.U8(1);
  EXPECT_FALSE(out_.ok());
  EXPECT_EQ(out_.size(), 4U);
  out_.Bytes({});
  EXPECT_FALSE(out_.ok());
}

TEST_F(WriterTest, WritesNothingOfWhatDoesNotFitWhole) {
  Start(3);
  out_.U32(1);
  EXPECT_FALSE(out_.ok());
  EXPECT_EQ(out_.size(), 0U);
  out_.U8(1);  // would fit, but the writer has failed
  EXPECT_EQ(out_.size(), 0U);
  out_.RewindTo(0);
  out_.U8(1);
  EXPECT_TRUE(out_.ok());
}

TEST_F(WriterTest, KeepsReservedRoomUntilItIsGivenBack) {
  Start(10);
  out_.Reserve(4);
  out_.Bytes(Octets("123456"));
  EXPECT_TRUE(out_.ok());
  out_.U8(7);
  EXPECT_FALSE(out_.ok());
  out_.RewindTo(6);
  out_.Reserve(0);
  out_.U32(7);
  EXPECT_TRUE(out_.ok());
  EXPECT_EQ(out_.size(), 10U);
}

TEST_F(WriterTest, FailsWhenMoreIsReservedThanThereIs) {
  Start(3);
  out_.Reserve(4);
  out_.U8(1);
  EXPECT_FALSE(out_.ok());
}

TEST_F(WriterTest, PointsAtAnEqualNameWrittenBefore) {
  Put("\3www\7example\0"s);
  Put("\3www\7example\0"s);
  EXPECT_EQ(Written(), "\3www\7example\0\xC0\x00"s);
}

TEST_F(WriterTest, PointsAtTheLongestSuffixWrittenBefore) {
  Put("\7example\0"s);          // at 0
  Put("\3www\7example\0"s);     // at 9
  Put("\1a\3www\7example\0"s);  // at 15: a, then a pointer to 9
  Put("\3ftp\7example\0"s);     // ftp, then a pointer to 0
  EXPECT_EQ(Written(), "\7example\0\3www\xC0\x00\1a\xC0\x09\3ftp\xC0\x00"s);
}

TEST_F(WriterTest, WritesTheRootAsItsOneOctet) {
  Put("\0"s);
  Put("\0"s);
  EXPECT_EQ(Written(), "\0\0"s);
}

TEST_F(WriterTest, DoesNotMistakeTheEndOfALabelForAName) {
  Put("\2ab\0"s);
  Put("\1b\0"s);
  EXPECT_EQ(Written(), "\2ab\0\1b\0"s);
}

TEST_F(WriterTest, PointsIntoAQnameWhateverItsCase) {
  out_.Bytes(Octets("0123456789AB"));
  out_.Bytes(Octets("\3wWw\7eXample\0"s));
  const Name qname = *Name::Parse("www.example");
  out_.RememberQname(qname, 12);
  out_.CompressedName(qname.wire());
  Put("\3www\7example\0"s);
  Put("\7example\0"s);
  EXPECT_EQ(Written().substr(25), "\xC0\x0C\xC0\x0C\xC0\x10"s);
}

TEST_F(WriterTest, WritesARootQnameAsItIs) {
  out_.Bytes(Octets("0123456789AB"));
  out_.Bytes(Octets("\0"s));
  const Name qname;
  out_.RememberQname(qname, 12);
  out_.CompressedName(qname.wire());
  EXPECT_EQ(Written().substr(13), "\0"s);
}

TEST_F(WriterTest, PointsUpTo0x3FffAndNotBeyond) {
  for (const std::size_t at : {0x3FFFU, 0x4000U}) {
    SCOPED_TRACE(at);
    Start(0x5000);
    out_.Bytes(std::vector<std::uint8_t>(at));
    Put("\1a\0"s);
    Put("\1a\0"s);
    EXPECT_EQ(Written().substr(at), at == 0x3FFF ? "\1a\0\xFF\xFF"s : "\1a\0\1a\0"s);
  }
}

TEST_F(WriterTest, PointsAtTheNearHalfOfANameThatCrosses0x4000) {
  Start(0x5000);
  out_.Bytes(std::vector<std::uint8_t>(0x3FFE));
  Put("\1a\1b\0"s);  // a at 0x3FFE, b at 0x4000
  Put("\1b\0"s);
  Put("\1a\1b\0"s);
  EXPECT_EQ(Written().substr(0x3FFE), "\1a\1b\0\1b\0\xFF\xFE"s);
}

TEST_F(WriterTest, ForgetsTheNamesItRewindsOver) {
  Put("\7example\0"s);
  const std::size_t start = out_.size();
  Put("\3www\7example\0"s);
  out_.RewindTo(start);
  Put("\3www\7example\0"s);
  Put("\3www\7example\0"s);
  EXPECT_EQ(Written(), "\7example\0\3www\xC0\x00\xC0\x09"s);
}

TEST_F(WriterTest, ForgetsANameThatDidNotFit) {
  Start(12);
  Put("\7example\0"s);
  Put("\5there\7example\0"s);
  EXPECT_FALSE(out_.ok());
  out_.RewindTo(9);
  Put("\1a\0"s);
  EXPECT_TRUE(out_.ok());
  EXPECT_EQ(Written(), "\7example\0\1a\0"s);
}

TEST_F(WriterTest, WritesNamesPlainlyOnceItKnowsTooMany) {
  Start(8192);
  for (int i = 0; i < 300; ++i) {
    const std::string name = "\4" + std::to_string(1000 + i) + "\7example\0"s;
    Put(name);
  }
  EXPECT_TRUE(out_.ok());
  const std::size_t before = out_.size();
  Put("\4\61\62\71\71\7example\0"s);  // 1299, too late to be known
  EXPECT_EQ(Written().substr(before), "\4\61\62\71\71\xC0\x05"s);
}

TEST_F(WriterTest, OverwritesTwoOctets) {
  out_.U32(0);
  out_.Patch16(1, 0xABCD);
  EXPECT_EQ(Written(), "\x00\xAB\xCD\x00"s);
}

TEST_F(WriterTest, CompressesTheNamesInRdataOfOldTypesAlone) {
  const std::string target = "\7example\0"s;
  const struct {
    RrType type;
    std::string rdata;
    std::string want;  // behind the name at 0, with its length
  } cases[] = {
      {RrType::kNs, target, "\x00\x02\xC0\x00"s},
      {RrType::kCname, target, "\x00\x02\xC0\x00"s},
      {RrType::kPtr, target, "\x00\x02\xC0\x00"s},
      {RrType::kMx, "\x00\x0A"s + target, "\x00\x04\x00\x0A\xC0\x00"s},
      {RrType::kMinfo, target + target, "\x00\x04\xC0\x00\xC0\x00"s},
      {RrType::kSoa, target + "\1h" + target + "12345678901234567890",
       "\x00\x1A\xC0\x00\1h\xC0\x00\61\62\63\64\65\66\67\70\71\60\61\62\63\64\65\66\67\70\71\60"s},
      {RrType::kDname, target, "\x00\x09"s + target},
      {RrType::kSrv, "\0\0\0\0\0\5"s + target, "\x00\x0F\0\0\0\0\0\5"s + target},
      {RrType::kTxt, "\3abc", "\x00\x04\3abc"s},
      {static_cast<RrType>(65534), "", "\x00\x00"s},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(static_cast<int>(c.type));
    Start(512);
    Put(target);
    WriteRecordBody(out_, c.type, 0x01020304, Octets(c.rdata));
    const std::string type = {static_cast<char>(static_cast<int>(c.type) >> 8),
                              static_cast<char>(c.type)};
    EXPECT_EQ(Written().substr(target.size()), type + "\0\1\1\2\3\4"s + c.want);
  }
}

TEST_F(WriterTest, PointsIntoTheNamesThatStandWholeInRdata) {
  const std::string target = "\1T\7Example\0"s;  // as the zone file has it
  const struct {
    RrType type;
    std::string before;
  } cases[] = {{RrType::kDname, ""},
               {RrType::kSrv, "\0\0\0\0\0\5"s},
               {RrType::kSvcb, "\0\1"s},
               {RrType::kHttps, "\0\1"s}};
  for (const auto& c : cases) {
    SCOPED_TRACE(static_cast<int>(c.type));
    Start(512);
    WriteRecordBody(out_, c.type, 0, Octets(c.before + target));
    const std::size_t end = out_.size();
    const auto at = static_cast<char>(10 + c.before.size());
    Put("\1x\1t\7example\0"s);
    EXPECT_EQ(Written().substr(end), "\1x\xC0"s + at);
  }
}

TEST_F(WriterTest, PointsAtNoNameInRdataThatIsNone) {
  WriteRecordBody(out_, RrType::kSrv, 0, Octets("\0\0\0\0\0\5\7exam"s));
  const std::size_t end = out_.size();
  Put("\4exam\0"s);
  EXPECT_EQ(Written().substr(end), "\4exam\0"s);
}

TEST_F(WriterTest, KnowsTheEndOfAQnameOfManyLabels) {
  std::string name;
  for (int i = 0; i < 119; ++i) name += "\1q"s;
  name += "\7example\0"s;
  const auto qname = Name::FromWire(Octets(name));
  Start(1024);
  out_.Bytes(Octets(name));
  out_.RememberQname(*qname, 0);
  Put("\2ns\7example\0"s);
  EXPECT_EQ(Written().substr(name.size()), "\2ns\xC0\xEE"s);  // 2 * 119
}

TEST_F(WriterTest, LeavesTheWriterFailedWhenRdataDoesNotFit) {
  for (const std::size_t room : {22U, 23U}) {
    SCOPED_TRACE(room);
    Start(room);
    Put("\7example\0"s);
    WriteRecordBody(out_, RrType::kMx, 0, Octets("\x00\x0A\7example\0"s));
    EXPECT_EQ(out_.ok(), room == 23);
  }
}

TEST(NameSize, CountsUpToTheRoot) {
  EXPECT_EQ(NameSize(Octets("\0"s)), 1U);
  EXPECT_EQ(NameSize(Octets("\3www\1a\0rest"s)), 7U);
}

}  // namespace
}  // namespace dnsd::wire
