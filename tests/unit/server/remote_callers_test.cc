#include "dnsd/server/remote_callers.h"

#include <gtest/gtest.h>

namespace dnsd::server {
namespace {

RemoteControlConfig Config(std::vector<std::string> names, std::vector<std::string> readers) {
  RemoteControlConfig config;
  config.names = std::move(names);
  config.readers = std::move(readers);
  return config;
}

// "who", with "!" where it may order; or the refusal.
std::string Identified(const RemoteControlConfig& config, const Shown& shown) {
  const auto caller = RemoteCallers(config).Identify(shown);
  if (!caller.ok()) return Message(caller.status());
  return caller->who + (caller->may_order ? "!" : "");
}

TEST(RemoteCallers, WithoutListsEveryVerifiedCertificateMayOrder) {
  EXPECT_EQ(Identified(Config({}, {}), {"192.0.2.1", {"ops.example"}, ""}),
            "certificate 'ops.example' at 192.0.2.1!");
}

TEST(RemoteCallers, NamesMayOrderReadersMayLookAndOthersMayDoNothing) {
  const auto config = Config({"ops*.example", "root"}, {"*.example"});
  const struct {
    std::vector<std::string> names;
    const char* want;
  } cases[] = {
      {{"ops1.example"}, "certificate 'ops1.example' at ::1!"},
      {{"web1.example", "root"}, "certificate 'root' at ::1!"},
      {{"web1.example"}, "certificate 'web1.example' at ::1"},
      {{"root2"},
       "certificate 'root2' may do nothing here; dnsd's control.names lists who may order, "
       "control.readers who may look"},
      {{}, "no certificate; wanted --cert and --key"},
  };
  for (const auto& c : cases) EXPECT_EQ(Identified(config, {"::1", c.names, ""}), c.want);
}

TEST(RemoteCallers, WithReadersAloneNobodyMayOrder) {
  const auto config = Config({}, {"monitor"});
  EXPECT_EQ(Identified(config, {"::1", {"monitor"}, ""}), "certificate 'monitor' at ::1");
  EXPECT_NE(Identified(config, {"::1", {"ops"}, ""}).find("may do nothing"), std::string::npos);
}

TEST(RemoteCallers, ATokenThatIsWantedIsWantedOfEverybody) {
  auto config = Config({}, {});
  config.token = "correct horse battery";
  EXPECT_EQ(Identified(config, {"192.0.2.1", {}, "Bearer correct horse battery"}),
            "the token at 192.0.2.1!");
  EXPECT_EQ(Identified(config, {"192.0.2.1", {}, "correct horse battery"}),
            "the token at 192.0.2.1!");
  EXPECT_EQ(Identified(config, {"192.0.2.1", {}, ""}), "no token; wanted --token-file");
  EXPECT_EQ(Identified(config, {"192.0.2.1", {}, "Bearer wrong"}),
            "not the token that dnsd has in control.token_file");
  config.names = {"ops"};
  EXPECT_EQ(Identified(config, {"::1", {"ops"}, ""}), "no token; wanted --token-file");
  EXPECT_EQ(Identified(config, {"::1", {"ops"}, "Bearer correct horse battery"}),
            "certificate 'ops' at ::1!");
}

TEST(RemoteCallers, ANameThatWouldCommandATerminalIsToldWithoutThat) {
  const auto told = Identified(Config({"ops"}, {}), {"::1", {"a\x1b[2Jb"}, ""});
  EXPECT_EQ(told.find('\x1b'), std::string::npos) << told;
}

}  // namespace
}  // namespace dnsd::server
