#include "dnsd/base/ip.h"

#include <gtest/gtest.h>

namespace dnsd {
namespace {

TEST(IpAddress, ReadsAndWritesBothFamilies) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::"}) {
    const auto address = IpAddress::Parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", "1.2.3", "1.2.3.256", "[::1]", "fe80::1%eth0", "localhost", "1.2.3.4 "}) {
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  }
}

TEST(IpAddress, CountsTheBitsTwoAddressesShare) {
  const struct {
    const char *a, *b;
    unsigned want;
  } cases[] = {
      {"140.112.19.76", "140.112.200.1", 16},
      {"10.0.0.1", "10.0.0.1", 32},
      {"0.0.0.0", "128.0.0.0", 0},
      {"2001:db8::1", "2001:db8::2", 126},
      {"10.0.0.1", "2001:db8::1", 0},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(IpAddress::Parse(c.a)->SharedPrefix(*IpAddress::Parse(c.b)), c.want)
        << c.a << " " << c.b;
  }
}

TEST(IpPrefix, RefusesSetBitsPastItsLength) {
  EXPECT_TRUE(IpPrefix::Parse("192.0.2.0/24"));
  EXPECT_FALSE(IpPrefix::Parse("192.0.2.1/24"));
  EXPECT_FALSE(IpPrefix::Parse("192.0.2.0/33"));
  EXPECT_FALSE(IpPrefix::Parse("192.0.2.0/"));
  EXPECT_EQ(IpPrefix::Parse("192.0.2.1")->length, 32);
}

TEST(IpPrefix, ContainsItsAddressesAndNoOther) {
  const IpPrefix prefix = *IpPrefix::Parse("192.0.2.0/24");
  EXPECT_TRUE(prefix.Contains(*IpAddress::Parse("192.0.2.255")));
  EXPECT_FALSE(prefix.Contains(*IpAddress::Parse("192.0.3.0")));
  EXPECT_FALSE(prefix.Contains(*IpAddress::Parse("::")));
  EXPECT_TRUE(IpPrefix::Parse("0.0.0.0/0")->Contains(*IpAddress::Parse("255.255.255.255")));
}

TEST(Endpoint, WantsAPortAndBracketsAroundIpv6) {
  EXPECT_EQ(Endpoint::Parse("127.0.0.1:53")->ToString(), "127.0.0.1:53");
  EXPECT_EQ(Endpoint::Parse("[::1]:0")->ToString(), "[::1]:0");
  for (const char* text :
       {"127.0.0.1", "::1:53", "[127.0.0.1]:53", "[::1]", "1.2.3.4:65536", "1.2.3.4:"}) {
    EXPECT_FALSE(Endpoint::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace dnsd
