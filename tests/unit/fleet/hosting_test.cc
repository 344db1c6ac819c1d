#include "dnsd/fleet/hosting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dnsd/base/random.h"
#include "dnsd/fleet/hosting_builder.h"

namespace dnsd::fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

SiteReport Site(const std::string& name, std::uint64_t version = 0, bool ready = true,
                bool healthy = true) {
  return {*wire::Name::Parse(name), version, 0, ready, healthy};
}

std::vector<NodeIndex> NodesOf(const HostingTable& table, const std::string& site) {
  const auto name = *wire::Name::Parse(site);
  std::vector<NodeIndex> nodes;
  for (const Host& host : table.Find(name.Hash(), name.wire())) nodes.push_back(host.node);
  return nodes;
}

Host OnlyHost(const HostingTable& table, const std::string& site) {
  const auto name = *wire::Name::Parse(site);
  const auto hosts = table.Find(name.Hash(), name.wire());
  EXPECT_EQ(hosts.size(), 1U);
  return hosts.empty() ? Host{} : hosts[0];
}

TEST(HostingTable, IsEmptyAtFirst) {
  const HostingTable table;
  EXPECT_TRUE(table.empty());
  EXPECT_THAT(NodesOf(table, "a.example"), IsEmpty());
}

TEST(HostingBuilder, ListsTheHostsOfASiteByRisingNode) {
  HostingBuilder builder;
  builder.SetFull(7, std::vector{Site("a.example"), Site("b.example")});
  builder.SetFull(2, std::vector{Site("a.example")});
  const auto table = builder.Build();
  EXPECT_THAT(NodesOf(*table, "a.example"), ElementsAre(2, 7));
  EXPECT_THAT(NodesOf(*table, "b.example"), ElementsAre(7));
  EXPECT_THAT(NodesOf(*table, "c.example"), IsEmpty());
  EXPECT_EQ(table->site_count(), 2U);
  EXPECT_EQ(builder.site_count(7), 2U);
}

TEST(HostingBuilder, AFullListDropsWhatItNoLongerNames) {
  HostingBuilder builder;
  builder.SetFull(1, std::vector{Site("a.example"), Site("b.example")});
  builder.SetFull(2, std::vector{Site("a.example")});
  builder.Build();
  builder.SetFull(1, std::vector{Site("b.example"), Site("c.example")});
  const auto table = builder.Build();
  EXPECT_THAT(NodesOf(*table, "a.example"), ElementsAre(2));
  EXPECT_THAT(NodesOf(*table, "b.example"), ElementsAre(1));
  EXPECT_THAT(NodesOf(*table, "c.example"), ElementsAre(1));
  EXPECT_EQ(builder.site_count(1), 2U);
}

TEST(HostingBuilder, AFullListOfNothingDropsEverySite) {
  HostingBuilder builder;
  builder.SetFull(1, std::vector{Site("a.example"), Site("b.example")});
  builder.Build();
  builder.SetFull(1, {});
  EXPECT_TRUE(builder.Build()->empty());
  EXPECT_EQ(builder.site_count(1), 0U);
}

TEST(HostingBuilder, AListThatSaysNothingNewKeepsTheTable) {
  HostingBuilder builder;
  const std::vector sites{Site("a.example", 3), Site("b.example")};
  builder.SetFull(1, sites);
  const auto first = builder.Build();
  builder.SetFull(1, sites);
  EXPECT_EQ(builder.Build(), first);
}

TEST(HostingBuilder, ASiteNamedTwiceHidesNoRemoval) {
  HostingBuilder builder;
  builder.SetFull(1, std::vector{Site("a.example"), Site("b.example")});
  builder.Build();
  builder.SetFull(1, std::vector{Site("a.example", 1), Site("a.example", 2)});
  const auto table = builder.Build();
  EXPECT_THAT(NodesOf(*table, "b.example"), IsEmpty());
  EXPECT_EQ(OnlyHost(*table, "a.example").content_version, 2U);
  EXPECT_EQ(builder.site_count(1), 1U);
}

TEST(HostingBuilder, ADifferenceAddsChangesAndRemoves) {
  HostingBuilder builder;
  builder.SetFull(1, std::vector{Site("a.example", 1), Site("b.example", 1)});
  builder.Change(1, std::vector{Site("b.example", 2), Site("c.example", 1)},
                 std::vector{*wire::Name::Parse("a.example"), *wire::Name::Parse("never.example")});
  const auto table = builder.Build();
  EXPECT_THAT(NodesOf(*table, "a.example"), IsEmpty());
  EXPECT_EQ(OnlyHost(*table, "b.example").content_version, 2U);
  EXPECT_THAT(NodesOf(*table, "c.example"), ElementsAre(1));
  EXPECT_EQ(builder.site_count(1), 2U);
}

TEST(HostingBuilder, OfANodeThatHostsAllOnlyExceptionsAreKept) {
  HostingBuilder builder;
  builder.SetAll(4, std::vector{Site("well.example"), Site("copying.example", 1, false),
                                Site("sick.example", 1, true, false)});
  auto table = builder.Build();
  EXPECT_EQ(table->site_count(), 2U);
  EXPECT_FALSE(OnlyHost(*table, "copying.example").answers());
  EXPECT_FALSE(OnlyHost(*table, "sick.example").answers());

  builder.ChangeAll(4, std::vector{Site("sick.example")},
                    std::vector{*wire::Name::Parse("gone.example")});
  table = builder.Build();
  EXPECT_THAT(NodesOf(*table, "sick.example"), IsEmpty());
  EXPECT_FALSE(OnlyHost(*table, "gone.example").answers());
}

TEST(HostingBuilder, AChangeRebuildsOnlyTheShardsItTouches) {
  HostingBuilder builder;
  std::vector<SiteReport> sites;
  for (int i = 0; i < 5000; ++i) sites.push_back(Site("s" + std::to_string(i) + ".example"));
  builder.SetFull(0, sites);
  const auto before = builder.Build();
  builder.Change(0, std::vector{Site("s17.example", 2)}, {});
  const auto after = builder.Build();
  std::size_t changed = 0;
  for (std::size_t i = 0; i < HostingTable::kShards; ++i) {
    changed += before->shard(i) != after->shard(i);
  }
  EXPECT_EQ(changed, 1U);
  EXPECT_EQ(OnlyHost(*before, "s17.example").content_version, 0U);
  EXPECT_EQ(OnlyHost(*after, "s17.example").content_version, 2U);
}

// Random lists and differences against a map that does the same.
TEST(HostingBuilder, AgreesWithAPlainMap) {
  Random random(1);
  HostingBuilder builder;
  std::map<std::string, std::map<NodeIndex, std::uint64_t>> model;
  std::shared_ptr<const HostingTable> table;
  for (int round = 0; round < 300; ++round) {
    const NodeIndex node = random.Below(6);
    const bool full = random.Below(3) == 0;
    if (full) {
      for (auto& [name, hosts] : model) hosts.erase(node);
    }
    std::vector<SiteReport> sites;
    std::vector<wire::Name> removed;
    for (std::uint32_t i = random.Below(60); i > 0; --i) {
      const std::string name = "s" + std::to_string(random.Below(300)) + ".example";
      const std::uint64_t version = random.Below(4);
      sites.push_back(Site(name, version));
      model[name][node] = version;
    }
    for (std::uint32_t i = full ? 0 : random.Below(20); i > 0; --i) {
      const std::string name = "s" + std::to_string(random.Below(300)) + ".example";
      removed.push_back(*wire::Name::Parse(name));
      model[name].erase(node);
    }
    full ? builder.SetFull(node, sites) : builder.Change(node, sites, removed);
    if (random.Below(2) == 0) continue;  // some changes share a Build
    table = builder.Build();
    std::size_t count = 0;
    std::map<NodeIndex, std::size_t> counts;
    for (const auto& [name, hosts] : model) {
      count += !hosts.empty();
      const auto wire_name = *wire::Name::Parse(name);
      std::map<NodeIndex, std::uint64_t> found;
      for (const Host& h : table->Find(wire_name.Hash(), wire_name.wire())) {
        found[h.node] = h.content_version;
        ++counts[h.node];
      }
      ASSERT_EQ(found, hosts) << name << " in round " << round;
    }
    ASSERT_EQ(table->site_count(), count);
    for (NodeIndex n = 0; n < 6; ++n) ASSERT_EQ(builder.site_count(n), counts[n]);
  }
  std::set<std::string> visited;
  table->ForEach([&](auto name, auto) { visited.insert(wire::NameToString(name)); });
  EXPECT_EQ(visited.size(), table->site_count());
}

}  // namespace
}  // namespace dnsd::fleet
