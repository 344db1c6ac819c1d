// Every policy as a site answers by it: reports in, addresses out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/answer/asking.h"

namespace dnsd::answer {
namespace {

using fleet::Load;
using fleet::Tier;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using wire::RrType;
using zone::Policy;

const MonotonicTime kNow = MonotonicTime(std::chrono::hours(1));
constexpr const char* kMembers[] = {"192.0.2.1", "198.51.100.2", "203.0.113.3", "203.0.113.4"};

// www: one node a member, of these loads.
class PolicyTest : public AskingTest {
 protected:
  void Begin(Policy policy, const std::vector<Load>& loads) {
    options_.policy = policy;
    rules_.Add("*", options_);
    std::string text;
    for (std::size_t i = 0; i < std::max<std::size_t>(loads.size(), members_); ++i) {
      text += std::string("www A ") + kMembers[i] + "\n";
    }
    AddZone("example", text);
    std::vector<zone::SiteOptions> options = rules_.options();
    model_.SetGauges(policy::AssignGauges(options));
    for (const Load& load : loads) {
      const auto node = static_cast<fleet::NodeIndex>(fleet_.nodes.size());
      model_.OnReport(node, load, kNow, Duration::zero(), std::chrono::seconds(1));
      AddNode({}, {kMembers[node]});
      warm_up_.push_back(1);
    }
    Publish();
  }
  // As the control loop does, after more reports or changes of warm_up_ or tiers.
  void Publish() {
    for (fleet::NodeIndex i = 0; i < fleet_.nodes.size(); ++i) {
      NodeEntry& node = fleet_.nodes[i];
      node.figures = model_.Predict(i, kNow, warm_up_[i]);
      node.cost = policy::CostOf(node.figures, node.figures.sessions);
    }
    fleet_.gauges = model_.gauges();
    fleet_.columns = model_.Columns(kNow, warm_up_);
    Start();
  }
  std::vector<std::string> Answers(const char* subnet = nullptr) {
    Asking asking;
    asking.subnet = subnet;
    return Ask("www.example", RrType::kA, asking).rdata();
  }
  // How often each member is answered.
  std::vector<int> Share(int answers) {
    std::map<std::string, int> given;
    for (int i = 0; i < answers; ++i) {
      for (const std::string& address : Answers()) ++given[address];
    }
    std::vector<int> shares;
    for (const char* member : kMembers) shares.push_back(given[member]);
    return shares;
  }
  void Expect(const std::vector<int>& shares, const std::vector<int>& wanted, int within) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_NEAR(shares[i], wanted[i], within) << kMembers[i];
    }
  }

  zone::SiteOptions options_;
  std::size_t members_ = 0;  // at least so many, the last of them unmanaged
  policy::FleetModel model_;
  std::vector<double> warm_up_;
};

const std::vector<Load> kAlike(4, Load{.cpu_utilization = 0.2});
// So large that the answers of a test are no load.
const std::vector<Load> kLarge(4, Load{.cpu_utilization = 0.2, .cpus = 1000});

// gdnsd's and PowerDNS' static weights.
TEST_F(PolicyTest, WeightedAnswersInProportion) {
  lists_.weights = {{{*IpPrefix::Parse("192.0.2.1"), 3.0F},
                     {*IpPrefix::Parse("203.0.113.0/24"), 2.0F},
                     {*IpPrefix::Parse("203.0.113.4"), 0.0F}}};
  options_.weights = 1;
  Begin(Policy::kWeighted, kAlike);
  Expect(Share(600), {300, 100, 200, 0}, 3);
}

TEST_F(PolicyTest, WeightedSpreadsItsAnswersRatherThanBunchingThem) {
  lists_.weights = {{{*IpPrefix::Parse("192.0.2.1"), 3.0F}}};
  options_.weights = 1;
  Begin(Policy::kWeighted, {kAlike.begin(), kAlike.begin() + 2});
  std::size_t run = 0;
  for (int i = 0; i < 200; ++i) {
    run = Answers()[0] == kMembers[1] ? 0 : run + 1;
    ASSERT_LE(run, 5U) << "three to one";
  }
}

TEST_F(PolicyTest, RandomDrawsEvenlyAndByWeightsIfThereAreAny) {
  Begin(Policy::kRandom, kAlike);
  Expect(Share(4000), {1000, 1000, 1000, 1000}, 120);
}

// Chen and Chi: the address of the least loaded by the last report, until the next.
TEST_F(PolicyTest, LeastLoadGivesTheLowestCpuAndHerds) {
  Begin(Policy::kLeastLoad, {{.cpu_utilization = 0.35, .run_queue = 0.0},
                             {.cpu_utilization = 0.30, .run_queue = 9},
                             {.cpu_utilization = 0.31, .run_queue = 0.0}});
  Expect(Share(50), {0, 50, 0}, 0);
  model_.OnReport(1, {.cpu_utilization = 0.5}, kNow, Duration::zero(), std::chrono::seconds(1));
  Publish();
  Expect(Share(50), {0, 0, 50}, 0);
}

// The shared-hosting balancer: score 4 against 2 gets half (base 9: 9^0.5 + 9^0 against 9^0 + 9^0).
TEST_F(PolicyTest, QuotaSharesInverselyToTheScores) {
  options_.cost_base = 9;
  Begin(Policy::kQuota, {{.cpu_utilization = 0.5, .mem_utilization = 0},
                         {.cpu_utilization = 0, .mem_utilization = 0}});
  Expect(Share(300), {100, 200}, 2);
}

// LVS: 6 connections on weight 3 are fewer than 3 on weight 1; the answers given count at once.
TEST_F(PolicyTest, WlcGivesTheFewestConnectionsByWeight) {
  lists_.weights = {{{*IpPrefix::Parse("192.0.2.1"), 3.0F}}};
  options_.weights = 1;
  Begin(Policy::kWlc, {{.connections = 6}, {.connections = 3}});
  // (6, 3): 2 < 3, so the first until it has 9 / 3 = 3; thence three to one.
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Answers(), ElementsAre(kMembers[0])) << i;
  Expect(Share(40), {30, 10}, 1);
}

TEST_F(PolicyTest, WlcGivesTheFewestConnectionsACpu) {
  options_.weights_by = zone::WeightRule::kCpus;
  Begin(Policy::kWlc, {{.cpus = 1, .connections = 4}, {.cpus = 8, .connections = 16}});
  for (int i = 0; i < 15; ++i) EXPECT_THAT(Answers(), ElementsAre(kMembers[1])) << i;
  Expect(Share(90), {10, 80}, 2);
}

TEST_F(PolicyTest, WlcGivesTheFewestConnectionsByRheesWeights) {
  options_.weights_by = zone::WeightRule::kMemory;
  // 1 and (450 - 100) MB / 3.5 MB + 1 = 101.
  Begin(Policy::kWlc, {{.connections = 0.0, .memory_available_bytes = 100e6},
                       {.connections = 50, .memory_available_bytes = 450e6}});
  EXPECT_THAT(Answers(), ElementsAre(kMembers[0])) << "0.01 against 0.495";
  for (int i = 0; i < 40; ++i) EXPECT_THAT(Answers(), ElementsAre(kMembers[1])) << i;
}

// Rhee, 3,500 kB a connection: 100, 450 and 800 MB available leave room for 0, 100 and 200 more
// than the fullest has. First alternative: weights 1, 101 and 201.
TEST_F(PolicyTest, MemoryWeightsHaveOneAddedInRheesFirstAlternative) {
  Begin(Policy::kMemoryWeight, {{.memory_available_bytes = 100e6},
                                {.memory_available_bytes = 450e6},
                                {.memory_available_bytes = 800e6}});
  Expect(Share(1515), {5, 505, 1005}, 3);
}

// Second alternative with k = 100: weights 100, 200 and 300.
TEST_F(PolicyTest, MemoryWeightsHaveKAddedInRheesSecondAlternative) {
  options_.memory_plus = 100;
  Begin(Policy::kMemoryWeight, {{.memory_available_bytes = 100e6},
                                {.memory_available_bytes = 450e6},
                                {.memory_available_bytes = 800e6}});
  Expect(Share(600), {100, 200, 300}, 3);
}

TEST_F(PolicyTest, MemoryWeightIsNothingWhereMemoryIsExhausted) {
  Begin(Policy::kMemoryWeight,
        {{.blocked_processes = 2, .swap_out_rate = 50, .memory_available_bytes = 900e6},
         {.memory_available_bytes = 450e6},
         {.memory_available_bytes = 450e6}});
  Expect(Share(100), {0, 50, 50}, 2);
}

// Mamatas and Tsaoussidis: 10 ms at 1 ms, 20 ms at 1 ms and 20 ms at 2 ms: 4 to 2 to 1.
TEST_F(PolicyTest, DynamicWeightIsInverseToProcessTimeAndDelay) {
  const auto load = [](double process, double delay) {
    Load l;
    l.process_time_seconds = process;
    l.named_metrics["network_delay_seconds"] = delay;
    return l;
  };
  Begin(Policy::kDynamicWeight, {load(0.010, 0.001), load(0.020, 0.001), load(0.020, 0.002)});
  Expect(Share(700), {400, 200, 100}, 3);
}

TEST_F(PolicyTest, HashKeepsASubnetOnItsMember) {
  Begin(Policy::kHash, kLarge);
  std::map<std::string, int> subnets;
  for (int i = 0; i < 200; ++i) {
    const std::string subnet = "10.1." + std::to_string(i) + ".";
    const auto member = Answers((subnet + "0/24").c_str());
    for (int host = 1; host < 4; ++host) {
      ASSERT_EQ(Answers((subnet + std::to_string(host) + "/32").c_str()), member) << subnet;
    }
    ++subnets[member[0]];
  }
  for (const char* member : kMembers) EXPECT_NEAR(subnets[member], 50, 25) << member;
}

TEST_F(PolicyTest, HashTellsThatItTookTheWholeSubnet) {
  Begin(Policy::kHash, kLarge);
  Asking asking;
  asking.subnet = "10.1.2.0/24";
  EXPECT_EQ(Ask("www.example", RrType::kA, asking).scope, 24);
  asking.subnet = "2001:db8::/56";
  EXPECT_EQ(Ask("www.example", RrType::kA, asking).scope, 56);
}

TEST_F(PolicyTest, HashMovesTheClientsOfAnOverloadedMemberAlone) {
  Begin(Policy::kHash, kLarge);
  std::map<std::string, std::string> before;
  const auto subnet = [](int i) { return "10.2." + std::to_string(i) + ".0/24"; };
  for (int i = 0; i < 100; ++i) before[subnet(i)] = Answers(subnet(i).c_str())[0];
  for (int i = 0; i < 8; ++i) {
    model_.OnReport(0, {.cpu_utilization = 0.95, .sps = 0.0, .cpus = 1000}, kNow, Duration::zero(),
                    std::chrono::seconds(1));
  }
  Publish();
  int moved = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string now = Answers(subnet(i).c_str())[0];
    if (before[subnet(i)] == kMembers[0]) {
      EXPECT_NE(now, kMembers[0]);
      ++moved;
    } else {
      EXPECT_EQ(now, before[subnet(i)]);
    }
  }
  EXPECT_GT(moved, 10);
}

// It does not lose them all with one report to have them back with the next.
TEST_F(PolicyTest, HashLeavesAMemberBeyondItsBoundFewerOfItsClients) {
  options_.bound = 1;  // all of them up to twice the mean, none from three times
  const auto set = [this](std::size_t node, float load) {
    policy::GaugeColumn& column = fleet_.columns.at(1);
    column.values.at(node) = column.figures.at(node).background = load;
    column.figures[node].load_per_session = 0;  // answers change nothing
  };
  const auto kept = [&](float load) {
    set(0, load);
    responder_->Adopt(fleet_);
    int clients = 0;
    for (int i = 0; i < 200; ++i) {
      const std::string subnet = "10.3." + std::to_string(i) + ".0/24";
      clients += Answers(subnet.c_str())[0] == kMembers[0] ? 1 : 0;
    }
    return clients;
  };
  Begin(Policy::kHash, kLarge);
  for (const std::size_t other : {1U, 2U, 3U}) set(other, 0.1F);
  const int all = kept(0.1F);
  EXPECT_NEAR(all, 50, 25);
  EXPECT_EQ(kept(0.39F), all) << "under 0.4: twice 0.2, below which nobody is busy";
  EXPECT_NEAR(kept(0.5F), all / 2, all / 4);
  EXPECT_EQ(kept(0.95F), 0) << "above three times their mean of 0.31";
}

TEST_F(PolicyTest, FailoverTurnsToTheNextGroupWhenTheFirstIsGone) {
  options_.panic = 0;
  lists_.groups = {{{*IpPrefix::Parse("203.0.113.0/24")}, {*IpPrefix::Parse("198.51.100.2")}}};
  options_.groups = 1;
  options_.answers = 4;
  Begin(Policy::kFailover, kAlike);
  EXPECT_THAT(Answers(), UnorderedElementsAre(kMembers[2], kMembers[3]));
  fleet_.nodes[2].tier = fleet_.nodes[3].tier = Tier::kExcluded;
  Publish();
  EXPECT_THAT(Answers(), ElementsAre(kMembers[1]));
  fleet_.nodes[1].tier = Tier::kLastResort;
  Publish();
  EXPECT_THAT(Answers(), ElementsAre(kMembers[0])) << "usable, though in no group";
  fleet_.nodes[0].tier = Tier::kExcluded;
  Publish();
  EXPECT_THAT(Answers(), ElementsAre(kMembers[1]));
}

// Else its site would move to and fro with every late report.
TEST_F(PolicyTest, FailoverComesBackToAGroupThatIsSteady) {
  lists_.groups = {{{*IpPrefix::Parse("203.0.113.3")}, {*IpPrefix::Parse("198.51.100.2")}}};
  options_.groups = 1;
  Begin(Policy::kFailover, kAlike);
  fleet_.nodes[2].steady = false;
  Publish();
  EXPECT_THAT(Answers(), ElementsAre(kMembers[1]));
  fleet_.nodes[1].steady = false;
  Publish();
  const auto given = Answers();
  ASSERT_EQ(given.size(), 1U);
  EXPECT_THAT(given[0], AnyOf(kMembers[0], kMembers[3])) << "steady, though in no group";
  fleet_.nodes[0].steady = fleet_.nodes[3].steady = false;
  Publish();
  EXPECT_THAT(Answers(), ElementsAre(kMembers[2])) << "none is steady";
  fleet_.nodes[2].steady = true;
  Publish();
  EXPECT_THAT(Answers(), ElementsAre(kMembers[2]));
}

TEST_F(PolicyTest, FailoverTakesTheCheapestOfItsGroup) {
  lists_.groups = {{{*IpPrefix::Parse("203.0.113.0/24")}}};
  options_.groups = 1;
  Begin(Policy::kFailover, {{.cpu_utilization = 0.0},
                            {.cpu_utilization = 0.0},
                            {.cpu_utilization = 0.8},
                            {.cpu_utilization = 0.2}});
  EXPECT_THAT(Answers(), ElementsAre(kMembers[3]));
}

TEST_F(PolicyTest, LeastCostByLoadTakesTheLeastLoadOfUnequalNodes) {
  // By delay the large node is the cheaper though it has more load; by load it is not.
  const std::vector<Load> loads{{.cpu_utilization = 0.30, .cpus = 1},
                                {.cpu_utilization = 0.36, .cpus = 16}};
  Begin(Policy::kLeastCost, loads);
  EXPECT_THAT(Answers(), ElementsAre(kMembers[1]));
}
TEST_F(PolicyTest, LeastCostByLoadTakesTheLeastLoad) {
  options_.cost = zone::CostRule::kLoad;
  options_.margin = 0;
  Begin(Policy::kLeastCost,
        {{.cpu_utilization = 0.30, .cpus = 1}, {.cpu_utilization = 0.36, .cpus = 1}});
  EXPECT_THAT(Answers(), ElementsAre(kMembers[0]));
}

TEST_F(PolicyTest, ExponentialCostCountsMemoryToo) {
  options_.cost = zone::CostRule::kExponential;
  Begin(Policy::kLeastCost,
        {{.cpu_utilization = 0.3, .mem_utilization = 0.85, .memory_total_bytes = 64e6},
         {.cpu_utilization = 0.4, .mem_utilization = 0.10, .memory_total_bytes = 64e6}});
  EXPECT_THAT(Answers(), ElementsAre(kMembers[1]));
}

TEST_F(PolicyTest, LoadThatFollowsAnswersSpreadsThemBetweenReports) {
  options_.cost = zone::CostRule::kLoad;
  Begin(Policy::kLeastCost, kAlike);
  Expect(Share(200), {50, 50, 50, 50}, 4);
}

TEST_F(PolicyTest, ExponentialCostThatFollowsAnswersSpreadsThemBetweenReports) {
  options_.cost = zone::CostRule::kExponential;
  Begin(Policy::kLeastCost, kAlike);
  Expect(Share(200), {50, 50, 50, 50}, 4);
}

constexpr Policy kAll[] = {Policy::kLeastCost, Policy::kRoundRobin,   Policy::kRandom,
                           Policy::kWeighted,  Policy::kLeastLoad,    Policy::kQuota,
                           Policy::kWlc,       Policy::kMemoryWeight, Policy::kDynamicWeight,
                           Policy::kHash,      Policy::kFailover};

class EveryPolicyTest : public PolicyTest, public ::testing::WithParamInterface<Policy> {};
INSTANTIATE_TEST_SUITE_P(All, EveryPolicyTest, ::testing::ValuesIn(kAll), [](const auto& tested) {
  return std::to_string(static_cast<int>(tested.param));
});

TEST_P(EveryPolicyTest, GivesADeadMemberNothing) {
  Begin(GetParam(), kAlike);
  fleet_.nodes[1].tier = Tier::kExcluded;
  Publish();
  EXPECT_EQ(Share(300)[1], 0);
}

TEST_P(EveryPolicyTest, GivesSuspectsTheirPartWhenItPanics) {
  options_.answers = 4;
  options_.panic = 0.5F;
  Begin(GetParam(), kAlike);
  for (const int suspect : {1, 2, 3})
    fleet_.nodes[static_cast<std::size_t>(suspect)].tier = Tier::kLastResort;
  Publish();
  EXPECT_EQ(Answers().size(), 4U);
  EXPECT_EQ(stats_.panic.value(), 1U);
}

TEST_P(EveryPolicyTest, GivesSeveralAddressesWithoutRepetition) {
  options_.answers = 3;
  Begin(GetParam(), kAlike);
  for (int i = 0; i < 100; ++i) {
    auto given = Answers();
    ASSERT_EQ(given.size(), 3U);
    std::ranges::sort(given);
    ASSERT_EQ(std::ranges::adjacent_find(given), given.end());
  }
}

TEST_P(EveryPolicyTest, AnswersWhateverIsNotReported) {
  options_.order = zone::Order::kCost;
  members_ = 4;
  Begin(GetParam(), {Load{}, Load{.cpu_utilization = 0.5}, Load{.connections = 4}});
  const auto shares = Share(400);
  EXPECT_EQ(shares[0] + shares[1] + shares[2] + shares[3], 400);
  // Others unknown stand nearer, or are the client's own.
  if (GetParam() != Policy::kLeastLoad && GetParam() != Policy::kHash) {
    EXPECT_GT(shares[3], 60) << "unmanaged: it gets its part";
  }
}

TEST_P(EveryPolicyTest, GivesAWarmingMemberLess) {
  options_.margin = 0;
  Begin(GetParam(), kAlike);
  warm_up_[2] = 10;
  Publish();
  std::vector<int> shares(4);
  for (int i = 0; i < 400; ++i) {  // of 400 networks
    const std::string subnet = "10." + std::to_string(i / 200) + "." + std::to_string(i % 200);
    const std::string given = Answers((subnet + ".0/24").c_str())[0];
    for (std::size_t m = 0; m < 4; ++m) shares[m] += given == kMembers[m] ? 1 : 0;
  }
  EXPECT_LT(shares[2], 50) << "of 400, a quarter of which would be its own";
}

TEST_P(EveryPolicyTest, PutsTheNearestFirstWhenLocalityIsFirst) {
  options_.order = zone::Order::kLocality;
  options_.answers = 2;
  Begin(GetParam(), kAlike);
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(Answers("203.0.113.0/24"), UnorderedElementsAre(kMembers[2], kMembers[3]));
  }
}

TEST_P(EveryPolicyTest, AnswersThoughTheViewHasNoColumnForIt) {
  Begin(GetParam(), kAlike);
  fleet_.gauges.clear();
  fleet_.columns.clear();
  Start();
  const auto shares = Share(100);
  EXPECT_EQ(shares[0] + shares[1] + shares[2] + shares[3], 100);
}

}  // namespace
}  // namespace dnsd::answer
