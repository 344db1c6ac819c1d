#include "dnsd/server/reporter_grants.h"

#include <gtest/gtest.h>

#include "dnsd/server/warning_limit.h"

namespace dnsd::server {
namespace {

ReporterGrants TwoReporters() {
  return ReporterGrants({{.token = "0123456789abcdef",
                          .certificate_name = "",
                          .nodes = {"web1", "web2*"},
                          .addresses = {*IpPrefix::Parse("192.0.2.0/24")},
                          .sites = {"*.lb.example"},
                          .origin = "a"},
                         {.token = "",
                          .certificate_name = "web3.example",
                          .nodes = {"web3"},
                          .addresses = {},
                          .sites = {},
                          .origin = "b"}});
}

TEST(ReporterGrants, KnowATokenAndACertificate) {
  const ReporterGrants grants = TwoReporters();
  EXPECT_EQ((*grants.Identify("0123456789abcdef", {}))->origin, "a");
  EXPECT_EQ((*grants.Identify("", {"other", "web3.example"}))->origin, "b");
  for (const char* wrong : {"", "0123456789abcdeg", "0123456789abcde"}) {
    EXPECT_TRUE(absl::IsUnauthenticated(grants.Identify(wrong, {}).status())) << wrong;
  }
  EXPECT_TRUE(absl::IsUnauthenticated(grants.Identify("", {"web4.example"}).status()));
}

TEST(ReporterGrants, CoverTheNodesAddressesAndSitesNamed) {
  const ReporterGrants grants = TwoReporters();
  const ReporterGrant& grant = **grants.Identify("0123456789abcdef", {});
  const auto inside = *IpAddress::Parse("192.0.2.7");
  const auto outside = *IpAddress::Parse("198.51.100.7");
  EXPECT_TRUE(MaySpeakFor(grant, "web1", {inside}).ok());
  EXPECT_TRUE(MaySpeakFor(grant, "web22", {}).ok());
  EXPECT_FALSE(MaySpeakFor(grant, "web10", {inside}).ok());
  EXPECT_FALSE(MaySpeakFor(grant, "web1", {inside, outside}).ok());
  EXPECT_TRUE(MayHost(grant, *wire::Name::Parse("WWW.lb.example.")));
  EXPECT_FALSE(MayHost(grant, *wire::Name::Parse("www.example")));
}

TEST(ReporterGrants, WithoutAnyAnybodyMaySpeakForAnything) {
  const ReporterGrants none({});
  const ReporterGrant& grant = **none.Identify("", {});
  EXPECT_TRUE(MaySpeakFor(grant, "any", {*IpAddress::Parse("::1")}).ok());
  EXPECT_TRUE(MayHost(grant, *wire::Name::Parse("any.example")));
}

TEST(WarningLimit, HoldsBackWhatIsTooMuchAndSaysHowMuch) {
  WarningLimit limit(2, std::chrono::seconds(1));
  const MonotonicTime start;
  std::uint64_t held_back = 9;
  EXPECT_TRUE(limit.Allow(start, held_back));
  EXPECT_TRUE(limit.Allow(start, held_back));
  EXPECT_FALSE(limit.Allow(start, held_back));
  EXPECT_FALSE(limit.Allow(start + std::chrono::milliseconds(999), held_back));
  EXPECT_EQ(held_back, 0U);
  EXPECT_TRUE(limit.Allow(start + std::chrono::seconds(1), held_back));
  EXPECT_EQ(held_back, 2U);
}

}  // namespace
}  // namespace dnsd::server
