#include "dnsd/policy/member_tables.h"

#include <gtest/gtest.h>

#include "dnsd/policy/rendezvous.h"

namespace dnsd::policy {
namespace {

IpPrefix Prefix(const char* text) { return *IpPrefix::Parse(text); }

class MemberTablesTest : public ::testing::Test {
 protected:
  MemberTablesTest() {
    for (const char* address : {"192.0.2.1", "192.0.2.2", "198.51.100.1", "2001:db8::1"}) {
      addresses_.Intern(*IpAddress::Parse(address));
    }
  }
  AddressTable addresses_;
};

TEST_F(MemberTablesTest, GiveTheWeightOfTheLongestPrefix) {
  const MemberTables tables({.weights = {{{Prefix("192.0.2.1"), 3.0F},
                                          {Prefix("192.0.2.0/24"), 2.0F},
                                          {Prefix("203.0.113.9"), 9.0F},
                                          {Prefix("2001:db8::1"), 0.0F}}},
                             .groups = {}},
                            addresses_);
  const auto weights = tables.WeightsOf(1);
  EXPECT_EQ(std::vector<float>(weights.begin(), weights.end()), (std::vector<float>{3, 2, 1, 0}));
  EXPECT_TRUE(tables.WeightsOf(0).empty());
  EXPECT_TRUE(tables.WeightsOf(2).empty());
}

TEST_F(MemberTablesTest, GiveWhatToMultiplyByInPlaceOfDividing) {
  const MemberTables tables(
      {.weights = {{{Prefix("192.0.2.1"), 4.0F}, {Prefix("192.0.2.2"), 0.0F}}}, .groups = {}},
      addresses_);
  const auto reciprocals = tables.ReciprocalsOf(1);
  EXPECT_EQ(std::vector<float>(reciprocals.begin(), reciprocals.end()),
            (std::vector<float>{0.25F, MemberTables::kNever, 1, 1}));
  EXPECT_TRUE(tables.ReciprocalsOf(0).empty());
  EXPECT_TRUE(tables.ReciprocalsOf(2).empty());
}

TEST_F(MemberTablesTest, GiveTheFirstGroupThatNamesAMember) {
  const MemberTables tables(
      {.weights = {}, .groups = {{{Prefix("192.0.2.2")}, {Prefix("192.0.2.0/24")}}}}, addresses_);
  const auto groups = tables.GroupsOf(1);
  EXPECT_EQ(std::vector<std::uint8_t>(groups.begin(), groups.end()),
            (std::vector<std::uint8_t>{1, 0, MemberTables::kNoGroup, MemberTables::kNoGroup}));
}

TEST_F(MemberTablesTest, KeepTheAddressesHashes) {
  const MemberTables tables({}, addresses_);
  ASSERT_EQ(tables.hashes().size(), 4U);
  EXPECT_EQ(tables.hashes()[3], HashOf(addresses_.address(3).octets()));
}

}  // namespace
}  // namespace dnsd::policy
