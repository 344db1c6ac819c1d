#include "dnsd/base/address_table.h"

#include <gtest/gtest.h>

#include <string>

namespace dnsd {
namespace {

IpAddress At(const std::string& text) { return *IpAddress::Parse(text); }

TEST(AddressTable, NumbersAddressesInTheirOrder) {
  AddressTable table;
  EXPECT_EQ(table.Find(At("192.0.2.1")), std::nullopt);
  EXPECT_EQ(table.Intern(At("192.0.2.1")), 0U);
  EXPECT_EQ(table.Intern(At("2001:db8::1")), 1U);
  EXPECT_EQ(table.Intern(At("192.0.2.1")), 0U);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(table.Find(At("2001:db8::1")), 1U);
  EXPECT_EQ(table.address(1), At("2001:db8::1"));
}

TEST(AddressTable, TellsTheFamiliesApart) {
  AddressTable table;
  EXPECT_NE(table.Intern(At("0.0.0.0")), table.Intern(At("::")));
  EXPECT_NE(table.Intern(At("32.1.13.184")), table.Intern(At("2001:db8::")));
  EXPECT_EQ(table.size(), 4U);
}

TEST(AddressTable, KeepsEveryNumberAsItGrows) {
  AddressTable table;
  const auto address = [](std::uint32_t i) {
    const std::string low = std::to_string(i / 200) + "." + std::to_string(i % 200);
    return i % 2 == 0 ? At("10.0." + low) : At("2001:db8::10.0." + low);
  };
  for (std::uint32_t i = 0; i < 10'000; ++i) ASSERT_EQ(table.Intern(address(i)), i);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    ASSERT_EQ(table.Find(address(i)), i);
    ASSERT_EQ(table.address(i), address(i));
  }
  EXPECT_EQ(table.Find(At("10.1.0.0")), std::nullopt);
  const AddressTable copy = table;
  EXPECT_EQ(copy.Find(address(9'999)), 9'999U);
}

}  // namespace
}  // namespace dnsd
