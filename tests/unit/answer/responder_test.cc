#include "dnsd/answer/responder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/answer/asking.h"

namespace dnsd::answer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using std::string_literals::operator""s;
using wire::Rcode;
using wire::RrType;

const char kSoa[] = "example. 5 IN SOA ns.example. hostmaster.example. 1 2 3 4 5";

int Code(Rcode rcode) { return static_cast<int>(rcode); }
RrType Type(int number) { return static_cast<RrType>(number); }

const Asking kOverTcp{.edns = {}, .transport = Transport::kTcp};

class ResponderTest : public AskingTest {};

TEST_F(ResponderTest, AnswersOctetForOctet) {
  AddZone("example", "www A 192.0.2.1\n");
  Start();
  const std::string question = "\3wWw\7eXample\0\0\1\0\1"s;
  const Reply reply = Send("\x12\x34\x01\x10\0\1\0\0\0\0\0\0"s + question);
  EXPECT_EQ(reply.octets, "\x12\x34\x85\x00\0\1\0\1\0\0\0\0"s + question +
                              "\xC0\x0C\0\1\0\1\0\0\0\x3C\0\4\xC0\0\2\1"s);
}

TEST_F(ResponderTest, DeniesOctetForOctet) {
  AddZone("example", "");
  Start();
  const std::string question = "\1x\7example\0\0\1\0\1"s;
  const Reply reply =
      Send("\x12\x34\0\0\0\1\0\0\0\0\0\1"s + question + "\0\0\x29\x10\0\0\0\x80\0\0\0"s);
  EXPECT_EQ(reply.octets, "\x12\x34\x84\3\0\1\0\0\0\1\0\1"s + question +
                              // example. SOA, its MNAME and RNAME ending in the QNAME's "example."
                              "\xC0\x0E\0\6\0\1\0\0\0\5\0\x26\2ns\xC0\x0E\x0Ahostmaster\xC0\x0E"s +
                              "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"s +
                              "\0\0\x29\x04\xD0\0\0\x80\0\0\0"s);
}

TEST_F(ResponderTest, RefusesOctetForOctet) {
  Start();
  const std::string question = "\1x\7example\0\0\1\0\1"s;
  EXPECT_EQ(Send("\x12\x34\0\0\0\1\0\0\0\0\0\0"s + question).octets,
            "\x12\x34\x80\5\0\1\0\0\0\0\0\0"s + question);
}

TEST_F(ResponderTest, RespondsToEachFaultAsItShould) {
  AddZone("example", "");
  Start();
  const std::string question = "\1x\7example\0\0\1\0\1"s;
  const struct {
    const char* shape;
    std::string message;
    std::string want;
  } cases[] = {
      {"nothing", "", ""},
      {"half a header", "\x12\x34\0\0\0\1"s, ""},
      {"a response", "\x12\x34\x80\0\0\1\0\0\0\0\0\0"s + question, ""},
      {"a header alone", "\x12\x34\1\0\0\1\0\0\0\0\0\0"s, "\x12\x34\x81\1\0\0\0\0\0\0\0\0"s},
      {"left-overs", "\x12\x34\0\0\0\1\0\0\0\0\0\0"s + question + "x",
       "\x12\x34\x80\1\0\1\0\0\0\0\0\0"s + question},
      {"NOTIFY", "\x12\x34\x24\0\0\1\0\0\0\0\0\0"s + question,
       "\x12\x34\xA0\4\0\1\0\0\0\0\0\0"s + question},
      {"EDNS version 1", "\x12\x34\0\0\0\1\0\0\0\0\0\1"s + question + "\0\0\x29\x10\0\0\1\0\0\0\0"s,
       "\x12\x34\x80\0\0\1\0\0\0\0\0\1"s + question + "\0\0\x29\x04\xD0\1\0\0\0\0\0"s},
      {"a bad client subnet",
       "\x12\x34\0\0\0\1\0\0\0\0\0\1"s + question +
           "\0\0\x29\x10\0\0\0\0\0\0\x08\0\x08\0\4\0\1\x18\0"s,
       "\x12\x34\x80\1\0\1\0\0\0\0\0\1"s + question + "\0\0\x29\x04\xD0\0\0\0\0\0\0"s},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    EXPECT_EQ(Send(c.message).octets, c.want);
  }
  EXPECT_EQ(stats_.dropped.value(), 3U);
  EXPECT_EQ(stats_.malformed.value(), 3U);
  EXPECT_EQ(stats_.queries[0].value(), std::size(cases));
}

TEST_F(ResponderTest, RefusesWhatNobodyMayAskHere) {
  AddZone("example", "");
  Start();
  for (const int type : {251, 252, 253, 254}) {
    EXPECT_EQ(Ask("example", Type(type)).rcode, Code(Rcode::kRefused)) << type;
  }
  EXPECT_EQ(Ask("example.org", RrType::kA).rcode, Code(Rcode::kRefused));
  EXPECT_EQ(Ask("", RrType::kNs).rcode, Code(Rcode::kRefused));
  EXPECT_EQ(Send("\x12\x34\0\0\0\1\0\0\0\0\0\0\7version\4bind\0\0\x10\0\3"s).rcode,
            Code(Rcode::kRefused));
  EXPECT_FALSE(Ask("example.org", RrType::kA).aa);
}

TEST_F(ResponderTest, CountsByRcodeAndTransport) {
  AddZone("example", "a TXT x\n");
  Start();
  Ask("a.example", RrType::kTxt);
  Ask("b.example", RrType::kTxt, kOverTcp);
  Send(QueryOctets("a.example", RrType::kTxt, {}) + "x");
  EXPECT_EQ(stats_.queries[0].value(), 2U);
  EXPECT_EQ(stats_.queries[1].value(), 1U);
  EXPECT_EQ(stats_.responses[0].value(), 1U);
  EXPECT_EQ(stats_.responses[1].value(), 1U);
  EXPECT_EQ(stats_.responses[3].value(), 1U);
}

TEST_F(ResponderTest, TellsNodataFromNxdomain) {
  AddZone("example", "www A 192.0.2.1\na.ent TXT x\n*.w TXT x\n");
  Start();
  const struct {
    const char* name;
    Rcode want;
  } cases[] = {{"www.example", Rcode::kNoError},    {"ent.example", Rcode::kNoError},
               {"w.example", Rcode::kNoError},      {"x.w.example", Rcode::kNoError},
               {"x.ent.example", Rcode::kNxDomain}, {"x.www.example", Rcode::kNxDomain},
               {"x.example", Rcode::kNxDomain},     {"example", Rcode::kNoError}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const Reply reply = Ask(c.name, RrType::kAaaa);
    EXPECT_EQ(reply.rcode, Code(c.want));
    EXPECT_TRUE(reply.aa);
    EXPECT_THAT(reply.answer, IsEmpty());
    EXPECT_THAT(reply.authority, ElementsAre(kSoa)) << "TTL: the lesser of 3600 and 5";
  }
}

TEST_F(ResponderTest, AnswersAWildcardUnderTheNameAsked) {
  AddZone("example", "*.w TXT x\n*.w MX 10 mail\nmail A 192.0.2.1\n");
  Start();
  EXPECT_THAT(Ask("A.b.W.example", RrType::kTxt).answer,
              ElementsAre("A.b.W.example. 60 IN TXT \"x\""));
  const Reply mx = Ask("a.w.example", RrType::kMx);
  EXPECT_THAT(mx.answer, ElementsAre("a.w.example. 60 IN MX 10 mail.example."));
  EXPECT_THAT(mx.additional, ElementsAre("mail.example. 60 IN A 192.0.2.1"));
}

TEST_F(ResponderTest, AnswersTypesItDoesNotKnow) {
  AddZone("example", "x TYPE65534 \\# 3 010203\nx TYPE65533 \\# 0\n");
  Start();
  EXPECT_THAT(Ask("x.example", Type(65534)).answer,
              ElementsAre("x.example. 60 IN TYPE65534 \\# 3 010203"));
  EXPECT_THAT(Ask("x.example", Type(65533)).answer,
              ElementsAre("x.example. 60 IN TYPE65533 \\# 0"));
}

TEST_F(ResponderTest, AnswersAnyWithLittle) {
  AddZone("example",
          "www A 192.0.2.1\nwww TXT x\n@ TXT x\nc CNAME www\nown TXT x\nown HINFO Server WWW\n"
          "a.ent TXT x\nsub NS ns.elsewhere.\n");
  Start();
  EXPECT_THAT(Ask("www.example", RrType::kAny).answer,
              ElementsAre("www.example. 3600 IN HINFO \"RFC8482\" \"\""));
  EXPECT_THAT(Ask("c.example", RrType::kAny).answer,
              ElementsAre("c.example. 60 IN CNAME www.example."));
  EXPECT_THAT(Ask("ent.example", RrType::kAny).authority, ElementsAre(kSoa));
  EXPECT_EQ(Ask("no.example", RrType::kAny).rcode, Code(Rcode::kNxDomain));
  EXPECT_FALSE(Ask("sub.example", RrType::kAny).aa);
}

// RFC 8482 §6: made up, it would be cached and hide the HINFO that the zone has.
TEST_F(ResponderTest, AnswersAnyWithTheHinfoTheZoneHas) {
  AddZone("example", "own TXT x\nown HINFO Server WWW\n");
  Start();
  EXPECT_THAT(Ask("own.example", RrType::kAny).answer,
              ElementsAre("own.example. 60 IN HINFO \"Server\" \"WWW\""));
}

TEST_F(ResponderTest, FollowsCnamesThroughItsZones) {
  AddZone("example",
          "a CNAME b\nb CNAME c.sub.example.net.\nout CNAME www.example.org.\ngone CNAME no\n"
          "nodata CNAME txt\ntxt TXT x\ncut CNAME x.del\ndel NS ns.del\nns.del A 192.0.2.9\n");
  AddZone("example.net", "*.sub A 192.0.2.1\n");
  Start();
  const Reply chain = Ask("a.example", RrType::kA);
  EXPECT_TRUE(chain.aa);
  EXPECT_THAT(chain.answer, ElementsAre("a.example. 60 IN CNAME b.example.",
                                        "b.example. 60 IN CNAME c.sub.example.net.",
                                        "c.sub.example.net. 60 IN A 192.0.2.1"));
  EXPECT_THAT(Ask("a.example", RrType::kCname).answer,
              ElementsAre("a.example. 60 IN CNAME b.example."));
  const Reply out = Ask("out.example", RrType::kA);
  EXPECT_EQ(out.rcode, 0);
  EXPECT_THAT(out.answer, ElementsAre("out.example. 60 IN CNAME www.example.org."));
  EXPECT_THAT(out.authority, IsEmpty());
  const Reply gone = Ask("gone.example", RrType::kA);
  EXPECT_EQ(gone.rcode, Code(Rcode::kNxDomain)) << "of the last name (RFC 6604)";
  EXPECT_EQ(gone.answer.size(), 1U);
  EXPECT_THAT(gone.authority, ElementsAre(kSoa));
  const Reply nodata = Ask("nodata.example", RrType::kA);
  EXPECT_EQ(nodata.rcode, 0);
  EXPECT_THAT(nodata.authority, ElementsAre(kSoa));
  const Reply cut = Ask("cut.example", RrType::kA);
  EXPECT_EQ(cut.answer.size(), 1U);
  EXPECT_THAT(cut.authority, ElementsAre("del.example. 60 IN NS ns.del.example."));
  EXPECT_THAT(cut.additional, ElementsAre("ns.del.example. 60 IN A 192.0.2.9"));
}

// RFC 4034 §3, §4: these two stand beside a CNAME. Where there is none, the alias is followed.
TEST_F(ResponderTest, AnswersForNsecAndRrsigBesideACname) {
  AddZone("example", "a CNAME b\na NSEC b.example. CNAME NSEC\nb NSEC example. NSEC\nc CNAME b\n");
  Start();
  EXPECT_THAT(Ask("a.example", RrType::kNsec).answer,
              ElementsAre("a.example. 60 IN NSEC b.example. CNAME NSEC"));
  EXPECT_EQ(Ask("c.example", RrType::kNsec).answer.size(), 2U);
  EXPECT_THAT(Ask("a.example", RrType::kRrsig).answer,
              ElementsAre("a.example. 60 IN CNAME b.example."));
}

TEST_F(ResponderTest, WalksACircleOfCnamesOnce) {
  AddZone("example", "a CNAME b\nb CNAME c\nc CNAME a\nself CNAME self\n");
  Start();
  EXPECT_EQ(Ask("a.example", RrType::kA).answer.size(), 3U);
  EXPECT_EQ(Ask("self.example", RrType::kA).answer.size(), 1U);
}

TEST_F(ResponderTest, EndsALongChainOfCnames) {
  std::string text;
  for (int i = 0; i < 30; ++i) {
    text += "c" + std::to_string(i) + " CNAME c" + std::to_string(i + 1) + "\n";
  }
  AddZone("example", text + "c30 A 192.0.2.1\n");
  Start();
  EXPECT_EQ(Ask("c14.example", RrType::kA).answer.size(), 17U);
  EXPECT_EQ(Ask("c13.example", RrType::kA).answer.size(), 17U) << "the address is one too far";
  EXPECT_EQ(Ask("c0.example", RrType::kA).rcode, 0);
}

TEST_F(ResponderTest, RewritesNamesBelowADname) {
  AddZone("example",
          "d DNAME target.example.\nd A 192.0.2.9\nwww.target A 192.0.2.1\nsecret.d A 192.0.2.8\n"
          "out DNAME example.org.\n");
  Start();
  EXPECT_THAT(Ask("WWW.d.example", RrType::kA).answer,
              ElementsAre("d.example. 60 IN DNAME target.example.",
                          "WWW.d.example. 60 IN CNAME www.target.example.",
                          "www.target.example. 60 IN A 192.0.2.1"));
  EXPECT_THAT(Ask("d.example", RrType::kA).answer, ElementsAre("d.example. 60 IN A 192.0.2.9"));
  EXPECT_THAT(Ask("d.example", RrType::kDname).answer,
              ElementsAre("d.example. 60 IN DNAME target.example."));
  const Reply hidden = Ask("secret.d.example", RrType::kA);
  EXPECT_EQ(hidden.rcode, Code(Rcode::kNxDomain)) << "of secret.target.example.";
  EXPECT_THAT(Ask("a.b.out.example", RrType::kTxt).answer,
              ElementsAre("out.example. 60 IN DNAME example.org.",
                          "a.b.out.example. 60 IN CNAME a.b.example.org."));
}

// Each round makes the name longer, so it is no circle of names.
TEST_F(ResponderTest, GivesADnameOnceHoweverOftenItIsFollowed) {
  AddZone("example", "d DNAME x.e\ne DNAME d\n");
  Start();
  const Reply reply = Ask("a.d.example", RrType::kA, {.edns = 1232});
  EXPECT_EQ(
      std::count(reply.answer.begin(), reply.answer.end(), "d.example. 60 IN DNAME x.e.example."),
      1);
  EXPECT_EQ(reply.answer.size(), 2U + 17U) << "two DNAMEs, and a CNAME a step";
}

// RFC 6672 §2.2: 255 octets still do, 256 are YXDOMAIN.
TEST_F(ResponderTest, KnowsTheLongestNameADnameCanMake) {
  const std::string label(63, 'x');
  // The target: 3 * 64 + 9 = 201 octets; QNAME's own labels may take 54.
  AddZone("example", "d DNAME " + label + "." + label + "." + label + ".example.\n");
  Start();
  const Reply fits = Ask(std::string(53, 'q') + ".d.example", RrType::kA, {.edns = 1232});
  EXPECT_EQ(fits.rcode, Code(Rcode::kNxDomain));
  EXPECT_EQ(fits.answer.size(), 2U);
  const Reply too_long = Ask(std::string(54, 'q') + ".d.example", RrType::kA, {.edns = 1232});
  EXPECT_EQ(too_long.rcode, Code(Rcode::kYxDomain));
  EXPECT_EQ(too_long.answer.size(), 1U);
  EXPECT_TRUE(too_long.aa);
}

TEST_F(ResponderTest, RefersToTheCutWithGlue) {
  AddZone("example",
          "sub NS ns.sub\nsub NS sibling.other\nsub NS ns.elsewhere.\nsub NS ns\n"
          "ns.sub A 192.0.2.1\nns.sub A 192.0.2.2\nns.sub AAAA 2001:db8::1\n"
          "ns A 192.0.2.3\nother NS sibling.other\nsibling.other A 192.0.2.4\n");
  Start();
  for (const char* name : {"sub.example", "a.b.sub.example", "ns.sub.example"}) {
    SCOPED_TRACE(name);
    const Reply reply = Ask(name, RrType::kA);
    EXPECT_EQ(reply.rcode, 0);
    EXPECT_FALSE(reply.aa);
    EXPECT_THAT(reply.answer, IsEmpty());
    EXPECT_EQ(reply.authority.size(), 4U);
    EXPECT_THAT(
        reply.additional,
        ElementsAre("ns.sub.example. 60 IN A 192.0.2.1", "ns.sub.example. 60 IN A 192.0.2.2",
                    "ns.sub.example. 60 IN AAAA 2001:db8::1",
                    "sibling.other.example. 60 IN A 192.0.2.4", "ns.example. 60 IN A 192.0.2.3"));
  }
}

// RFC 9471: glue below the cut is needed, glue elsewhere is a help.
TEST_F(ResponderTest, TruncatesForGlueItCannotDoWithoutOnly) {
  std::string inside = "sub NS ns.sub\n";
  std::string outside = "sub NS ns\n";
  for (int i = 1; i <= 40; ++i) {
    inside += "ns.sub A 192.0.2." + std::to_string(i) + "\n";
    outside += "ns A 192.0.2." + std::to_string(i) + "\n";
  }
  AddZone("in.example", inside);
  AddZone("out.example", outside);
  Start();
  EXPECT_TRUE(Ask("sub.in.example", RrType::kA).tc);
  EXPECT_FALSE(Ask("sub.in.example", RrType::kA, {.edns = 1232}).tc);
  const Reply reply = Ask("sub.out.example", RrType::kA);
  EXPECT_FALSE(reply.tc);
  EXPECT_THAT(reply.additional, IsEmpty());
  EXPECT_EQ(Ask("sub.out.example", RrType::kA, {.edns = 1232}).additional.size(), 40U);
}

TEST_F(ResponderTest, AnswersForDsOnTheParentsSide) {
  AddZone("example", "sub NS ns.elsewhere.\nsub DS 1 8 2 " + std::string(64, 'A') +
                         "\nkid NS ns.elsewhere.\nplain NS ns.elsewhere.\n");
  AddZone("kid.example", "");
  Start();
  const Reply at_cut = Ask("sub.example", RrType::kDs);
  EXPECT_TRUE(at_cut.aa);
  EXPECT_EQ(at_cut.answer.size(), 1U);
  EXPECT_FALSE(Ask("x.sub.example", RrType::kDs).aa) << "below the cut: a referral";
  const Reply none = Ask("plain.example", RrType::kDs);
  EXPECT_TRUE(none.aa);
  EXPECT_THAT(none.authority, ElementsAre(kSoa));
  EXPECT_THAT(Ask("kid.example", RrType::kDs).authority, ElementsAre(kSoa));
  EXPECT_THAT(
      Ask("kid.example", RrType::kA).authority,
      ElementsAre("kid.example. 5 IN SOA ns.kid.example. hostmaster.kid.example. 1 2 3 4 5"));
  EXPECT_TRUE(Ask("example", RrType::kDs).aa) << "no parent here: the zone itself denies";
}

TEST_F(ResponderTest, AddsTheAddressesOfWhatItNames) {
  AddZone("example",
          "@ NS ns\nns A 192.0.2.1\n@ MX 10 mail\nmail A 192.0.2.2\nmail AAAA 2001:db8::2\n"
          "_s._tcp SRV 0 0 1 host.sub\nsub NS ns.sub\nns.sub A 192.0.2.3\nhost.sub A 192.0.2.4\n"
          "out MX 10 mail.elsewhere.\nnull MX 0 .\n");
  Start();
  EXPECT_THAT(Ask("example", RrType::kNs).additional, ElementsAre("ns.example. 60 IN A 192.0.2.1"));
  EXPECT_THAT(
      Ask("example", RrType::kMx).additional,
      ElementsAre("mail.example. 60 IN A 192.0.2.2", "mail.example. 60 IN AAAA 2001:db8::2"));
  EXPECT_THAT(Ask("_s._tcp.example", RrType::kSrv).additional,
              ElementsAre("host.sub.example. 60 IN A 192.0.2.4"));
  EXPECT_THAT(Ask("out.example", RrType::kMx).additional, IsEmpty());
  EXPECT_THAT(Ask("null.example", RrType::kMx).additional, IsEmpty());
}

// RFC 9460 §4.1: SVCB records of the target too, but not those that are the answer.
TEST_F(ResponderTest, AddsTheServicesThatAServiceLeadsTo) {
  AddZone("example",
          "a HTTPS 0 b\nb HTTPS 1 . alpn=h2\nb A 192.0.2.1\nself HTTPS 0 self\nc HTTPS 0 s.sub\n"
          "sub NS ns.sub\nns.sub A 192.0.2.3\ns.sub A 192.0.2.4\ns.sub HTTPS 1 .\n");
  Start();
  EXPECT_THAT(Ask("a.example", RrType::kHttps).additional,
              ElementsAre("b.example. 60 IN A 192.0.2.1", "b.example. 60 IN HTTPS 1 . alpn=h2"));
  EXPECT_THAT(Ask("b.example", RrType::kHttps).additional,
              ElementsAre("b.example. 60 IN A 192.0.2.1"));
  EXPECT_THAT(Ask("self.example", RrType::kHttps).additional, IsEmpty());
  EXPECT_THAT(Ask("c.example", RrType::kHttps).additional,
              ElementsAre("s.sub.example. 60 IN A 192.0.2.4"))
      << "what lies below a cut is the child's";
}

TEST_F(ResponderTest, AddsTheAddressesOfATargetNamedTwiceOnce) {
  AddZone("example",
          "_s._tcp SRV 0 0 1 host\n_s._tcp SRV 0 0 2 HOST\n_s._tcp SRV 0 0 3 other\n"
          "host A 192.0.2.1\nother A 192.0.2.2\n");
  Start();
  EXPECT_THAT(Ask("_s._tcp.example", RrType::kSrv).additional,
              ElementsAre("host.example. 60 IN A 192.0.2.1", "other.example. 60 IN A 192.0.2.2"));
}

TEST_F(ResponderTest, AddsNothingThatADnameHides) {
  AddZone("example", "@ MX 10 mail.d\nd DNAME target\nmail.d A 192.0.2.1\n");
  Start();
  EXPECT_THAT(Ask("example", RrType::kMx).additional, IsEmpty());
}

// Header 12, question 15, owner 2, type to length 10: rdata of 473 makes 512.
TEST_F(ResponderTest, TruncatesAtTheOctetTheClientSays) {
  const auto txt = [](std::size_t octets) {  // 257 to 512: two strings
    return "\"" + std::string(255, 'x') + "\" \"" + std::string(octets - 257, 'y') + "\"\n";
  };
  AddZone("example",
          "a TXT " + txt(473) + "b TXT " + txt(474) + "c TXT " + txt(462) + "d TXT " + txt(463));
  Start();
  const struct {
    const char* name;
    Asking asking;
    std::size_t size;
    bool tc;
  } cases[] = {
      {"a.example", {}, 512, false},          {"b.example", {}, 27, true},
      {"b.example", kOverTcp, 513, false},    {"c.example", {.edns = 512}, 512, false},
      {"d.example", {.edns = 512}, 38, true}, {"d.example", {.edns = 513}, 513, false},
      {"d.example", {.edns = 0}, 38, true},  // below 512 is 512 (RFC 6891 §6.2.3)
      {"c.example", {.edns = 0}, 512, false}, {"b.example", {.edns = 65535}, 524, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name + " "s + std::to_string(c.asking.edns.value_or(1)));
    const Reply reply = Ask(c.name, RrType::kTxt, c.asking);
    EXPECT_EQ(reply.octets.size(), c.size);
    EXPECT_EQ(reply.tc, c.tc);
    EXPECT_EQ(reply.answer.size(), c.tc ? 0U : 1U);
    EXPECT_EQ(reply.edns, c.asking.edns.has_value());
  }
  EXPECT_EQ(stats_.truncated.value(), 3U);
}

TEST_F(ResponderTest, SendsNoMoreOverUdpThanItOffers) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "big A 10.0.1." + std::to_string(i % 250) + "\nbig TXT \"" + std::string(200, 'x') +
            std::to_string(i) + "\"\n";
  AddZone("example", text);
  Start();
  const Reply udp = Ask("big.example", RrType::kTxt, {.edns = 65535});
  EXPECT_TRUE(udp.tc);
  EXPECT_LE(udp.octets.size(), 1232U);
  const Reply tcp = Ask("big.example", RrType::kTxt, {.edns = 65535, .transport = Transport::kTcp});
  EXPECT_FALSE(tcp.tc);
  EXPECT_EQ(tcp.answer.size(), 300U);
}

TEST_F(ResponderTest, TruncatesWhatEvenTcpCannotCarry) {
  std::string text;
  for (int i = 100; i < 400; ++i)
    text += "big TXT \"" + std::string(250, 'x') + std::to_string(i) + "\"\n";
  AddZone("example", text);
  Start();
  const Reply tcp = Ask("big.example", RrType::kTxt, kOverTcp);
  EXPECT_TRUE(tcp.tc);
  EXPECT_LE(tcp.octets.size(), 65535U);
}

TEST_F(ResponderTest, KeepsAFullQnameAndOptWithin512) {
  const std::string label(63, 'x');
  const std::string longest =
      label + "." + label + "." + label + "." + std::string(53, 'y') + ".example";
  AddZone("example", "");
  Start();
  Asking subnet;
  subnet.subnet = "2001:db8::1/128";
  const Reply reply = Ask(longest, RrType::kA, subnet);
  EXPECT_EQ(reply.rcode, Code(Rcode::kNxDomain));
  EXPECT_FALSE(reply.tc);
  EXPECT_THAT(reply.authority, ElementsAre(kSoa));
}

}  // namespace
}  // namespace dnsd::answer
