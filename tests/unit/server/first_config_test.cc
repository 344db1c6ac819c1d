#include "dnsd/server/first_config.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "dnsd/server/config_file.h"
#include "dnsd/server/load_served.h"

namespace dnsd::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Read(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class FirstConfigFiles : public testing::Test {
 protected:
  FirstConfigFiles() {
    char name[] = "/tmp/first_config_test.XXXXXX";
    folder_ = mkdtemp(name);
    first_.folder = (folder_ / "new").string();
  }
  ~FirstConfigFiles() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  FirstConfig first_;
};

TEST_F(FirstConfigFiles, AreTakenAsTheyAre) {
  const auto written = WriteFirstConfig(first_);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_THAT(*written,
              ElementsAre(first_.folder + "/dnsd.yaml", first_.folder + "/zones/lb.example.zone"));
  const auto config = LoadConfigFile(written->front());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen.front().ToString(), "127.0.0.1:5300");
  EXPECT_EQ(config->state_dir, first_.folder + "/state");
  AddressTable addresses;
  const auto loaded = LoadServed(*config, addresses);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_THAT(loaded->warnings, ElementsAre());
  EXPECT_EQ(loaded->served->zones.zones().front()->site_count(), 2U);
}

TEST_F(FirstConfigFiles, SayWhatTheFlagsSay) {
  first_.apex = *wire::Name::Parse("LB.Example.org.");
  first_.listen = {*Endpoint::Parse("192.0.2.53:53"), *Endpoint::Parse("[2001:db8::53]:53")};
  first_.state_dir = "/var/lib/dnsd";
  first_.control_socket = "/run/a \"quoted\\ one.sock";
  const auto written = WriteFirstConfig(first_);
  ASSERT_TRUE(written.ok()) << written.status();
  const auto config = LoadConfigFile(written->front());
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->listen.size(), 2U);
  EXPECT_EQ(config->listen[1].ToString(), "[2001:db8::53]:53");
  EXPECT_EQ(config->state_dir, "/var/lib/dnsd");
  EXPECT_EQ(config->control_socket, first_.control_socket);
  EXPECT_EQ(config->zones.front().apex.ToString(), "lb.example.org.");
  EXPECT_EQ(written->back(), first_.folder + "/zones/lb.example.org.zone");
}

TEST_F(FirstConfigFiles, OverwriteNothing) {
  for (const char* taken : {"dnsd.yaml", "zones/lb.example.zone"}) {
    SCOPED_TRACE(taken);
    const std::filesystem::path path = std::filesystem::path(first_.folder) / taken;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "mine";
    const auto written = WriteFirstConfig(first_);
    EXPECT_TRUE(absl::IsAlreadyExists(written.status())) << written.status();
    EXPECT_THAT(Message(written.status()), HasSubstr(path.string()));
    EXPECT_EQ(Read(path), "mine");
    std::filesystem::remove_all(first_.folder);
  }
}

TEST_F(FirstConfigFiles, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(first_.folder) << "a file";
  const auto written = WriteFirstConfig(first_);
  EXPECT_TRUE(absl::IsUnavailable(written.status()));
  EXPECT_THAT(Message(written.status()), HasSubstr(first_.folder));
}

}  // namespace
}  // namespace dnsd::server
