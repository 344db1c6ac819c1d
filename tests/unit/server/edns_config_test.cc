#include "dnsd/server/edns_config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "dnsd/server/config_file.h"
#include "dnsd/server/load_served.h"
#include "dnsd/server/options.h"
#include "dnsd/server/reload.h"
#include "tests/octets.h"

namespace dnsd::server {
namespace {

constexpr const char* kFirst = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr const char* kSecond = "445536BCD2513298075A5D379663C962";

TEST(ParseNsid, TakesTextOrHexadecimalDigits) {
  const std::string longest(128, 'n');
  std::string digits = "0x";
  for (int i = 0; i < 128; ++i) digits += "6e";
  const struct {
    const char* what;
    std::string text;
    std::string want;  // empty: refused
  } cases[] = {
      {"text", "ns1.example", "ns1.example"},
      {"digits", "0x00ffAb", std::string("\0\xFF\xAB", 3)},
      {"digits without 0x are text", "00ff", "00ff"},
      {"nothing", "", ""},
      {"no digits", "0x", ""},
      {"half an octet", "0x0", ""},
      {"no hexadecimal digit", "0x0g", ""},
      {"as long as may be", longest, longest},
      {"longer", longest + "n", ""},
      {"digits as many as may be", digits, longest},
      {"more digits", digits + "6e", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto octets = ParseNsid(c.text);
    EXPECT_EQ(octets ? Text(*octets) : "", c.want);
  }
}

class EdnsConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "edns_config_test." + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    Write("lb.zone", "@ 60 SOA ns hostmaster 1 3600 600 86400 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n",
          0644);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text, mode_t mode) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  std::string Secrets(const std::string& text, mode_t mode = 0640) {
    return Write("secrets", text, mode);
  }
  absl::StatusOr<Config> Load(const std::string& text) {
    return LoadConfigFile(
        Write("dnsd.yaml",
              "listen: [127.0.0.1:0]\nzones: [{apex: lb.example, file: lb.zone}]\n" + text, 0644));
  }
  // The errors, with the folder taken out.
  std::string Errors(const std::string& text) {
    std::string errors = Message(Load(text).status());
    for (std::size_t at; (at = errors.find(folder_ + "/")) != std::string::npos;) {
      errors.erase(at, folder_.size() + 1);
    }
    return errors;
  }

  std::string folder_;
};

TEST_F(EdnsConfigTest, NothingIsToldUnlessConfigured) {
  const auto config = Load("");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->edns.nsid.empty());
  EXPECT_EQ(config->edns.chaos_version, "");
  EXPECT_EQ(config->edns.chaos_identity, "");
  EXPECT_TRUE(config->edns.cookies);
  EXPECT_TRUE(config->edns.cookie_secrets.empty());
}

TEST_F(EdnsConfigTest, ReadsEveryKey) {
  Secrets(std::string(kFirst) + "\n");
  const auto config = Load(
      "nsid: '0x6e7331'\n"
      "chaos: {version: dnsd, identity: ns1.example}\n"
      "cookies: {enabled: false, secret_file: secrets}\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(Text(config->edns.nsid), "ns1");
  EXPECT_EQ(config->edns.chaos_version, "dnsd");
  EXPECT_EQ(config->edns.chaos_identity, "ns1.example");
  EXPECT_FALSE(config->edns.cookies);
  ASSERT_EQ(config->edns.cookie_secrets.size(), 1U);
}

TEST_F(EdnsConfigTest, ReadsOneOrTwoSecrets) {
  const std::string one = kFirst;
  const struct {
    const char* what;
    std::string text;
    std::size_t want;  // secrets; 0: refused
  } cases[] = {
      {"one", one, 1},
      {"two lines", one + "\n" + kSecond + "\n", 2},
      {"two in a line", one + " " + kSecond, 2},
      {"a comment and empty lines", "# of 2026\n\n" + one + "\n\n", 1},
      {"three", one + "\n" + one + "\n" + one, 0},
      {"none", "# to come\n", 0},
      {"nothing", "", 0},
      {"31 digits", one.substr(1), 0},
      {"30 digits", one.substr(2), 0},
      {"34 digits", one + "00", 0},
      {"no digit", "g" + one.substr(1), 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto secrets = ReadCookieSecrets(Secrets(c.text));
    EXPECT_EQ(secrets.ok() ? secrets->size() : 0, c.want);
    if (secrets.ok()) {
      EXPECT_EQ((*secrets)[0][0], 0xE5);
    }
    if (secrets.ok() && secrets->size() == 2) {
      EXPECT_EQ((*secrets)[1][15], 0x62);
    }
  }
}

TEST_F(EdnsConfigTest, SaysWhatIsWrong) {
  Secrets("no secret");
  Write("public", kFirst, 0644);
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"nsid: '0xabc'",
       "dnsd.yaml:3: key 'nsid': found '0xabc', wanted 1 to 128 octets: a text, as ns1.example, "
       "or 0x and hexadecimal digits, two an octet"},
      {"cookies: {secret_file: none}",
       "dnsd.yaml:3: key 'secret_file': found 'none', wanted a file that can be read"},
      {"cookies: {secret_file: secrets}",
       "dnsd.yaml:3: key 'secret_file': found 'secrets', wanted a file that holds one or two "
       "secrets of 32 hexadecimal digits, the one that makes cookies first"},
      {"cookies: {secret_file: public}",
       "dnsd.yaml:3: key 'secret_file': found 'public', wanted a file that only its owner and "
       "group can read, since who knows a secret can forge cookies: chmod o= it"},
      {"cookies: {secret: abc}",
       "dnsd.yaml:3: unknown key 'secret' in 'cookies'; known keys: enabled, secret_file"},
      {"chaos: {hostname: abc}",
       "dnsd.yaml:3: unknown key 'hostname' in 'chaos'; known keys: version, identity"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(Errors(c.text), c.want);
  }
  EXPECT_TRUE(Load("chaos: {version: " + std::string(255, 'v') + "}").ok());
  EXPECT_FALSE(Load("chaos: {version: " + std::string(256, 'v') + "}").ok());
}

TEST_F(EdnsConfigTest, WhoeverIsNeitherOwnerNorGroupMayDoNothingToTheSecrets) {
  for (const mode_t mode : {0600U, 0640U, 0660U, 0400U}) {
    SCOPED_TRACE(mode);
    EXPECT_TRUE(ReadCookieSecrets(Secrets(kFirst, mode)).ok());
  }
  for (const mode_t mode : {0604U, 0602U, 0644U}) {
    SCOPED_TRACE(mode);
    EXPECT_TRUE(absl::IsPermissionDenied(ReadCookieSecrets(Secrets(kFirst, mode)).status()));
  }
}

// What workers get of a configuration; the same random secret after a reload as before.
TEST_F(EdnsConfigTest, IsServedAndReloaded) {
  const std::string config = "listen: [127.0.0.1:0]\nzones: [{apex: lb.example, file: lb.zone}]\n";
  Options options;
  options.config_path = Write("dnsd.yaml", config + "nsid: ns1\nchaos: {version: v}\n", 0644);
  const auto started = LoadConfig(options);
  ASSERT_TRUE(started.ok()) << started.status();
  AddressTable addresses;
  auto loaded = LoadServed(*started, addresses);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(Text(loaded->served->nsid), "ns1");
  ASSERT_EQ(loaded->served->cookies.secrets().size(), 1U);
  const answer::CookieSecret random = loaded->served->cookies.secrets()[0];
  Published<answer::Served> served(std::move(loaded->served));
  Reloader reloader(
      {.options = options,
       .config = *started,
       .addresses = addresses,
       .served = &served,
       .take_addresses = [](const AddressTable&, const std::vector<policy::Gauge>&) {},
       .take_measured = [](const auto&) {},
       .take_placement = [](const auto&) {},
       .take_grants = [](const auto&) {},
       .hand_over = [] { return absl::OkStatus(); }},
      WallTime());

  Write("dnsd.yaml", config, 0644);
  ASSERT_TRUE(reloader.Reload(WallTime()).ok());
  EXPECT_EQ(Text(served.Get()->nsid), "");
  EXPECT_EQ(served.Get()->cookies.secrets()[0], random);

  Secrets(kFirst);
  Write("dnsd.yaml", config + "cookies: {secret_file: secrets}\n", 0644);
  ASSERT_TRUE(reloader.Reload(WallTime()).ok());
  EXPECT_EQ(served.Get()->cookies.secrets()[0][0], 0xE5);

  // The file alone has changed: a reload reads it again.
  Secrets(std::string(kSecond) + "\n" + kFirst);
  ASSERT_TRUE(reloader.Reload(WallTime()).ok());
  ASSERT_EQ(served.Get()->cookies.secrets().size(), 2U);
  EXPECT_EQ(served.Get()->cookies.secrets()[0][0], 0x44);

  // A broken file leaves the secrets that were.
  Secrets("gone");
  EXPECT_FALSE(reloader.Reload(WallTime()).ok());
  EXPECT_EQ(served.Get()->cookies.secrets()[0][0], 0x44);

  Write("dnsd.yaml", config + "cookies: {enabled: false}\n", 0644);
  ASSERT_TRUE(reloader.Reload(WallTime()).ok());
  EXPECT_FALSE(served.Get()->cookies.enabled());
}

TEST_F(EdnsConfigTest, TheNsidFlagOverridesTheFile) {
  Write("dnsd.yaml",
        "listen: [127.0.0.1:0]\nzones: [{apex: lb.example, file: lb.zone}]\nnsid: file\n", 0644);
  const std::string path = folder_ + "/dnsd.yaml";
  const char* arguments[] = {"dnsd", "--config", path.c_str(), "--nsid", "0x00ff"};
  const auto config = LoadConfig(ParseOptions(5, arguments));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(Text(config->edns.nsid), std::string("\0\xFF", 2));
  const char* wrong[] = {"dnsd", "--config", path.c_str(), "--nsid", "0x0"};
  EXPECT_EQ(ParseOptions(5, wrong).exit_status, 2);
}

TEST(CookieSecretsOf, AreTheFilesThenThoseInUseThenRandom) {
  EdnsConfig config;
  const answer::CookieSecret in_file{1};
  const answer::CookieSecret running{2};
  const auto random = CookieSecretsOf(config, {});
  ASSERT_EQ(random.size(), 1U);
  EXPECT_NE(random, CookieSecretsOf(config, {}));
  EXPECT_EQ(CookieSecretsOf(config, {&running, 1}), std::vector{running});
  config.cookie_secrets = {in_file};
  EXPECT_EQ(CookieSecretsOf(config, {&running, 1}), std::vector{in_file});
  config.cookies = false;
  EXPECT_TRUE(CookieSecretsOf(config, {&running, 1}).empty());
}

}  // namespace
}  // namespace dnsd::server
