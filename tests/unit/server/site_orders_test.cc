#include "dnsd/server/site_orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "dnsd/answer/hosts.h"
#include "dnsd/base/random.h"
#include "dnsd/fleet/hosting_builder.h"

namespace dnsd::server {
namespace {

using Kind = fleet::Order::Kind;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const fleet::OrderChange kDrain{{Kind::kDrain, "", {}}, {}};
const wire::Name kSite = *wire::Name::Parse("www.example");

MonotonicTime At(int s) { return MonotonicTime(seconds(s)); }
fleet::OrderChange DrainUntil(int s) {
  return {{Kind::kDrain, "", fleet::Order::End{At(s), WallTime(seconds(s))}}, {}};
}

class SiteOrdersTest : public ::testing::Test {
 protected:
  std::span<const fleet::Host> HostsIn(const fleet::HostingTable& table) const {
    return table.Find(kSite.Hash(), kSite.wire());
  }
  void AddNode(const char* name) { nodes_.emplace_back().name = name; }

  SiteOrders orders_;
  fleet::HostingBuilder reported_;
  std::vector<fleet::Node> nodes_;
};

TEST_F(SiteOrdersTest, WithoutOrdersTheHostingIsAsReported) {
  const auto base = reported_.Build();
  EXPECT_EQ(orders_.Over(base, nodes_), base);
}

TEST_F(SiteOrdersTest, ANodeUnderAnOrderDoesNotHostTheSiteAndOthersDo) {
  AddNode("a");
  AddNode("b");
  for (const fleet::NodeIndex node : {0U, 1U}) {
    reported_.SetFull(node, std::vector{fleet::SiteReport{kSite, 7, 0, true, true}});
  }
  const auto base = reported_.Build();
  orders_.Set({"www.example.", "b"}, kDrain);
  const auto over = orders_.Over(base, nodes_);
  EXPECT_TRUE(answer::IsHost(true, 0, HostsIn(*over)));
  EXPECT_FALSE(answer::IsHost(true, 1, HostsIn(*over)));
  EXPECT_FALSE(answer::IsHost(false, 1, HostsIn(*over)));
  EXPECT_FALSE(answer::IsClosed(HostsIn(*over)));
  EXPECT_TRUE(answer::IsHost(true, 1, HostsIn(*base)));  // what is stored stays as it was
}

TEST_F(SiteOrdersTest, ASiteUnderAnOrderIsClosed) {
  orders_.Set({"www.example.", ""}, kDrain);
  const auto over = orders_.Over(reported_.Build(), nodes_);
  EXPECT_TRUE(answer::IsClosed(HostsIn(*over)));
  const wire::Name other = *wire::Name::Parse("other.example");
  EXPECT_THAT(over->Find(other.Hash(), other.wire()), IsEmpty());
}

TEST_F(SiteOrdersTest, IsTheSameTableUntilSomethingChanges) {
  AddNode("a");
  const auto base = reported_.Build();
  orders_.Set({"www.example.", "b"}, kDrain);
  const auto first = orders_.Over(base, nodes_);
  EXPECT_EQ(orders_.Over(base, nodes_), first);
  AddNode("b");
  const auto second = orders_.Over(base, nodes_);
  EXPECT_NE(second, first);
  EXPECT_THAT(HostsIn(*second), SizeIs(1));
  orders_.Set({"www.example.", ""}, kDrain);
  EXPECT_THAT(HostsIn(*orders_.Over(base, nodes_)), SizeIs(2));
  reported_.SetFull(0, std::vector{fleet::SiteReport{kSite, 7, 0, true, true}});
  EXPECT_THAT(HostsIn(*orders_.Over(reported_.Build(), nodes_)), SizeIs(3));
}

TEST_F(SiteOrdersTest, IsTakenBackByItsOwnKindAlone) {
  const SiteKey key{"www.example.", "a"};
  EXPECT_FALSE(orders_.Set(key, {{}, Kind::kDrain}));
  EXPECT_TRUE(orders_.Set(key, kDrain));
  EXPECT_FALSE(orders_.Set(key, {{}, Kind::kDisable}));
  EXPECT_FALSE(orders_.empty());
  EXPECT_TRUE(orders_.Set(key, {{}, Kind::kDrain}));
  EXPECT_TRUE(orders_.empty());
}

TEST_F(SiteOrdersTest, EndsWhenItsTimeIsOver) {
  orders_.Set({"a.", ""}, DrainUntil(20));
  orders_.Set({"b.", ""}, DrainUntil(10));
  orders_.Set({"c.", ""}, kDrain);
  EXPECT_EQ(orders_.NextEnd(), At(10));
  EXPECT_THAT(orders_.End(At(9)), IsEmpty());
  const auto ended = orders_.End(At(10));
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].key.site, "b.");
  EXPECT_EQ(orders_.NextEnd(), At(20));
  EXPECT_THAT(orders_.End(At(30)), SizeIs(1));
  EXPECT_EQ(orders_.NextEnd(), std::nullopt);
}

wire::Name Numbered(int i) { return *wire::Name::Parse("s" + std::to_string(i) + ".example"); }

TEST_F(SiteOrdersTest, AChangeOfTheHostingCostsTheShardsThatChanged) {
  AddNode("a");
  std::vector<fleet::SiteReport> sites;
  for (int i = 0; i < 5000; ++i) sites.push_back({Numbered(i), 7, 0, true, true});
  reported_.SetFull(0, sites);
  orders_.Set({"www.example.", "a"}, kDrain);
  const auto first = orders_.Over(reported_.Build(), nodes_);
  const auto shard_of = [](const wire::Name& n) { return fleet::HostingKey::Of(n.Hash()).shard; };
  int other = 0;  // in another shard than the order's
  while (shard_of(Numbered(other)) == shard_of(kSite)) ++other;
  reported_.Change(0, std::vector{fleet::SiteReport{Numbered(other), 8, 0, true, true}}, {});
  const auto base = reported_.Build();
  const auto second = orders_.Over(base, nodes_);
  for (std::size_t i = 0; i < fleet::HostingTable::kShards; ++i) {
    // The order's is what it was, and every other the hosting's own.
    EXPECT_EQ(second->shard(i), i == shard_of(kSite) ? first->shard(i) : base->shard(i));
  }
  EXPECT_EQ(second->site_count(), 5001U);
}

// Every host of every site, in one text.
std::string TextOf(const fleet::HostingTable& table) {
  std::vector<std::string> lines;
  table.ForEach([&](std::span<const std::uint8_t> name, std::span<const fleet::Host> hosts) {
    std::string line = wire::NameToString(name);
    for (const fleet::Host& host : hosts) {
      line += ' ' + std::to_string(host.node) + (host.answers() ? "+" : "-");
    }
    lines.push_back(line);
  });
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

TEST_F(SiteOrdersTest, AfterAnyChangesTheTableIsAsIfMadeAnew) {
  Random random(7);
  for (int step = 0; step < 300; ++step) {
    const std::string node(1, static_cast<char>('a' + random.Below(6)));
    const wire::Name site = Numbered(static_cast<int>(random.Below(40)));
    switch (random.Below(5)) {
      case 0:
        orders_.Set({site.ToString(), random.Below(2) == 0 ? "" : node}, DrainUntil(step + 20));
        break;
      case 1:
        orders_.Set({site.ToString(), node}, {{}, Kind::kDrain});
        break;
      case 2:
        orders_.End(At(step));
        break;
      case 3:
        if (nodes_.size() < 6)
          AddNode(std::string(1, 'a' + static_cast<char>(nodes_.size())).c_str());
        break;
      default:
        reported_.Change(static_cast<fleet::NodeIndex>(random.Below(6)),
                         std::vector{fleet::SiteReport{site, 7, 0, true, true}},
                         std::vector{Numbered(static_cast<int>(random.Below(40)))});
    }
    const auto base = reported_.Build();
    SiteOrders anew;
    for (const SiteOrder& held : orders_.list()) anew.Set(held.key, {held.order, {}});
    ASSERT_EQ(TextOf(*orders_.Over(base, nodes_)), TextOf(*anew.Over(base, nodes_))) << step;
  }
}

}  // namespace
}  // namespace dnsd::server
