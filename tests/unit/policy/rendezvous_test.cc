#include "dnsd/policy/rendezvous.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace dnsd::policy {
namespace {

std::uint64_t Hash(const std::string& address) {
  return HashOf(IpAddress::Parse(address)->octets());
}

std::string Member(std::uint32_t i) { return "192.0.2." + std::to_string(i); }
std::string Client(std::uint32_t i) {
  return "10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0";
}

// The member of each of 6,000 clients among `members`.
std::map<std::uint32_t, std::uint32_t> Assign(const std::vector<std::uint32_t>& members,
                                              std::uint32_t overloaded = 0, float guard = 1) {
  std::map<std::uint32_t, std::uint32_t> assigned;
  for (std::uint32_t client = 0; client < 6000; ++client) {
    std::vector<Candidate> candidates;
    for (const std::uint32_t member : members) candidates.push_back({member});
    PickGreatest(std::span(candidates), 1, [&](const Candidate& candidate) {
      return RendezvousRank(Affinity(Hash(Client(client)), Hash(Member(candidate.member))),
                            candidate.member == overloaded ? 0
                            : candidate.member == 2        ? guard
                                                           : 1);
    });
    assigned[client] = candidates[0].member;
  }
  return assigned;
}

std::map<std::uint32_t, int> Clients(const std::map<std::uint32_t, std::uint32_t>& assigned) {
  std::map<std::uint32_t, int> clients;
  for (const auto& [client, member] : assigned) ++clients[member];
  return clients;
}

TEST(Rendezvous, SpreadsClientsEvenly) {
  for (const auto& [member, clients] : Clients(Assign({1, 2, 3, 4}))) {
    EXPECT_NEAR(clients, 1500, 120) << member;
  }
}

// The property that names the method: whoever was elsewhere stays there.
TEST(Rendezvous, MovesOnlyTheClientsOfAMemberThatIsGone) {
  const auto before = Assign({1, 2, 3, 4});
  const auto after = Assign({1, 2, 4});
  for (const auto& [client, member] : before) {
    if (member != 3) {
      ASSERT_EQ(after.at(client), member);
    }
  }
  for (const auto& [member, clients] : Clients(after)) EXPECT_NEAR(clients, 2000, 150) << member;
}

TEST(Rendezvous, MovesOnlyTheClientsOfAMemberThatIsOverloaded) {
  const auto before = Assign({1, 2, 3, 4});
  const auto after = Assign({1, 2, 3, 4}, 3);
  for (const auto& [client, member] : before) {
    if (member != 3) {
      ASSERT_EQ(after.at(client), member);
    }
  }
  EXPECT_EQ(Clients(after).count(3), 0U);
}

TEST(Rendezvous, LeavesAMemberInTroubleThatShareOfItsOwnClients) {
  const auto before = Assign({1, 2, 3, 4});
  const auto after = Assign({1, 2, 3, 4}, 0, 0.25F);
  for (const auto& [client, member] : after) {
    if (member == 2) {
      ASSERT_EQ(before.at(client), 2U);
    }
  }
  EXPECT_NEAR(Clients(after)[2], 1500 / 4, 60);
}

TEST(Rendezvous, AnswersThoughAllAreOverloaded) {
  std::vector<Candidate> one{{1}};
  PickGreatest(std::span(one), 1,
               [](const Candidate&) { return RendezvousRank(Affinity(1, 2), 0); });
  EXPECT_EQ(one[0].member, 1U);
}

TEST(LoadBound, LeavesAllClientsUpToTheBoundAndNoneFromTwiceTheBound) {
  const LoadBound bound(0.4F, 0.25F);
  EXPECT_GE(bound.Kept(0), 1);
  EXPECT_NEAR(bound.Kept(0.5F), 1, 1e-5);
  EXPECT_NEAR(bound.Kept(0.55F), 0.5, 1e-5);
  EXPECT_NEAR(bound.Kept(0.6F), 0, 1e-5);
  EXPECT_LE(bound.Kept(0.9F), 0);
}

TEST(LoadBound, PassesNobodyOverWhoIsIdle) {
  const LoadBound bound(0.03F, 0.25F);
  EXPECT_NEAR(bound.Kept(0.25F), 1, 1e-5);
  EXPECT_NEAR(bound.Kept(0.3F), 0, 1e-5);
}

TEST(LoadBound, HasNoStepThoughTheBoundIsNothing) {
  const LoadBound bound(0.4F, 0);
  EXPECT_NEAR(bound.Kept(0.4F), 1, 1e-5);
  EXPECT_NEAR(bound.Kept(0.41F), 0.5, 1e-5);
  EXPECT_NEAR(bound.Kept(0.42F), 0, 1e-5);
}

TEST(HashOf, IsTheSameOnEveryMachine) {
  EXPECT_EQ(Hash("192.0.2.1"), MixBits(0xC000020100000000U ^ 4U));
  EXPECT_NE(Hash("2001:db8::1"), Hash("2001:db8::2"));
  EXPECT_NE(Hash("2001:db8::1"), Hash("2001:db8:0:1::1"));
}

TEST(HashOfNetwork, IsOneForTheWholeNetwork) {
  const auto hash = [](const char* client) { return HashOfNetwork(*IpAddress::Parse(client)); };
  EXPECT_EQ(hash("192.0.2.0"), hash("192.0.2.255"));
  EXPECT_NE(hash("192.0.2.0"), hash("192.0.3.0"));
  EXPECT_EQ(hash("2001:db8::"), hash("2001:db8:0:ff::1"));
  EXPECT_NE(hash("2001:db8::"), hash("2001:db8:0:100::"));
  EXPECT_NE(hash("32.1.13.0"), hash("2001:d00::"));
}

}  // namespace
}  // namespace dnsd::policy
