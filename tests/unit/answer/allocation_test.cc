// The query path takes no memory: every operator new of this program is counted.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>

#include "dnsd/locality/rtt_table.h"
#include "tests/unit/answer/asking.h"

namespace {

std::size_t g_allocations = 0;

void* Counted(std::size_t size) {
  ++g_allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();  // no test here gets by without memory
}

}  // namespace

void* operator new(std::size_t size) { return Counted(size); }
void* operator new[](std::size_t size) { return Counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return Counted(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return Counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace dnsd::answer {
namespace {

using wire::RrType;

class AllocationTest : public AskingTest {};

TEST_F(AllocationTest, CountsWhatIsTaken) {
  const std::size_t before = g_allocations;
  const auto taken = std::make_unique<int>(1);
  EXPECT_EQ(g_allocations, before + 1);
}

TEST_F(AllocationTest, RespondTakesNoMemory) {
  zone::SiteOptions many;
  many.answers = 20;
  many.margin = 0;
  rules_.Add("many.example", many);
  zone::SiteOptions last;
  last.all_down = zone::AllDown::kLastGood;
  rules_.Add("down.example", last);
  locality_.subnets = {{*IpPrefix::Parse("192.0.2.0/24"), {*IpPrefix::Parse("10.0.0.4")}}};
  std::string text =
      "www A 10.0.0.1\nwww A 10.0.0.2\n*.h A 10.0.0.1\n*.h A 10.0.0.2\ndown A 10.0.1.1\n"
      "a CNAME b\nb CNAME www\nd DNAME h\n@ MX 10 www\nsub NS ns.sub\nns.sub A 192.0.2.1\n"
      "plain A 10.9.0.1\nplain A 10.9.0.2\nt TXT x\n";
  for (int i = 1; i <= 40; ++i) text += "many A 10.0.0." + std::to_string(i) + "\n";
  AddZone("example", text);
  const auto one = AddNode(NodeOfLoad(0.1F), {"10.0.0.1", "10.0.0.3"});
  AddNode(NodeOfLoad(0.2F), {"10.0.0.2", "10.0.0.4"});
  NodeEntry dead = NodeOfLoad(0);
  dead.tier = fleet::Tier::kExcluded;
  AddNode(dead, {"10.0.1.1"});
  Host(one, {{"x.h.example", true}, {"www.example", true}});
  Start();
  RateLimitSettings& limits = served_->rate_limit.emplace();
  limits.rates.fill(RateLimitSettings::kMostRate);
  limits.all_rate = RateLimitSettings::kMostRate;
  responder_->Adopt(*served_);
  const Asking plain;
  Asking subnet;
  subnet.subnet = "192.0.2.0/24";
  std::vector<std::string> queries;
  for (const char* name :
       {"www", "x.h", "y.h", "down", "a", "x.d", "sub", "x.sub", "plain", "t", "many", "no"}) {
    for (const RrType type : {RrType::kA, RrType::kAaaa, RrType::kTxt, RrType::kAny}) {
      queries.push_back(QueryOctets(name + std::string(".example"), type, plain));
      queries.push_back(QueryOctets(name + std::string(".example"), type, subnet));
    }
  }
  queries.push_back(QueryOctets("example", RrType::kMx, plain));
  queries.push_back(QueryOctets("example.org", RrType::kA, plain));
  queries.push_back(queries[0] + "left over");
  // Every option at once, over both transports; a cookie that is bad is the dearest to judge.
  const std::array<CookieSecret, 2> secrets = {};
  served_->cookies = Cookies(secrets);
  served_->nsid = {'n', 's', '1'};
  served_->chaos = ChaosTexts("version", "identity");
  const std::string options =
      U16(10) + U16(24) + "ccccccc\1" + std::string(16, '\0') + U16(3) + U16(0) + U16(11) + U16(0);
  for (const char* name : {"www.example", "no.example", "example.org"}) {
    std::string query = QueryOctets(name, RrType::kA, Asking{.edns = 1232});
    query.replace(query.size() - 2, 2, U16(options.size()));
    queries.push_back(query + options);
  }
  std::string version = QueryOctets("version.bind", RrType::kTxt, plain);
  version.replace(version.size() - 2, 2, U16(3));
  queries.push_back(version);
  const IpAddress client = *IpAddress::Parse("192.0.2.1");
  std::vector<std::uint8_t> out(Responder::kMaxTcpSize);
  const std::size_t before = g_allocations;
  std::size_t written = 0;
  for (int round = 0; round < 3; ++round) {
    for (const std::string& query : queries) {
      for (const Transport transport : {Transport::kUdp, Transport::kTcp}) {
        written += responder_->Respond(Octets(query), client, transport, out) > 0 ? 1U : 0U;
      }
    }
  }
  EXPECT_EQ(g_allocations, before);
  EXPECT_EQ(written, 6 * queries.size());
}

// A site of each policy and order, one address and several; a pool with a suspect, a dead and an
// unmanaged member.
TEST_F(AllocationTest, NoPolicyTakesMemory) {
  lists_.weights = {{{*IpPrefix::Parse("10.0.0.1"), 3.0F}}};
  lists_.groups = {{{*IpPrefix::Parse("10.0.0.1")}, {*IpPrefix::Parse("10.0.0.0/24")}}};
  locality_.subnets = {{*IpPrefix::Parse("192.0.2.0/24"), {*IpPrefix::Parse("10.0.0.4")}}};
  std::string text;
  std::vector<std::string> names;
  for (int policy = 0; policy <= static_cast<int>(zone::Policy::kFailover); ++policy) {
    for (const unsigned answers : {1U, 3U, 40U}) {
      for (const zone::Order order : {zone::Order::kCost, zone::Order::kLocality}) {
        zone::SiteOptions options;
        options.policy = static_cast<zone::Policy>(policy);
        options.order = order;
        options.answers = static_cast<std::uint16_t>(answers);
        options.weights = 1;
        options.groups = policy == static_cast<int>(zone::Policy::kFailover) ? 1 : 0;
        options.weights_by = zone::WeightRule::kMemory;
        options.panic = answers == 3 ? 1.0F : 0.3F;
        names.push_back("p" + std::to_string(names.size()) + ".example");
        rules_.Add(names.back(), options);
        for (int i = 1; i <= 40; ++i) {
          text += names.back() + ". A 10.0.0." + std::to_string(i) + "\n";
        }
      }
    }
  }
  AddZone("example", text);
  std::vector<zone::SiteOptions> options = rules_.options();
  policy::FleetModel model;
  model.SetGauges(policy::AssignGauges(options));
  const auto now = MonotonicTime(std::chrono::hours(1));
  for (fleet::NodeIndex i = 0; i < 39; ++i) {
    model.OnReport(i,
                   {.cpu_utilization = 0.02 * i,
                    .connections = 10.0 + i,
                    .memory_available_bytes = 1e9 + 1e7 * i,
                    .process_time_seconds = 0.01},
                   now, Duration::zero(), std::chrono::seconds(1));
    NodeEntry node;
    node.figures = model.Predict(i, now, 1);
    node.cost = policy::CostOf(node.figures, node.figures.sessions);
    node.tier = i == 3   ? fleet::Tier::kLastResort
                : i == 4 ? fleet::Tier::kExcluded
                         : fleet::Tier::kUsable;
    const std::string address = "10.0.0." + std::to_string(i + 1);
    AddNode(node, {address.c_str()});
  }
  fleet_.gauges = model.gauges();
  fleet_.columns = model.Columns(now, std::vector<double>(39, 1));
  locality::RttTable rtts({}, 42, now);
  for (fleet::NodeIndex node = 5; node < 9; ++node) {
    const auto far = static_cast<float>(10 * node);
    rtts.Add(node, std::vector{fleet::RttSample{*IpAddress::Parse("192.0.2.0"), 1, far, far}}, now);
  }
  rtts.Build(now + std::chrono::seconds(1));
  fleet_.rtts = rtts.view();
  Start();
  served_->measured.explore = 0.5F;
  std::vector<std::string> queries;
  Asking subnet;
  subnet.subnet = "192.0.2.0/24";
  for (const std::string& name : names) {
    queries.push_back(QueryOctets(name, RrType::kA, {}));
    queries.push_back(QueryOctets(name, RrType::kA, subnet));
  }
  const IpAddress client = *IpAddress::Parse("192.0.2.1");
  std::vector<std::uint8_t> out(Responder::kMaxTcpSize);
  const std::size_t before = g_allocations;
  for (int round = 0; round < 5; ++round) {
    for (const std::string& query : queries) {
      responder_->Respond(Octets(query), client, Transport::kTcp, out);
    }
  }
  EXPECT_EQ(g_allocations, before);
  EXPECT_EQ(stats_.site_answers.value(), 5 * queries.size());
  EXPECT_EQ(stats_.fail_open.value(), 0U);
}

}  // namespace
}  // namespace dnsd::answer
