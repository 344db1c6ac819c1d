#include "dnsd/zone/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>

#include "dnsd/base/random.h"
#include "dnsd/zone/master_file.h"
#include "tests/octets.h"
#include "tests/unit/zone_text.h"

namespace dnsd::zone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using std::string_literals::operator""s;
using wire::Name;
using wire::RrType;

const std::string kSoa = "@ 3600 SOA ns1 hostmaster 7 3600 600 86400 5\n";

class LoadZoneTest : public ::testing::Test {
 protected:
  absl::StatusOr<LoadedZone> Load(const std::string& text) {
    return LoadZone(folder_.Write("zone", text), *Name::Parse("example"), addresses_, rules_);
  }
  // The zone of a text that must load.
  std::shared_ptr<const zone::Zone> MustLoad(const std::string& text) {
    auto loaded = Load(text);
    EXPECT_TRUE(loaded.ok()) << loaded.status().ToString();
    return loaded.ok() ? loaded->zone : nullptr;
  }
  // The message of a text that must not, the folder's name left out.
  std::string Faults(const std::string& text) {
    const auto loaded = Load(text);
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument);
    return Short(std::string(loaded.status().message()));
  }
  std::string Short(std::string message) const {
    const std::string folder = folder_.path("");
    for (std::size_t at; (at = message.find(folder)) != std::string::npos;) {
      message.erase(at, folder.size());
    }
    return message;
  }
  static std::vector<std::string> Rdata(const Zone& zone, const std::string& owner, RrType type) {
    std::vector<std::string> all;
    const Name name = *Name::Parse(owner);
    const Node* node = zone.FindExact(name.Hash(), name.wire());
    const Rrset* rrset = node == nullptr ? nullptr : zone.FindRrset(*node, type);
    if (rrset == nullptr) return all;
    for (const auto rdata : RecordsOf(zone.rdata(*rrset))) all.push_back(Text(rdata));
    EXPECT_EQ(all.size(), rrset->count);
    return all;
  }
  static int Ttl(const Zone& zone, const std::string& owner, RrType type) {
    const Name name = *Name::Parse(owner);
    const Node* node = zone.FindExact(name.Hash(), name.wire());
    const Rrset* rrset = node == nullptr ? nullptr : zone.FindRrset(*node, type);
    return rrset == nullptr ? -1 : static_cast<int>(rrset->ttl);
  }

  ZoneFolder folder_;
  AddressTable addresses_;
  SiteRules rules_;
};

TEST_F(LoadZoneTest, ReadsTheTypesAsTheyAreSent) {
  const auto zone = MustLoad(kSoa +
                             "www 0 HINFO \"WWW-Server\" \"WWW\"\n"
                             "www 0 WKS 203.64.100.117 TCP 80\n"
                             "www 0 A 203.64.100.117\n"
                             "www 0 AAAA 2001:db8::1\n"
                             "www 0 MX 10 Mail\n"
                             "www 0 TXT \"a b\" c\n"
                             "www 0 SRV 1 2 443 Mail\n"
                             "www 0 TYPE65534 \\# 3 010203\n"
                             "www 0 TYPE65533 \\# 0\n"
                             "www 0 CAA 0 issue \"ca.example\"\n");
  ASSERT_TRUE(zone);
  const struct {
    RrType type;
    std::string rdata;
  } cases[] = {
      {RrType::kHinfo, "\x0AWWW-Server\3WWW"},
      // Bit 80 of the map: the top bit of its eleventh octet (RFC 1035 §3.4.2).
      {RrType::kWks, "\xCB\x40\x64\x75\x06\0\0\0\0\0\0\0\0\0\0\x80"s},
      {RrType::kA, "\xCB\x40\x64\x75"},
      {RrType::kAaaa, "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\1"s},
      {RrType::kMx, "\0\x0A\4mail\7example\0"s},
      {RrType::kTxt, "\3a b\1c"},
      {RrType::kSrv, "\0\1\0\2\1\xBB\4Mail\7example\0"s},
      {static_cast<RrType>(65534), "\1\2\3"},
      {static_cast<RrType>(65533), ""},
      {static_cast<RrType>(257), "\0\5issueca.example"s},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(static_cast<int>(c.type));
    EXPECT_THAT(Rdata(*zone, "www.example", c.type), ElementsAre(c.rdata));
  }
}

TEST_F(LoadZoneTest, ReadsAnEscapedAtSignAsALabel) {
  const struct {
    const char* text;
    RrType type;
    std::string rdata;
  } cases[] = {
      {"www CNAME @", RrType::kCname, "\7example\0"s},
      {"www CNAME \\064", RrType::kCname, "\1@\7example\0"s},
      {"www CNAME \\@", RrType::kCname, "\1@\7example\0"s},
      {"www CNAME \\064.", RrType::kCname, "\1@\0"s},
      {"www CNAME \\064.Foo", RrType::kCname, "\1@\3foo\7example\0"s},
      {"www CNAME \\@.foo.", RrType::kCname, "\1@\3foo\0"s},
      {"www CNAME @.foo.", RrType::kCname, "\1@\3foo\0"s},
      {"www CNAME \\@x", RrType::kCname, "\2@x\7example\0"s},
      {"\\@ MX 10 \\@", RrType::kMx, "\0\x0A\1@\7example\0"s},
      {"www 5 IN SRV 1 2 443 \\064", RrType::kSrv, "\0\1\0\2\1\xBB\1@\7example\0"s},
      {"www IN 5 HTTPS 1 \\@ alpn=h2", RrType::kHttps, "\0\1\1@\7example\0\0\1\0\3\2h2"s},
      {"www MINFO \\064 \\064.x.", static_cast<RrType>(14), "\1@\7example\0\1@\1x\0"s},
      {"www NAPTR 1 2 \"\\@ b\" \"c\\\"\" \\@ \\@", static_cast<RrType>(35),
       "\0\1\0\2\3@ b\2c\"\1@\1@\7example\0"s},
      {"www TXT \\@ @ \\064", RrType::kTxt, "\1@\1@\1@"},
      {"www HIP 2 20 AAAA \\@ @ rvs", static_cast<RrType>(55),
       "\1\2\0\3\x20\0\0\0\1@\7example\0\7example\0\3rvs\7example\0"s},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto zone = MustLoad(kSoa + c.text + "\n");
    ASSERT_TRUE(zone);
    const bool other = c.text[0] == '\\';
    EXPECT_THAT(Rdata(*zone, other ? "\\064.example" : "www.example", c.type),
                ElementsAre(c.rdata));
  }
}

TEST_F(LoadZoneTest, ReadsOpaqueRdataOfAnyType) {
  const auto zone = MustLoad(kSoa +
                             "www TYPE40 \\# 4 01020304\n"
                             "www IN 60 TXT \\# 4 ( 01 61\n 0\n162 )\n"
                             "www type15 \\# 5 000A 016D 00\n"
                             "www TYPE65280 \\# 3 aBcDeF\n"
                             "www TYPE65535 \\# 0\n"
                             "www TYPE127 \\# 1 00\n"
                             "www TYPE256 \\# 5 0001000278\n");
  ASSERT_TRUE(zone);
  const struct {
    unsigned type;
    std::string rdata;
  } cases[] = {{40, "\1\2\3\4"}, {16, "\1a\1b"}, {15, "\0\x0A\1m\0"s}, {65280, "\xAB\xCD\xEF"},
               {65535, ""},      {127, "\0"s},   {256, "\0\1\0\2x"s}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.type);
    EXPECT_THAT(Rdata(*zone, "www.example", static_cast<RrType>(c.type)), ElementsAre(c.rdata));
  }
}

TEST_F(LoadZoneTest, ReadsOpaqueRdataOfEverySize) {
  for (const std::size_t size : {65534U, 65535U}) {
    SCOPED_TRACE(size);
    std::string digits;
    for (std::size_t i = 0; i < size; ++i) digits += i % 100 == 0 ? " 5A" : "5A";
    const auto zone = MustLoad(kSoa + "www TYPE65280 \\# " + std::to_string(size) + digits + "\n");
    ASSERT_TRUE(zone);
    EXPECT_THAT(Rdata(*zone, "www.example", static_cast<RrType>(65280)),
                ElementsAre(std::string(size, 'Z')));
  }
}

TEST_F(LoadZoneTest, ReadsAnEscapedOctetOfZero) {
  const auto zone = MustLoad(kSoa + "www TXT a\\\0b c\n"s);
  ASSERT_TRUE(zone);
  EXPECT_THAT(Rdata(*zone, "www.example", RrType::kTxt), ElementsAre("\3a\0b\1c"s));
}

TEST_F(LoadZoneTest, ReadsAnSoaOverSeveralLines) {
  const auto zone = MustLoad(
      "$ORIGIN example.\n"
      "@  3600 IN SOA ns1 hostmaster (\n"
      "     7       ; serial\n"
      "     3600    ; refresh\n"
      "     600 86400\n"
      "     5 )\n"
      "www 60 A 192.0.2.1\n");
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->serial(), 7U);
  EXPECT_EQ(zone->negative_ttl(), 5U);
  EXPECT_EQ(Ttl(*zone, "www.example", RrType::kA), 60);
}

TEST_F(LoadZoneTest, KeepsNegativeAnswersNoLongerThanTheSoa) {
  const auto zone = MustLoad("@ 4 SOA ns1 hostmaster 7 3600 600 86400 5\n");
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->negative_ttl(), 4U);
}

TEST_F(LoadZoneTest, ReadsAFileWithoutAFinalNewline) {
  const auto zone = MustLoad(kSoa + "www 60 A 192.0.2.1");
  ASSERT_TRUE(zone);
  EXPECT_EQ(Ttl(*zone, "www.example", RrType::kA), 60);
}

TEST_F(LoadZoneTest, ReadsCarriageReturnsTabsCommentsAndBlankLines) {
  const auto zone = MustLoad(
      "; a comment\r\n\r\n@\t3600\tSOA ns1 hostmaster 7 3600 600 86400 5 ; c\r\n"
      "\t \n;\nwww 60 A 192.0.2.1\r\n; the end");
  ASSERT_TRUE(zone);
  EXPECT_THAT(Rdata(*zone, "www.example", RrType::kA), ElementsAre("\xC0\0\2\1"s));
}

TEST_F(LoadZoneTest, GivesARecordTheTtlThatRulesIt) {
  const auto zone = MustLoad(
      "@ SOA ns1 hostmaster 7 3600 600 86400 5\n"
      "a TXT none-at-all\n"
      "b 30 TXT own\n"
      "c TXT last-stated\n"
      "$TTL 1h30m\n"
      "d TXT directive\n"
      "e 0 TXT zero\n"
      "f TXT directive-still\n"
      "$TTL 7\n"
      "g 1d IN TXT own\n"
      "h TXT next-directive\n");
  ASSERT_TRUE(zone);
  const struct {
    const char* owner;
    int ttl;
  } cases[] = {{"a", 3600}, {"b", 30},   {"c", 30},    {"d", 5400},
               {"e", 0},    {"f", 5400}, {"g", 86400}, {"h", 7}};
  for (const auto& c : cases) {
    EXPECT_EQ(Ttl(*zone, c.owner + ".example"s, RrType::kTxt), c.ttl) << c.owner;
  }
}

TEST_F(LoadZoneTest, UsesTheLeastTtlOfAnRrsetAndSaysSo) {
  const auto loaded = Load(kSoa + "@ NS ns1\nns1 60 A 192.0.2.1\nns1 30 A 192.0.2.2\n");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(Ttl(*loaded->zone, "ns1.example", RrType::kA), 30);
  ASSERT_EQ(loaded->warnings.size(), 1U);
  EXPECT_THAT(Short(loaded->warnings[0]), StartsWith("zone:4: TTL 30 differs"));
}

TEST_F(LoadZoneTest, FollowsOriginAndInclude) {
  folder_.Write("sub/one", "a 60 TXT one\n$ORIGIN deep.example.\nb 60 TXT two\n$INCLUDE two\n");
  folder_.Write("sub/two", "c 60 TXT three");
  const auto zone = MustLoad(kSoa +
                             "$INCLUDE sub/one in ; a comment\n"
                             "d 60 TXT four\n"
                             "$ORIGIN other.example.\n"
                             "e 60 TXT five\n"
                             "$INCLUDE " +
                             folder_.Write("abs", "f 60 TXT six\n") +
                             "\n"
                             "$INCLUDE abs full.example.\n");
  ASSERT_TRUE(zone);
  for (const char* owner : {"a.in", "b.deep", "c.deep", "d", "e.other", "f.other", "f.full"}) {
    SCOPED_TRACE(owner);
    EXPECT_EQ(Ttl(*zone, owner + ".example"s, RrType::kTxt), 60);
  }
}

TEST_F(LoadZoneTest, GivesABlankOwnerTheNameBefore) {
  const auto zone = MustLoad(kSoa + "  60 NS ns1\nns1 60 A 192.0.2.1\n 60 AAAA 2001:db8::1\n");
  ASSERT_TRUE(zone);
  EXPECT_EQ(Ttl(*zone, "example", RrType::kNs), 60);
  EXPECT_EQ(Ttl(*zone, "ns1.example", RrType::kAaaa), 60);
}

TEST_F(LoadZoneTest, DropsRecordsThatRepeat) {
  const auto loaded = Load(kSoa + kSoa + "@ NS ns1\n@ NS NS1\nns1 60 A 192.0.2.1\n" +
                           "ns1 60 A 192.0.2.1\nc CNAME ns1\nc CNAME Ns1\nd DNAME x\nd DNAME x\n");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_THAT(Rdata(*loaded->zone, "example", RrType::kNs), ElementsAre("\3ns1\7example\0"s));
  EXPECT_EQ(Rdata(*loaded->zone, "ns1.example", RrType::kA).size(), 1U);
  EXPECT_EQ(Rdata(*loaded->zone, "d.example", RrType::kDname).size(), 1U);
  EXPECT_EQ(loaded->zone->site_count(), 0U);
  EXPECT_EQ(loaded->zone->record_count(), 5U);
}

TEST_F(LoadZoneTest, TellsFileLineValueAndWhatWasWanted) {
  const struct {
    const char* shape;
    std::string text;
    const char* want;
  } cases[] = {
      {"no SOA", "www 60 A 192.0.2.1\n", "zone: no SOA at the apex example.; wanted one"},
      {"an empty file", "", "zone: no SOA at the apex example.; wanted one"},
      {"two SOAs", kSoa + "\n@ SOA ns2 hostmaster 8 3600 600 86400 5\n",
       "zone:3: second SOA at the apex example.; wanted one"},
      {"an SOA below the apex", kSoa + "sub SOA ns2 hostmaster 8 3600 600 86400 5\n",
       "zone:2: SOA at sub.example.; wanted it at the apex example. only"},
      {"out of zone", kSoa + "www.example.org. 60 A 192.0.2.1\n",
       "zone:2: owner name www.example.org. is outside the zone; wanted a name at or below "
       "example."},
      {"CNAME, then other data", kSoa + "www CNAME a\nb TXT x\nwww A 192.0.2.1\n",
       "zone:4: CNAME and other data at www.example.; wanted the CNAME alone (RFC 1034 3.6.2)"},
      {"other data, then CNAME", kSoa + "www A 192.0.2.1\nwww CNAME a\n",
       "zone:3: CNAME and other data at www.example.; wanted the CNAME alone (RFC 1034 3.6.2)"},
      {"two CNAMEs", kSoa + "www CNAME a\nwww CNAME b\n",
       "zone:3: second CNAME at www.example.; wanted one (RFC 2181 10.1)"},
      {"CNAME, then far behind other data", kSoa + "www CNAME a\nb A 192.0.2.1\nwww A 192.0.2.1\n",
       "zone:4: CNAME and other data at www.example.; wanted the CNAME alone (RFC 1034 3.6.2)"},
      {"an address, then far behind a CNAME",
       kSoa + "www A 192.0.2.1\nb A 192.0.2.1\nwww CNAME a\n",
       "zone:4: CNAME and other data at www.example.; wanted the CNAME alone (RFC 1034 3.6.2)"},
      {"two DNAMEs", kSoa + "www DNAME a\nwww DNAME b\n",
       "zone:3: second DNAME at www.example.; wanted one (RFC 6672 2.4)"},
      {"another class", kSoa + "www 60 CH A 192.0.2.1\n",
       "zone:2: found 'www 60 CH A 192.0.2.1': wrong class; wanted OWNER [TTL] [IN] TYPE RDATA or "
       "a "
       "$ directive"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    EXPECT_EQ(Faults(c.text), c.want);
  }
}

TEST_F(LoadZoneTest, NamesTheLineOfAnEntryThatDoesNotParse) {
  const struct {
    const char* shape;
    std::string text;
    const char* start;
    const char* found;
  } cases[] = {
      {"an address", kSoa + "www 60 A 192.0.2.256\n", "zone:2: found '", "192.0.2.256"},
      {"a type", kSoa + "\n; c\nwww 60 AX 192.0.2.1\n", "zone:4: found '", "AX"},
      {"after an SOA of several lines",
       "@ SOA ns1 h (\n7 3600\n600 86400 5 )\nwww A nonsense\nb A 192.0.2.1\n", "zone:4: found '",
       "nonsense"},
      {"rdata missing", kSoa + "www 60 MX 10\n", "zone:2: found '", "MX 10"},
      {"no TTL after $TTL", kSoa + "$TTL often\n", "zone:2: found '", "$TTL often"},
      {"a TTL above 2^31 - 1", kSoa + "www 2147483648 A 192.0.2.1\n", "zone:2: found '",
       "TTL is above"},
      {"a $TTL above 2^31 - 1", kSoa + "$TTL 5000000000\n", "zone:2: found '",
       "at most 2147483647"},
      {"a $TTL of too many weeks", kSoa + "$TTL 3551w\n", "zone:2: found '", "at most"},
      {"a quote left open", kSoa + "www 60 TXT \"open\nb 60 A 192.0.2.1\n", "zone:2: found '",
       "open"},
      {"a parenthesis left open", kSoa + "www 60 TXT ( a\nb 60 A 192.0.2.1\n", "zone:2: found '",
       "TXT"},
      {"a parenthesis that closes nothing", kSoa + "www 60 TXT a )\n", "zone:2: found '", "TXT a"},
      {"an entry of several lines, by its first", kSoa + "www 60 MX (\n10\n)\n", "zone:2: found '",
       "MX"},
      {"a label too long", kSoa + std::string(64, 'a') + " 60 A 192.0.2.1\n", "zone:2: found '",
       "aaa"},
      {"a directive nobody knows", kSoa + "$GENERATE 1-2 a$ A 192.0.2.$\n", "zone:2: found '",
       "$GENERATE"},
      {"opaque rdata of the wrong size", kSoa + "www 60 A \\# 3 010203\n", "zone:2: ", "www"},
      {"opaque rdata that holds no name", kSoa + "www 60 NS \\# 3 090203\n", "zone:2: ", "www"},
      {"a type that ldns takes for SOA, without rdata", kSoa + "www 60 TYPE6x \\# 0\n",
       "zone:2: ", "www"},
      {"a name server without rdata", kSoa + "www 60 NS \\# 0\n", "zone:2: ", "www"},
      {"an address without rdata", kSoa + "www 60 A \\# 0\n", "zone:2: ", "www"},
      {"a DNAME without rdata", kSoa + "www 60 DNAME \\# 0\n", "zone:2: ", "www"},
      {"opaque rdata of too few digits", kSoa + "www TYPE40 \\# 4 010203\n", "zone:2: ", "www"},
      {"opaque rdata of too many digits", kSoa + "www TYPE40 \\# 2 010203\n", "zone:2: ", "www"},
      {"opaque rdata of half an octet", kSoa + "www TYPE300 \\# 1 010\n", "zone:2: ", "www"},
      {"opaque rdata of no digits", kSoa + "www TYPE300 \\# 2 010g\n", "zone:2: ", "www"},
      {"opaque rdata without a size", kSoa + "www TYPE300 \\#\n", "zone:2: ", "www"},
      {"opaque rdata longer than any", kSoa + "www TYPE300 \\# 65536 00\n", "zone:2: ", "www"},
      {"opaque rdata with octets behind the name", kSoa + "www SRV \\# 8 00010002000300FF\n",
       "zone:2: ", "www"},
      {"an SRV without rdata", kSoa + "www SRV \\# 0\n", "zone:2: ", "www"},
      {"an HTTPS without a target", kSoa + "www HTTPS \\# 2 0001\n", "zone:2: ", "www"},
      {"type 0", kSoa + "www TYPE0 \\# 1 00\n", "zone:2: ", "no zone holds"},
      {"type OPT", kSoa + "www TYPE41 \\# 0\n", "zone:2: ", "no zone holds"},
      {"the first type of questions", kSoa + "www TYPE128 \\# 0\n", "zone:2: ", "no zone holds"},
      {"the last type of questions", kSoa + "www TYPE255 \\# 1 00\n", "zone:2: ", "no zone holds"},
      {"a type above 65535", kSoa + "www TYPE65537 \\# 4 C0000201\n", "zone:2: ", "no zone holds"},
      {"an SOA cut short", kSoa + "@ 60 SOA \\# 4 00000000\n", "zone:2: ", "SOA"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.shape);
    const std::string faults = Faults(c.text);
    EXPECT_THAT(faults, StartsWith(c.start));
    EXPECT_THAT(faults, HasSubstr(c.found));
    EXPECT_EQ(faults.find('\n'), std::string::npos) << faults;
  }
}

// A record as it was read.
struct Seen {
  std::string owner;
  wire::RrType type;
  std::uint32_t ttl;
  std::vector<std::uint8_t> rdata;
  std::uint32_t line;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> ReadAll(const std::string& path, MasterFile::Reading reading) {
  std::vector<Seen> seen;
  MasterFile file(
      *Name::Parse("example"),
      [&](const MasterRecord& r) {
        seen.push_back(
            {r.owner.ToString(), r.type, r.ttl, {r.rdata.begin(), r.rdata.end()}, r.source.line});
      },
      [&](RecordSource source, const std::string& message) {
        ADD_FAILURE() << path << ":" << source.line << ": " << message;
      },
      reading);
  EXPECT_TRUE(file.Read(path)) << path;
  return seen;
}

// An owner as a zone file may have it: plain, with escapes, absolute, a wildcard, the apex, long.
std::string AnyOwner(Random& random) {
  const std::string number = std::to_string(random.Below(500));
  switch (random.Below(12)) {
    case 0:
      return "@";
    case 1:
      return "Host" + number + ".Sub.Example.";
    case 2:
      return "*.w" + number;
    case 3:
      return "a\\." + number + "\\065";
    case 4:
      return std::string(63, 'x') + "." + std::string(50, 'y') + ".z" + number;
    case 5:
      return "under_score-" + number + ".a.b.c.d.e";
    default:
      return "site" + number;
  }
}

std::string AnyAddress(Random& random) {
  const auto octet = [&] { return std::to_string(random.Below(256)); };
  switch (random.Below(5)) {
    case 0:
      return "AAAA 2001:DB8::" + octet();
    case 1:
      return "aaaa ::ffff:192.0.2." + octet();
    case 2:
      return "a 10.0." + octet() + "." + octet();
    default:
      return "A 10.0." + octet() + "." + octet();
  }
}

// Up to three lines of a zone file.
std::string AnyEntry(Random& random) {
  const char* const blanks[] = {" ", "\t", "  \t "};
  const std::string blank = blanks[random.Below(3)];
  const std::string ttl = random.Below(2) == 0 ? std::to_string(random.Below(90'000)) + blank : "";
  const std::string klass = random.Below(3) == 0 ? (random.Below(2) == 0 ? "IN " : "in\t") : "";
  const std::string head = (random.Below(3) == 0 ? "" : AnyOwner(random)) + blank +
                           (random.Below(2) == 0 ? ttl + klass : klass + ttl);
  const char* const ends[] = {"\n", "\r\n", " ; a comment\n", ";\n", " \t\n"};
  const std::string end = ends[random.Below(5)];
  switch (random.Below(20)) {
    case 0:
      return head + "TXT \"a ; b\" \"(\"" + end;
    case 1:
      return head + "MX ( 10 ; a preference\n Mail )" + end;
    case 2:
      return head + "A ( 192.0.2.1\n)" + end;
    case 3:
      return "; " + std::string(random.Below(200), '.') + "\n \n";
    case 4:
      return "$ORIGIN " + std::string(random.Below(2) == 0 ? "example." : "Sub.example.") + "\n";
    case 5:
      return head + "A \\# 4 C0000201" + end;
    case 6:
      return head + "SRV 1 2 443 \\000\\255.x" + end;
    default:
      return head + AnyAddress(random) + end;
  }
}

// The fast reader of plain address records and ldns must see the same in any zone: here over many
// times as much as is read at once, with entries that lie across.
TEST(MasterFile, ReadsWhatLdnsReadsInAnyZone) {
  const ZoneFolder folder;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::string text = "@ 60 NS ns1\n";
    for (int i = 0; i < 8000; ++i) text += AnyEntry(random);
    ASSERT_GT(text.size(), 200'000U);
    const std::string path = folder.Write("zone", text);
    const auto fast = ReadAll(path, MasterFile::Reading::kFast);
    EXPECT_GT(fast.size(), 6000U);
    EXPECT_TRUE(fast == ReadAll(path, MasterFile::Reading::kLdnsOnly));
  }
}

// Likewise in every zone at hand.
TEST(MasterFile, ReadsWhatLdnsReads) {
  const ZoneFolder folder;
  const std::string plain =
      folder.Write("plain",
                   "a 60 IN A 192.0.2.1\n 5 A 192.0.2.2\na IN 7 A 192.0.2.3 ; comment\n"
                   "@ A 192.0.2.4\n\tAAAA 2001:db8::1\nB.Example. aaaa ::ffff:192.0.2.5\n"
                   "$ORIGIN sub\nin IN A 192.0.2.6\na a 192.0.2.7;\n$TTL 1h\nb A 192.0.2.8\n"
                   "x\\046y A 192.0.2.9\n* A 192.0.2.10\n  \n;\n a 192.0.2.11");
  const std::size_t records = ReadAll(plain, MasterFile::Reading::kLdnsOnly).size();
  EXPECT_EQ(records, 12U);
  std::vector<std::string> paths = {plain};
  for (const char* place : {"/zones", "/tests/data/zones"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(DNSD_SOURCE_DIR + std::string(place))) {
      if (entry.path().extension() == ".zone") paths.push_back(entry.path().string());
    }
  }
  EXPECT_GT(paths.size(), 10U);
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    EXPECT_EQ(ReadAll(path, MasterFile::Reading::kFast),
              ReadAll(path, MasterFile::Reading::kLdnsOnly));
  }
}

TEST_F(LoadZoneTest, TellsAllFaultsUpToTwenty) {
  std::string text = kSoa;
  for (int i = 0; i < 3; ++i) text += "a" + std::to_string(i) + " A x\n";
  text += "www.example.org. A 192.0.2.1\n";
  const std::string four = Faults(text);
  for (const char* line : {"zone:2:", "zone:3:", "zone:4:", "zone:5: owner"}) {
    EXPECT_THAT(four, HasSubstr(line));
  }
  for (int i = 0; i < 40; ++i) text += "b" + std::to_string(i) + " A x\n";
  const std::string many = Faults(text);
  EXPECT_THAT(many, HasSubstr("too many faults"));
  EXPECT_LT(std::count(many.begin(), many.end(), '\n'), 25);
}

// A file of the wrong zone, say, of which each record is one.
TEST_F(LoadZoneTest, TellsTwentyFaultsAndWarningsOfTheZoneAsAWhole) {
  std::string outside = kSoa;
  std::string glueless = kSoa;
  for (int i = 0; i < 1000; ++i) {
    outside += "www" + std::to_string(i) + ".example.org. A 192.0.2.1\n";
    glueless += "d" + std::to_string(i) + " NS ns.d\n";
  }
  const std::string faults = Faults(outside);
  EXPECT_THAT(faults, HasSubstr("zone:21: owner"));
  EXPECT_THAT(faults, HasSubstr("zone:22: too many"));
  EXPECT_EQ(std::count(faults.begin(), faults.end(), '\n'), 20);
  const auto loaded = Load(glueless);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->warnings.size(), 21U);
}

TEST_F(LoadZoneTest, NamesTheFaultInTheIncludedFile) {
  folder_.Write("part", "a A 192.0.2.1\nb A nonsense\nc.other. A 192.0.2.1\n");
  const std::string faults = Faults(kSoa + "$INCLUDE part\n");
  EXPECT_THAT(faults, HasSubstr("part:2: found '"));
  EXPECT_THAT(faults, HasSubstr("part:3: owner name c.other. is outside the zone"));
}

TEST_F(LoadZoneTest, RefusesAnIncludeItCannotRead) {
  EXPECT_THAT(Faults(kSoa + "\n$INCLUDE missing\n"),
              StartsWith("zone:3: $INCLUDE missing: No such file"));
  EXPECT_THAT(Faults(kSoa + "$INCLUDE\n"), StartsWith("zone:2: found '$INCLUDE'; wanted"));
  EXPECT_THAT(Faults(kSoa + "$INCLUDE zone\n"), HasSubstr("at most 8 deep"));
}

TEST_F(LoadZoneTest, SaysThatAFileIsMissing) {
  const auto missing =
      LoadZone(folder_.path("no"), *Name::Parse("example"), addresses_, rules_).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Short(std::string(missing.message())),
            "no: No such file or directory; wanted the zone file of example.");
  const auto folder =
      LoadZone(folder_.path(""), *Name::Parse("example"), addresses_, rules_).status();
  EXPECT_EQ(folder.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(folder.message()), HasSubstr("Is a directory"));
  ASSERT_EQ(mkfifo(folder_.path("pipe").c_str(), 0600), 0);
  EXPECT_FALSE(LoadZone(folder_.path("pipe"), *Name::Parse("example"), addresses_, rules_).ok());
}

TEST_F(LoadZoneTest, WarnsOfAZoneThatNobodyCouldDelegateTo) {
  const auto no_ns = Load(kSoa);
  ASSERT_TRUE(no_ns.ok());
  ASSERT_EQ(no_ns->warnings.size(), 1U);
  EXPECT_EQ(Short(no_ns->warnings[0]), "zone: no NS at the apex example.");
  const auto no_glue = Load(kSoa + "@ NS ns1\nsub NS ns.sub\nsub NS ns.elsewhere.\n");
  ASSERT_TRUE(no_glue.ok());
  ASSERT_EQ(no_glue->warnings.size(), 2U);
  EXPECT_EQ(Short(no_glue->warnings[0]),
            "zone:2: name server ns1.example. has no address in the zone");
  EXPECT_EQ(Short(no_glue->warnings[1]),
            "zone:3: name server ns.sub.example. has no address in the zone");
}

// Chen and Chi's two tables, as printed.
TEST_F(LoadZoneTest, ReadsTheTablesOfTheLiterature) {
  const auto zone = MustLoad(kSoa +
                             "www 0 HINFO WWW-Server WWW\n"
                             "www 0 A 203.64.100.117\n"
                             "www 0 A 203.64.100.155\n"
                             "www 0 A 203.64.100.183\n"
                             "www 0 WKS 203.64.100.117 TCP http\n");
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->site_count(), 1U);
  EXPECT_EQ(Rdata(*zone, "www.example", RrType::kA).size(), 3U);
}

TEST_F(LoadZoneTest, MakesASiteOfSeveralAddressesOrOfARule) {
  rules_.Add("one.example", SiteOptions{});
  rules_.Add("*.example", SiteOptions{});
  const auto zone = MustLoad(kSoa + "one A 192.0.2.1\ntwo A 192.0.2.1\ntwo A 192.0.2.2\n" +
                             "@ A 192.0.2.3\n*.w A 192.0.2.3\n");
  ASSERT_TRUE(zone);
  const auto rrset = [&](const char* owner) -> const Rrset& {
    const Name name = *Name::Parse(owner);
    return *zone->FindRrset(*zone->FindExact(name.Hash(), name.wire()), RrType::kA);
  };
  EXPECT_EQ(rrset("one.example").options, 1) << "the first rule that matches";
  EXPECT_NE(rrset("one.example").pool, kNoPool);
  EXPECT_EQ(rrset("two.example").options, 2);
  EXPECT_EQ(rrset("*.w.example").options, 2);
  EXPECT_EQ(rrset("example").pool, kNoPool) << "no rule, and one address";
  EXPECT_EQ(zone->site_count(), 3U);
}

// Owners whose records stand together, and owners whose do not, are the same in the end.
TEST_F(LoadZoneTest, BuildsTheSameZoneOfRecordsInAnotherOrder) {
  constexpr int kOwners = 400;
  const auto owner = [](int i) { return "h" + std::to_string(i) + ".d" + std::to_string(i % 7); };
  const auto record = [&](int i, int round) {
    const std::string n = std::to_string(i % 50) + "." + std::to_string(round);
    switch (round) {
      case 3:
        return i % 3 == 0 ? owner(i) + " AAAA 2001:db8::" + std::to_string(i % 5) + "\n" : "";
      case 4:
        return i % 4 == 0 ? owner(i) + " TXT t" + std::to_string(i) + "\n" : "";
      default:
        return round <= i % 3 ? owner(i) + " A 10.0." + n + "\n" : "";
    }
  };
  std::string together = kSoa;
  std::string apart = kSoa;
  for (int i = 0; i < kOwners; ++i) {
    for (int round = 0; round < 5; ++round) together += record(i, round);
  }
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < kOwners; ++i) apart += record(i, round);
  }
  const auto one = MustLoad(together);
  const auto other = MustLoad(apart);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->node_count(), 408U);
  EXPECT_EQ(one->site_count(), 266U);
  for (const auto figure : {&Zone::node_count, &Zone::record_count, &Zone::site_count}) {
    EXPECT_EQ(((*one).*figure)(), ((*other).*figure)());
  }
  std::size_t nodes = 0;
  for (const Node& node : other->nodes()) {
    ++nodes;
    const Name name = other->name(node);
    EXPECT_EQ(other->FindExact(name.Hash(), name.wire()), &node) << name.ToString();
    const Node* same = one->FindExact(name.Hash(), name.wire());
    ASSERT_NE(same, nullptr) << name.ToString();
    ASSERT_EQ(node.rrset_count, same->rrset_count) << name.ToString();
    for (const Rrset& rrset : other->rrsets(node)) {
      const std::string text = name.ToString();
      EXPECT_EQ(Rdata(*other, text, rrset.type), Rdata(*one, text, rrset.type)) << text;
      EXPECT_EQ(rrset.pool == kNoPool, one->FindRrset(*same, rrset.type)->pool == kNoPool) << text;
    }
  }
  EXPECT_EQ(nodes, other->node_count());
}

TEST_F(LoadZoneTest, ReadsALineLongerThanWhatIsReadAtOnce) {
  std::string text = kSoa + "www 60 TXT";
  for (int i = 0; i < 230; ++i) text += " \"" + std::string(250, 'x') + "\\065\"";
  text += "\n; " + std::string(300'000, '-') + "\nlast 60 A 192.0.2.1\n" + "bad A nonsense\n";
  EXPECT_THAT(Faults(text), StartsWith("zone:5: found 'bad A nonsense'"));
  text.resize(text.rfind("bad"));
  const auto zone = MustLoad(text);
  ASSERT_TRUE(zone);
  const auto rdata = Rdata(*zone, "www.example", RrType::kTxt);
  ASSERT_EQ(rdata.size(), 1U);
  EXPECT_EQ(rdata[0].size(), 230U * 252);
  EXPECT_EQ(Ttl(*zone, "last.example", RrType::kA), 60);
}

TEST_F(LoadZoneTest, MakesNoSiteOfGlue) {
  const auto zone = MustLoad(kSoa +
                             "sub NS ns.sub\nns.sub A 192.0.2.1\nns.sub A 192.0.2.2\n"
                             "sub A 192.0.2.1\nsub A 192.0.2.2\n");
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->site_count(), 0U);
  EXPECT_THAT(Rdata(*zone, "ns.sub.example", RrType::kA),
              ElementsAre("\xC0\0\2\1"s, "\xC0\0\2\2"s));
}

TEST_F(LoadZoneTest, StoresAPoolOnceForAllItsSites) {
  std::string text = kSoa;
  for (const char* site : {"a", "b", "c"}) {
    for (int i = 1; i <= 4; ++i) text += site + " A 192.0.2."s + std::to_string(i) + "\n";
    text += site + " AAAA 2001:db8::1\n"s + site + " AAAA 2001:db8::2\n";
  }
  // Other members, another order, and an AAAA whose octets are those of the four A: others.
  text += "d A 192.0.2.1\nd A 192.0.2.2\n";
  text += "e A 192.0.2.2\ne A 192.0.2.1\n";
  text += "f AAAA c000:0201:c000:0202:c000:0203:c000:0204\n";
  rules_.Add("f.example", {});
  const auto zone = MustLoad(text);
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->site_count(), 6U);
  EXPECT_EQ(zone->pool_count(), 5U);
  EXPECT_EQ(addresses_.size(), 7U);
  const Name name = *Name::Parse("e.example");
  const Rrset& rrset = *zone->FindRrset(*zone->FindExact(name.Hash(), name.wire()), RrType::kA);
  const Pool pool = zone->pool(rrset.pool);
  EXPECT_EQ(Text(pool.address(0)), "\xC0\0\2\2"s) << "in the order of the file";
  EXPECT_EQ(addresses_.address(pool.members[1]).ToString(), "192.0.2.1");
}

}  // namespace
}  // namespace dnsd::zone
