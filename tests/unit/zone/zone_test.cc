#include "dnsd/zone/zone.h"

#include <gtest/gtest.h>

#include "dnsd/zone/zone_set.h"
#include "tests/unit/zone_text.h"

namespace dnsd::zone {
namespace {

using wire::Name;
using wire::RrType;
using Kind = Lookup::Kind;

std::shared_ptr<const Zone> Load(const std::string& apex, const std::string& text) {
  const ZoneFolder folder;
  AddressTable addresses;
  const SiteRules rules;
  const std::string soa = "$TTL 60\n@ SOA ns1 hostmaster 7 3600 600 86400 5\n@ NS ns.elsewhere.\n";
  auto loaded = LoadZone(folder.Write("zone", soa + text), *Name::Parse(apex), addresses, rules);
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  return loaded->zone;
}

struct Case {
  const char* name;
  Kind kind;
  const char* node;  // the name of the node found
};

void Expect(const Zone& zone, std::span<const Case> cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Name name = *Name::Parse(c.name);
    const Lookup found = zone.Find(name, NameHashes(name));
    EXPECT_EQ(static_cast<int>(found.kind), static_cast<int>(c.kind));
    ASSERT_NE(found.node, nullptr);
    EXPECT_EQ(zone.name(*found.node).ToString(), c.node);
    if (found.kind != Kind::kWildcard) {
      EXPECT_EQ(wire::NameToString(name.suffix(found.depth)), c.node);
    }
  }
}

// The zone of RFC 4592 §2.2.1, with its questions.
TEST(ZoneFind, FollowsTheExamplesOfRfc4592) {
  const auto zone = Load("example",
                         "*                 TXT \"this is a wildcard\"\n"
                         "*                 MX  10 host1\n"
                         "sub.*             TXT \"this is not a wildcard\"\n"
                         "host1             A   192.0.2.1\n"
                         "_ssh._tcp.host1   SRV 0 0 22 host1\n"
                         "_ssh._tcp.host2   SRV 0 0 22 host2\n"
                         "subdel            NS  ns.example.com.\n"
                         "subdel            NS  ns.example.net.\n");
  const Case cases[] = {
      {"host3.example", Kind::kWildcard, "*.example."},
      {"foo.bar.example", Kind::kWildcard, "*.example."},
      {"host1.example", Kind::kExact, "host1.example."},
      {"sub.*.example", Kind::kExact, "sub.*.example."},
      {"_telnet._tcp.host1.example", Kind::kNone, "_tcp.host1.example."},
      {"host.subdel.example", Kind::kDelegation, "subdel.example."},
      {"ghost.*.example", Kind::kNone, "*.example."},
      {"host2.example", Kind::kExact, "host2.example."},
      {"_tcp.host2.example", Kind::kExact, "_tcp.host2.example."},
      {"x.host1.example", Kind::kNone, "host1.example."},
      {"*.example", Kind::kExact, "*.example."},
      {"example", Kind::kExact, "example."},
  };
  Expect(*zone, cases);
  const Name host2 = *Name::Parse("host2.example");
  EXPECT_EQ(zone->Find(host2, NameHashes(host2)).node->rrset_count, 0) << "an empty non-terminal";
}

TEST(ZoneFind, MatchesAWildcardThatIsAnEmptyNonTerminal) {
  const auto zone = Load("example", "sub.*.w A 192.0.2.1\n");
  const Case cases[] = {
      {"x.w.example", Kind::kWildcard, "*.w.example."},
      {"x.example", Kind::kNone, "example."},
  };
  Expect(*zone, cases);
}

TEST(ZoneFind, StopsAtTheCutNearestToTheApex) {
  const auto zone = Load("example",
                         "sub          NS ns.sub\n"
                         "sub          A  192.0.2.1\n"
                         "ns.sub       A  192.0.2.1\n"
                         "deep.sub     NS ns.deep.sub\n"
                         "ns.deep.sub  A  192.0.2.1\n"
                         "*.sub        A  192.0.2.1\n"
                         "d.sub        DNAME other\n");
  const Case cases[] = {
      {"sub.example", Kind::kDelegation, "sub.example."},
      {"ns.sub.example", Kind::kDelegation, "sub.example."},
      {"x.sub.example", Kind::kDelegation, "sub.example."},
      {"deep.sub.example", Kind::kDelegation, "sub.example."},
      {"ns.deep.sub.example", Kind::kDelegation, "sub.example."},
      {"x.y.deep.sub.example", Kind::kDelegation, "sub.example."},
      {"x.d.sub.example", Kind::kDelegation, "sub.example."},
  };
  Expect(*zone, cases);
  const Name glue = *Name::Parse("ns.sub.example");
  const Node* node = zone->FindExact(glue.Hash(), glue.wire());
  ASSERT_NE(node, nullptr) << "glue is found as such";
  EXPECT_TRUE(node->has(Node::kOccluded));
}

TEST(ZoneFind, TellsOfADnameBelowItsOwnerOnly) {
  const auto zone = Load("example",
                         "d       DNAME other.example.\n"
                         "d       A     192.0.2.1\n"
                         "old.d   A     192.0.2.1\n"
                         "x.old.d NS    ns.elsewhere.\n");
  const Case cases[] = {
      {"d.example", Kind::kExact, "d.example."},
      {"a.d.example", Kind::kDname, "d.example."},
      {"a.b.d.example", Kind::kDname, "d.example."},
      {"old.d.example", Kind::kDname, "d.example."},
      {"a.x.old.d.example", Kind::kDname, "d.example."},
      {"ad.example", Kind::kNone, "example."},
  };
  Expect(*zone, cases);
}

TEST(ZoneFind, KnowsADnameAtTheApex) {
  const auto zone = Load("example", "@ DNAME other.\nwww A 192.0.2.1\n");
  const Case cases[] = {
      {"example", Kind::kExact, "example."},
      {"www.example", Kind::kDname, "example."},
      {"a.b.example", Kind::kDname, "example."},
  };
  Expect(*zone, cases);
}

TEST(ZoneFind, ServesTheRootZone) {
  const auto zone = Load(".", "com NS ns.com.\nns.com A 192.0.2.1\nlocal A 192.0.2.1\n");
  const Case cases[] = {
      {".", Kind::kExact, "."},
      {"local", Kind::kExact, "local."},
      {"a.com", Kind::kDelegation, "com."},
      {"org", Kind::kNone, "."},
  };
  Expect(*zone, cases);
}

TEST(ZoneFind, FindsEachOfManyNames) {
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += "h" + std::to_string(i) + ".e" + std::to_string(i % 50) + " A 192.0.2.1\n";
  const auto zone = Load("example", text);
  EXPECT_EQ(zone->node_count(), 5051U);
  for (int i = 0; i < 5000; ++i) {
    const Name name =
        *Name::Parse("h" + std::to_string(i) + ".e" + std::to_string(i % 50) + ".example");
    const NameHashes hashes(name);
    zone->Prefetch(hashes.of(0));
    zone->PrefetchNode(hashes.of(0));
    zone->PrefetchData(hashes.of(0));
    ASSERT_EQ(zone->Find(name, hashes).kind, Kind::kExact) << name.ToString();
    const Name none =
        *Name::Parse("n" + std::to_string(i) + ".e" + std::to_string(i % 50) + ".example");
    ASSERT_EQ(zone->Find(none, NameHashes(none)).kind, Kind::kNone) << none.ToString();
  }
}

TEST(ZoneSet, FindsTheZoneOfTheLongestApex) {
  const auto outer = Load("example", "");
  const auto inner = Load("a.b.example", "");
  const ZoneSet zones({outer, inner}, {SiteOptions{}});
  const auto closest = [&](const char* text) {
    const Name name = *Name::Parse(text);
    return zones.FindClosest(name, NameHashes(name));
  };
  const auto above = [&](const char* text) {
    const Name name = *Name::Parse(text);
    return zones.FindAbove(name, NameHashes(name));
  };
  EXPECT_EQ(closest("example"), outer.get());
  EXPECT_EQ(closest("b.example"), outer.get());
  EXPECT_EQ(closest("a.b.example"), inner.get());
  EXPECT_EQ(closest("x.y.a.b.example"), inner.get());
  EXPECT_EQ(closest("ab.example"), outer.get());
  EXPECT_EQ(closest("org"), nullptr);
  EXPECT_EQ(closest("."), nullptr);
  EXPECT_EQ(above("a.b.example"), outer.get());
  EXPECT_EQ(above("x.a.b.example"), inner.get());
  EXPECT_EQ(above("example"), nullptr);
}

TEST(ZoneSet, FindsEachOfManyZones) {
  std::vector<std::shared_ptr<const Zone>> zones;
  for (int i = 0; i < 300; ++i) zones.push_back(Load("z" + std::to_string(i) + ".example", ""));
  const ZoneSet set(zones, {SiteOptions{}});
  for (int i = 0; i < 300; ++i) {
    const Name below = *Name::Parse("a.z" + std::to_string(i) + ".example");
    EXPECT_EQ(set.FindClosest(below, NameHashes(below)), zones[static_cast<std::size_t>(i)].get());
    const Name none = *Name::Parse("a.y" + std::to_string(i) + ".example");
    EXPECT_EQ(set.FindClosest(none, NameHashes(none)), nullptr);
  }
  const ZoneSet empty({}, {SiteOptions{}});
  const Name name = *Name::Parse("example");
  EXPECT_EQ(empty.FindClosest(name, NameHashes(name)), nullptr);
}

TEST(ZoneSet, FindsTheRootZoneForAllElse) {
  const auto root = Load(".", "");
  const auto example = Load("example", "");
  const ZoneSet zones({root, example}, {SiteOptions{}});
  const auto closest = [&](const char* text) {
    const Name name = *Name::Parse(text);
    return zones.FindClosest(name, NameHashes(name));
  };
  EXPECT_EQ(closest("."), root.get());
  EXPECT_EQ(closest("org"), root.get());
  EXPECT_EQ(closest("www.example"), example.get());
}

}  // namespace
}  // namespace dnsd::zone
