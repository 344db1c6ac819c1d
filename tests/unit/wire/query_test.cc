#include "dnsd/wire/query.h"

#include <gtest/gtest.h>

#include "tests/octets.h"

namespace dnsd::wire {
namespace {

using std::string_literals::operator""s;

// ID 0x1234, RD, one question; then the counts of the other sections.
std::string Header(const std::string& counts = "\0\0\0\0\0\0"s) {
  return "\x12\x34\x01\x00\x00\x01"s + counts;
}
const std::string kOneMore = "\0\0\0\0\0\1"s;  // one additional record
const std::string kQuestion = "\3wWw\7example\0\0\1\0\1"s;
// OPT of 1232 octets, version 0, no flags, no options.
const std::string kOpt = "\0\0\x29\x04\xD0\0\0\0\0\0\0"s;

// The header of a message with an additional record and nothing else.
const std::string kNoQuestion = "\x12\x34\x01\x00\0\0\0\0\0\0\0\1"s;

std::string OptWith(const std::string& options) {
  return "\0\0\x29\x04\xD0\0\0\0\0\0"s + static_cast<char>(options.size()) + options;
}
std::string Option(char code, const std::string& data) {
  return "\0"s + code + "\0"s + static_cast<char>(data.size()) + data;
}
std::string Subnet(const std::string& data) {
  return Header(kOneMore) + kQuestion + OptWith(Option('\x08', data));
}

TEST(ReadQuery, ReadsHeaderAndQuestion) {
  const std::string message = Header() + kQuestion;
  Query query;
  ASSERT_EQ(ReadQuery(Octets(message), query), QueryFault::kNone);
  EXPECT_EQ(query.id, 0x1234);
  EXPECT_EQ(query.opcode, Opcode::kQuery);
  EXPECT_TRUE(query.recursion_desired);
  EXPECT_FALSE(query.checking_disabled);
  EXPECT_EQ(query.name, *Name::Parse("www.example"));
  EXPECT_EQ(query.type, RrType::kA);
  EXPECT_EQ(query.qclass, RrClass::kIn);
  EXPECT_EQ(Text(query.question), kQuestion) << "the case as asked";
  EXPECT_FALSE(query.edns.present);
}

TEST(ReadQuery, ReadsEdns) {
  const std::string message = Header(kOneMore) + kQuestion + "\0\0\x29\x10\x00\0\0\x80\0\0\0"s;
  Query query;
  ASSERT_EQ(ReadQuery(Octets(message), query), QueryFault::kNone);
  EXPECT_TRUE(query.edns.present);
  EXPECT_TRUE(query.edns.dnssec_ok);
  EXPECT_EQ(query.edns.udp_size, 4096);
  EXPECT_EQ(query.edns.version, 0);
  EXPECT_FALSE(query.edns.subnet.present);
}

TEST(ReadQuery, NamesTheFaultOfEachMessage) {
  const std::string record = "\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4"s;  // . 0 IN A 1.2.3.4
  const struct {
    const char* shape;
    std::string message;
    QueryFault want;
  } cases[] = {
      {"nothing", "", QueryFault::kNoResponse},
      {"11 octets", Header().substr(0, 11), QueryFault::kNoResponse},
      {"a header that counts a question", Header(), QueryFault::kFormErr},
      {"a response", "\x12\x34\x80\x00\0\1\0\0\0\0\0\0"s + kQuestion, QueryFault::kNoResponse},
      {"a response of another opcode", "\x12\x34\xA0\x00\0\1\0\0\0\0\0\0"s + kQuestion,
       QueryFault::kNoResponse},
      {"no question", "\x12\x34\x01\x00\0\0\0\0\0\0\0\0"s, QueryFault::kFormErr},
      {"two questions", "\x12\x34\x01\x00\0\2\0\0\0\0\0\0"s + kQuestion + kQuestion,
       QueryFault::kFormErr},
      {"QCLASS cut short", Header() + kQuestion.substr(0, kQuestion.size() - 1),
       QueryFault::kFormErr},
      {"QNAME cut short", Header() + "\3ww", QueryFault::kFormErr},
      {"QNAME a pointer", Header() + "\xC0\x0C\0\1\0\1"s, QueryFault::kFormErr},
      {"an octet left over", Header() + kQuestion + "\0"s, QueryFault::kFormErr},
      {"an answer", Header("\0\1\0\0\0\0"s) + kQuestion + record, QueryFault::kFormErr},
      {"an authority record", Header("\0\0\0\1\0\0"s) + kQuestion + record, QueryFault::kFormErr},
      {"IXFR with its authority record",
       Header("\0\0\0\1\0\0"s) + "\1a\0\0\xFB\0\1"s + "\xC0\x0C\0\6\0\1\0\0\0\0\0\0"s,
       QueryFault::kNone},
      {"IXFR that counts one more",
       Header("\0\0\0\2\0\0"s) + "\1a\0\0\xFB\0\1"s + "\xC0\x0C\0\6\0\1\0\0\0\0\0\0"s,
       QueryFault::kFormErr},
      {"an additional record that is no OPT", Header(kOneMore) + kQuestion + record,
       QueryFault::kNone},
      {"an additional record missing", Header(kOneMore) + kQuestion, QueryFault::kFormErr},
      {"rdata longer than the message",
       Header(kOneMore) + kQuestion + record.substr(0, record.size() - 1), QueryFault::kFormErr},
      {"an owner name that ends in a pointer",
       Header(kOneMore) + kQuestion + "\1a\xC0\x0C"s + record.substr(1), QueryFault::kNone},
      {"an owner name of an unknown label type",
       Header(kOneMore) + kQuestion + "\x80\0"s + record.substr(1), QueryFault::kFormErr},
      {"a pointer cut in half", Header(kOneMore) + kQuestion + "\xC0", QueryFault::kFormErr},
      {"OPT", Header(kOneMore) + kQuestion + kOpt, QueryFault::kNone},
      {"OPT cut short", Header(kOneMore) + kQuestion + kOpt.substr(0, 10), QueryFault::kFormErr},
      {"OPT not owned by the root", Header(kOneMore) + kQuestion + "\1a"s + kOpt,
       QueryFault::kFormErr},
      {"OPT behind another record", Header("\0\0\0\0\0\2"s) + kQuestion + record + kOpt,
       QueryFault::kNone},
      {"two OPT", Header("\0\0\0\0\0\2"s) + kQuestion + kOpt + kOpt, QueryFault::kFormErr},
      {"OPT left over", Header() + kQuestion + kOpt, QueryFault::kFormErr},
      {"EDNS version 1", Header(kOneMore) + kQuestion + "\0\0\x29\x04\xD0\0\1\0\0\0\0"s,
       QueryFault::kBadVers},
      {"EDNS version 255 with options nobody can read",
       Header(kOneMore) + kQuestion + "\0\0\x29\x04\xD0\0\xFF\0\0\0\1x"s, QueryFault::kBadVers},
      {"an unknown option", Header(kOneMore) + kQuestion + OptWith(Option('\x63', "xyz")),
       QueryFault::kNone},
      {"an empty option", Header(kOneMore) + kQuestion + OptWith(Option('\x03', "")),
       QueryFault::kNone},
      {"an option longer than OPT", Header(kOneMore) + kQuestion + OptWith("\0\x63\0\4xyz"s),
       QueryFault::kFormErr},
      {"half an option's header", Header(kOneMore) + kQuestion + OptWith("\0\x63\0"s),
       QueryFault::kFormErr},
      {"NOTIFY", "\x12\x34\x20\x00\0\1\0\0\0\0\0\0"s + kQuestion, QueryFault::kNotImp},
      {"UPDATE, its counts meaning other things", "\x12\x34\x28\x00\0\1\0\0\0\1\0\0"s + kQuestion,
       QueryFault::kNotImp},
      {"IQUERY without a question", "\x12\x34\x08\x00\0\0\0\1\0\0\0\0"s, QueryFault::kNotImp},
      {"opcode 15", "\x12\x34\x78\x00\0\1\0\0\0\0\0\0"s + kQuestion, QueryFault::kNotImp},
      {"no question, an OPT", kNoQuestion + kOpt, QueryFault::kFormErr},
      {"no question, a cookie", kNoQuestion + OptWith(Option('\x0A', "01234567")),
       QueryFault::kNoQuestion},
      {"no question, a cookie of 7 octets", kNoQuestion + OptWith(Option('\x0A', "0123456")),
       QueryFault::kFormErr},
      {"no question, a cookie, and something left over",
       kNoQuestion + OptWith(Option('\x0A', "01234567")) + "x", QueryFault::kFormErr},
      {"no question, a cookie, an authority record",
       "\x12\x34\x01\x00\0\0\0\0\0\1\0\1"s + record + OptWith(Option('\x0A', "01234567")),
       QueryFault::kFormErr},
      {"no question, EDNS version 1", kNoQuestion + "\0\0\x29\x04\xD0\0\1\0\0\0\0"s,
       QueryFault::kBadVers},
      {"a cookie without a question in another opcode",
       "\x12\x34\x10\x00\0\0\0\0\0\0\0\1"s + OptWith(Option('\x0A', "01234567")),
       QueryFault::kNotImp},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    Query query;
    EXPECT_EQ(ReadQuery(Octets(c.message), query), c.want);
  }
}

TEST(ReadQuery, SeesTheOptOfAQueryItDoesNotImplement) {
  Query query;
  const std::string notify = "\x12\x34\x20\x00\0\1\0\0\0\0\0\1"s + kQuestion;
  EXPECT_EQ(ReadQuery(Octets(notify + OptWith("")), query), QueryFault::kNotImp);
  EXPECT_TRUE(query.edns.present);
  EXPECT_EQ(ReadQuery(Octets(notify), query), QueryFault::kNotImp);
  EXPECT_FALSE(query.edns.present);
}

TEST(ReadQuery, KeepsWhatItReadBeforeTheFault) {
  const struct {
    const char* shape;
    std::string message;
    bool question;
    bool edns;
  } cases[] = {
      {"two questions", "\x12\x34\x01\x10\0\2\0\0\0\0\0\0"s + kQuestion + kQuestion, false, false},
      {"QNAME cut short", "\x12\x34\x01\x10\0\1\0\0\0\0\0\0\3ww"s, false, false},
      {"left-overs", "\x12\x34\x01\x10\0\1\0\0\0\0\0\0"s + kQuestion + "x", true, false},
      {"NOTIFY", "\x12\x34\x21\x10\0\1\0\0\0\0\0\0"s + kQuestion, true, false},
      {"two OPT", "\x12\x34\x01\x10\0\1\0\0\0\0\0\2"s + kQuestion + kOpt + kOpt, true, true},
      {"a bad option", "\x12\x34\x01\x10\0\1\0\0\0\0\0\1"s + kQuestion + OptWith("x"), true, true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    Query query;
    EXPECT_NE(ReadQuery(Octets(c.message), query), QueryFault::kNone);
    EXPECT_EQ(query.id, 0x1234);
    EXPECT_TRUE(query.recursion_desired);
    EXPECT_TRUE(query.checking_disabled);
    EXPECT_EQ(Text(query.question), c.question ? kQuestion : "");
    EXPECT_EQ(query.edns.present, c.edns);
    EXPECT_FALSE(query.edns.subnet.present);
  }
}

// RFC 7873 §5.2: 8 octets, or 16 to 40.
TEST(ReadCookie, TakesTheSizesThatTheRfcAllows) {
  for (std::size_t size = 0; size <= 64; ++size) {
    SCOPED_TRACE(size);
    const std::string cookie = std::string("0123456789").append(54, 'c').substr(0, size);
    const std::string message = Header(kOneMore) + kQuestion + OptWith(Option('\x0A', cookie));
    Query query;
    const bool good = size == 8 || (size >= 16 && size <= 40);
    EXPECT_EQ(ReadQuery(Octets(message), query), good ? QueryFault::kNone : QueryFault::kFormErr);
    EXPECT_EQ(Text(query.edns.cookie), good ? cookie : "");
  }
}

TEST(ReadCookie, TheFirstOfSeveralCounts) {
  const std::string options = Option('\x0A', "01234567") + Option('\x0A', "abcdefgh") +
                              Option('\x0A', "of a size that would be wrong");
  const std::string message = Header(kOneMore) + kQuestion + OptWith(options);
  Query query;
  ASSERT_EQ(ReadQuery(Octets(message), query), QueryFault::kNone);
  EXPECT_EQ(Text(query.edns.cookie), "01234567");
}

TEST(ReadCookie, ACookieWithoutAQuestionIsKept) {
  const std::string message = kNoQuestion + OptWith(Option('\x0A', "01234567"));
  Query query;
  ASSERT_EQ(ReadQuery(Octets(message), query), QueryFault::kNoQuestion);
  EXPECT_EQ(query.id, 0x1234);
  EXPECT_TRUE(query.question.empty());
  EXPECT_EQ(Text(query.edns.cookie), "01234567");
}

TEST(ReadOptions, SeesWhatEachOptionAsksFor) {
  const struct {
    const char* shape;
    std::string options;
    bool nsid;
    Keepalive keepalive;
  } cases[] = {
      {"none", "", false, Keepalive::kNone},
      {"NSID", Option('\3', ""), true, Keepalive::kNone},
      {"NSID with octets that mean nothing in a query", Option('\3', "abc"), true,
       Keepalive::kNone},
      {"keepalive", Option('\x0B', ""), false, Keepalive::kAsked},
      {"keepalive with a timeout", Option('\x0B', "\0\1"s), false, Keepalive::kMalformed},
      {"keepalive of one octet", Option('\x0B', "x"), false, Keepalive::kMalformed},
      {"keepalive twice, once with a timeout", Option('\x0B', "\0\1"s) + Option('\x0B', ""), false,
       Keepalive::kMalformed},
      {"all, with one that nobody knows between",
       Option('\x0B', "") + Option('\x63', "x") + Option('\3', ""), true, Keepalive::kAsked},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    const std::string message = Header(kOneMore) + kQuestion + OptWith(c.options);
    Query query;
    ASSERT_EQ(ReadQuery(Octets(message), query), QueryFault::kNone);
    EXPECT_EQ(query.edns.nsid, c.nsid);
    EXPECT_EQ(query.edns.keepalive, c.keepalive);
    EXPECT_TRUE(query.edns.cookie.empty());
  }
}

// Of what is refused as a whole, no option is answered.
TEST(ReadOptions, AreForgottenWithTheOpcode) {
  const std::string options = Option('\3', "") + Option('\x0A', "01234567") + Option('\x0B', "");
  const std::string notify = "\x12\x34\x20\x00\0\1\0\0\0\0\0\1"s + kQuestion + OptWith(options);
  Query query;
  EXPECT_EQ(ReadQuery(Octets(notify), query), QueryFault::kNotImp);
  EXPECT_TRUE(query.edns.present);
  EXPECT_FALSE(query.edns.nsid);
  EXPECT_TRUE(query.edns.cookie.empty());
  EXPECT_EQ(query.edns.keepalive, Keepalive::kNone);
}

TEST(ReadClientSubnet, ReadsAPrefixCutToWholeOctets) {
  const struct {
    const char* shape;
    std::string data;
    unsigned length;
    const char* address;
  } cases[] = {
      {"/24", "\0\1\x18\0\xC0\0\2"s, 24, "192.0.2.0"},
      {"/32", "\0\1\x20\0\xC0\0\2\1"s, 32, "192.0.2.1"},
      {"/25: 25 bits take four octets", "\0\1\x19\0\xC0\0\2\x80"s, 25, "192.0.2.128"},
      {"/1", "\0\1\1\0\x80"s, 1, "128.0.0.0"},
      {"/0", "\0\1\0\0"s, 0, "0.0.0.0"},
      {"IPv6 /56", "\0\2\x38\0\x20\1\x0D\xB8\0\0\1"s, 56, "2001:db8:0:100::"},
      {"IPv6 /128", "\0\2\x80\0\x20\1\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\1"s, 128, "2001:db8::1"},
      {"IPv6 /0", "\0\2\0\0"s, 0, "::"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    const std::string message = Subnet(c.data);
    Query query;
    ASSERT_EQ(ReadQuery(Octets(message), query), QueryFault::kNone);
    EXPECT_TRUE(query.edns.subnet.present);
    EXPECT_EQ(query.edns.subnet.source_length, c.length);
    EXPECT_EQ(query.edns.subnet.address.ToString(), c.address);
  }
}

// RFC 7871 §6 and §7.1.2.
TEST(ReadClientSubnet, RefusesWhatTheRfcForbids) {
  const struct {
    const char* shape;
    std::string data;
  } cases[] = {
      {"empty", ""},
      {"cut before the scope", "\0\1\x18"s},
      {"family 3", "\0\3\x18\0\xC0\0\2"s},
      {"family 0 with a prefix", "\0\0\x08\0\xC0"s},
      {"a scope in a query", "\0\1\x18\x18\xC0\0\2"s},
      {"an octet too few", "\0\1\x18\0\xC0\0"s},
      {"an octet too many", "\0\1\x18\0\xC0\0\2\0"s},
      {"/33", "\0\1\x21\0\xC0\0\2\1\0"s},
      {"IPv6 /129", "\0\2\x81\0\x20\1\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\1\0"s},
      {"a bit set past /23", "\0\1\x17\0\xC0\0\3"s},
      {"a bit set past /25", "\0\1\x19\0\xC0\0\2\xC0"s},
      {"/0 with an octet", "\0\1\0\0\0"s},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    const std::string message = Subnet(c.data);
    Query query;
    EXPECT_EQ(ReadQuery(Octets(message), query), QueryFault::kFormErr);
    EXPECT_FALSE(query.edns.subnet.present);
  }
}

TEST(ReadClientSubnet, RefusesASecondOne) {
  const std::string one = Option('\x08', "\0\1\x08\0\x0A"s);
  const std::string message = Header(kOneMore) + kQuestion + OptWith(one + one);
  Query query;
  EXPECT_EQ(ReadQuery(Octets(message), query), QueryFault::kFormErr);
}

}  // namespace
}  // namespace dnsd::wire
