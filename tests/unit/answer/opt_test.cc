#include "dnsd/answer/opt.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/octets.h"

namespace dnsd::answer {
namespace {

using std::string_literals::operator""s;

// The octets written into a buffer of `room` octets.
std::string Written(const wire::Edns& asked, const OptAnswer& answer, std::size_t room = 512,
                    wire::Rcode rcode = wire::Rcode::kNoError) {
  std::vector<std::uint8_t> buffer(room);
  wire::Writer out(buffer);
  WriteOpt(out, asked, answer, rcode, 1232);
  EXPECT_TRUE(out.ok());
  return Text(std::span(buffer).first(out.size()));
}

wire::Edns Asked() {
  wire::Edns asked;
  asked.present = true;
  return asked;
}

TEST(WriteOpt, TellsSizeRcodeVersionAndDo) {
  wire::Edns asked = Asked();
  EXPECT_EQ(Written(asked, {}), "\0\0\x29\4\xD0\0\0\0\0\0\0"s);
  asked.dnssec_ok = true;
  asked.version = 3;
  EXPECT_EQ(Written(asked, {}, 512, wire::Rcode::kBadVers), "\0\0\x29\4\xD0\1\0\x80\0\0\0"s);
}

TEST(WriteOpt, WritesEachOption) {
  wire::Edns asked = Asked();
  OptAnswer nsid;
  const std::string name = "ns1";
  nsid.nsid = Octets(name);
  OptAnswer cookie;
  cookie.cookie = FullCookie{1, 2, 3};
  OptAnswer keepalive;
  keepalive.keepalive = 300;
  OptAnswer error;
  error.error = ExtendedError::kNotAuthoritative;
  OptAnswer down;
  down.error = ExtendedError::kInvalidData;
  const struct {
    const char* what;
    const OptAnswer& answer;
    std::string want;  // length and options
  } cases[] = {
      {"NSID", nsid, "\0\7\0\3\0\3ns1"s},
      {"COOKIE", cookie, "\0\x1C\0\x0A\0\x18\1\2\3"s + std::string(21, '\0')},
      {"keepalive", keepalive, "\0\6\0\x0B\0\2\1\x2C"s},
      {"extended error", error, "\0\6\0\x0F\0\2\0\x14"s},
      {"with a text", down, "\0\x22\0\x0F\0\x1E\0\x18no server of this site is up"s},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(Written(asked, c.answer), "\0\0\x29\4\xD0\0\0\0\0"s + c.want);
  }
}

TEST(WriteOpt, WritesAllAtOnce) {
  wire::Edns asked = Asked();
  asked.subnet.present = true;
  asked.subnet.source_length = 20;
  asked.subnet.address = *IpAddress::Parse("192.0.32.0");
  const std::string name = "ns1";
  OptAnswer answer;
  answer.client_scope = 24;  // more than was told
  answer.subnet_bits = asked.subnet.source_length;
  answer.nsid = Octets(name);
  answer.cookie = FullCookie{};
  answer.keepalive = 1;
  answer.error = ExtendedError::kProhibited;
  const std::string want = "\0\x08\0\7\0\1\x14\x14\xC0\0\x20"s + "\0\3\0\3ns1"s + "\0\x0A\0\x18"s +
                           std::string(24, '\0') + "\0\x0B\0\2\0\1"s + "\0\x0F\0\2\0\x12"s;
  EXPECT_EQ(Written(asked, answer), "\0\0\x29\4\xD0\0\0\0\0\0\x3A"s + want);
  EXPECT_EQ(OptSize(asked, answer), 11 + want.size() - 6) << "without the extended error";
}

TEST(WriteOpt, TellsNoScopeOfASubnetThatWasNotLookedAt) {
  wire::Edns asked = Asked();
  asked.subnet.present = true;
  asked.subnet.source_length = 8;
  asked.subnet.address = *IpAddress::Parse("10.0.0.0");
  EXPECT_EQ(Written(asked, {}), "\0\0\x29\4\xD0\0\0\0\0\0\0"s);
  EXPECT_EQ(OptSize(asked, {}), 11U);
}

TEST(WriteOpt, TellsNoScopeBeyondTheBitsThatWereLookedAt) {
  wire::Edns asked = Asked();
  asked.subnet.present = true;
  asked.subnet.source_length = 32;
  asked.subnet.address = *IpAddress::Parse("10.1.2.3");
  OptAnswer answer;
  answer.client_scope = 32;
  answer.subnet_bits = 24;
  EXPECT_EQ(Written(asked, answer),
            "\0\0\x29\4\xD0\0\0\0\0\0\x0C\0\x08\0\x08\0\1\x20\x18\x0A\1\2\3"s);
}

// It is dropped first: nobody needs it to resolve a name.
TEST(WriteOpt, LeavesAnErrorOutThatDoesNotFit) {
  OptAnswer answer;
  answer.error = ExtendedError::kNotAuthoritative;
  EXPECT_EQ(Written(Asked(), answer, 17).size(), 17U);
  EXPECT_EQ(Written(Asked(), answer, 16), "\0\0\x29\4\xD0\0\0\0\0\0\0"s);
  EXPECT_EQ(Written(Asked(), answer, 11), "\0\0\x29\4\xD0\0\0\0\0\0\0"s);
}

TEST(OptSize, IsNothingWithoutAnOptInTheQuery) {
  OptAnswer answer;
  answer.keepalive = 1;
  EXPECT_EQ(OptSize({}, answer), 0U);
  EXPECT_EQ(OptSize(Asked(), answer), 17U);
}

}  // namespace
}  // namespace dnsd::answer
