#include "dnsd/server/tap_config.h"

#include <gmock/gmock.h>

namespace dnsd::server {
namespace {

using testing::HasSubstr;

std::string Read(const std::string& text, TapConfig& config) {
  YamlFile file = YamlFile::Parse(text, "f.yaml");
  file.Read([&](YamlMap& root) {
    ReadTaps(
        root, [](const std::string& path) { return "/etc/dnsd/" + path; }, config);
  });
  return Message(file.status());
}

TEST(TapConfig, IsOffUnlessSaid) {
  TapConfig config;
  EXPECT_EQ(Read("", config), "");
  EXPECT_FALSE(config.any());
  EXPECT_EQ(config.samples.log + config.samples.stream, 0U);
}

TEST(TapConfig, ReadsBoth) {
  TapConfig config;
  EXPECT_EQ(Read("query_log: {to: queries.log, sample: 1/50}\n"
                 "dnstap: {socket: tap.sock, sample: 1/2, queries: false, identity: ns1}\n",
                 config),
            "");
  EXPECT_EQ(config.query_log, "/etc/dnsd/queries.log");
  EXPECT_EQ(config.samples.log, 50U);
  EXPECT_EQ(config.dnstap->socket, "/etc/dnsd/tap.sock");
  EXPECT_EQ(config.samples.stream, 2U);
  EXPECT_FALSE(config.dnstap->queries);
  EXPECT_TRUE(config.dnstap->responses);
  EXPECT_EQ(config.dnstap->identity, "ns1");
}

TEST(TapConfig, TellsOneOfAThousandAndAllUnlessSaid) {
  TapConfig config;
  EXPECT_EQ(Read("query_log: {to: q}\ndnstap: {file: f}\n", config), "");
  EXPECT_EQ(config.samples.log, 1000U);
  EXPECT_EQ(config.samples.stream, 1U);
}

TEST(TapConfig, FaultsAreTold) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"query_log: {sample: 1/2}", "f.yaml:1: key 'to' is missing"},
      {"query_log: {to: q, sample: 2}", "key 'sample': found '2', wanted 1, or one of so many"},
      {"query_log: {to: q, sample: 1/0}", "found '1/0'"},
      {"query_log: {to: q, sample: 1/1000000001}", "found '1/1000000001'"},
      {"query_log: {to: q, sample: 1/2x}", "found '1/2x'"},
      {"dnstap: {sample: 1}", "dnstap has either 'socket'"},
      {"dnstap: {socket: s, file: f}", "dnstap has either 'socket'"},
      {"dnstap: {file: f, queries: false, responses: false}", "tells nothing"},
      {"dnstap: {file: f, messages: all}", "unknown key 'messages' in 'dnstap'"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    TapConfig config;
    EXPECT_THAT(Read(c.text, config), HasSubstr(c.want));
  }
  TapConfig config;
  EXPECT_THAT(Read("dnstap: {socket: " + std::string(200, 's') + "}", config),
              HasSubstr("wanted a path of at most 107 octets"));
}

}  // namespace
}  // namespace dnsd::server
