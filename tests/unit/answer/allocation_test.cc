// The query path takes no memory: every operator new of this program is counted.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>

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
  subnets_ = {{*IpPrefix::Parse("192.0.2.0/24"), {*IpPrefix::Parse("10.0.0.4")}}};
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

}  // namespace
}  // namespace dnsd::answer
