#include "dnsd/server/reload.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "dnsd/server/load_served.h"

namespace dnsd::server {
namespace {

constexpr const char* kSoa =
    "@ 60 SOA ns hostmaster 1 3600 600 86400 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n";

// A dnsd's configuration and zone in a folder, and a reloader with the state they gave.
class ReloadTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "reload_test." + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    WriteConfig("");
    WriteZone("www 0 A 192.0.2.1\nwww 0 A 192.0.2.2\n");
    options_.config_path = folder_ + "/dnsd.yaml";
    const auto config = LoadConfig(options_);
    ASSERT_TRUE(config.ok()) << config.status();
    auto loaded = LoadServed(*config, addresses_);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    served_ = std::make_unique<Published<answer::Served>>(loaded->served);
    Restart();
  }
  // Replaces the reloader by one of a dnsd that was started with the file as it is now.
  void Restart() {
    const auto config = LoadConfig(options_);
    ASSERT_TRUE(config.ok()) << config.status();
    Reloader::Parts parts{
        .options = options_,
        .config = *config,
        .addresses = addresses_,
        .served = served_.get(),
        .take_addresses = [this](const AddressTable& grown,
                                 const std::vector<policy::Gauge>&) { addresses_ = grown; },
        .take_measured = [this](auto measured) { measured_ = measured; },
        .take_placement = [](const auto&) {},
        .take_grants = [this](auto grants) { grants_ = grants; },
        .hand_over =
            [this] {
              followers_ = reloader_->status().followers;
              return hand_over_;
            }};
    reloader_ = std::make_unique<Reloader>(std::move(parts), WallTime());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void WriteConfig(const std::string& more) {
    std::ofstream(folder_ + "/dnsd.yaml")
        << "listen: 127.0.0.1:0\nzones: [{apex: lb.example, file: lb.zone}]\n"
        << more;
  }
  void WriteZone(const std::string& records) {
    std::ofstream(folder_ + "/lb.zone") << kSoa << records;
  }
  std::size_t Sites() const { return served_->Get()->zones.zones().at(0)->site_count(); }

  std::string folder_;
  Options options_;
  AddressTable addresses_;
  std::vector<ReporterGrant> grants_;
  MeasuredConfig measured_;
  absl::Status hand_over_;              // what a hand-over comes to
  std::vector<std::string> followers_;  // what the last one was for
  std::unique_ptr<Published<answer::Served>> served_;
  std::unique_ptr<Reloader> reloader_;
};

TEST_F(ReloadTest, TakesNewZonesAndKeepsTheNumbersOfTheirAddresses) {
  const auto before = addresses_.Find(*IpAddress::Parse("192.0.2.2"));
  WriteZone("www 0 A 192.0.2.9\nwww 0 A 192.0.2.2\nftp 0 A 192.0.2.1\nftp 0 A 192.0.2.2\n");
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_EQ(Sites(), 2U);
  EXPECT_EQ(addresses_.Find(*IpAddress::Parse("192.0.2.2")), before);
  EXPECT_TRUE(addresses_.Find(*IpAddress::Parse("192.0.2.9")));
  EXPECT_EQ(reloader_->status().done, 1U);
  EXPECT_EQ(reloader_->status().error, "");
}

TEST_F(ReloadTest, TellsWhatItChanged) {
  WriteConfig("edns_size: 4096\nsites: [{name: www.lb.example, answers: 2}]\n");
  WriteZone("www 0 A 192.0.2.1\nwww 0 A 192.0.2.2\nftp 0 A 192.0.2.1\nftp 0 A 192.0.2.2\n");
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_EQ(
      reloader_->status().changes,
      (std::vector<std::string>{"edns_size: 4096, new", "sites[www.lb.example].answers: 2, new",
                                "sites[www.lb.example].name: www.lb.example, new",
                                "zone lb.example.: serial 1 -> 1, sites 1 -> 2"}));
  WriteConfig("edns_size: 512\nlisten: nonsense\n");
  EXPECT_FALSE(reloader_->Reload(WallTime()).ok());
  WriteConfig("edns_size: 512\n");
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_EQ(reloader_->status().changes.front(), "edns_size: 4096 -> 512")
      << "of the file that serves, not of the one that was refused";
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_TRUE(reloader_->status().changes.empty());
}

TEST_F(ReloadTest, AFaultInAZoneLeavesEverythingAsItWas) {
  const auto served = served_->Get();
  const std::size_t addresses = addresses_.size();
  WriteConfig("edns_size: 4096\n");
  WriteZone("www 0 A 192.0.2.77\nwww 0 A 192.0.2.300\n");
  const absl::Status status = reloader_->Reload(WallTime());
  EXPECT_NE(status.message().find("lb.zone:5: "), absl::string_view::npos) << status;
  EXPECT_EQ(served_->Get(), served);
  EXPECT_EQ(addresses_.size(), addresses);
  EXPECT_EQ(reloader_->status().failed, 1U);
  EXPECT_EQ(reloader_->status().error, Message(status));
}

TEST_F(ReloadTest, AFaultInTheConfigurationLeavesEverythingAsItWas) {
  const auto served = served_->Get();
  WriteZone("ftp 0 A 192.0.2.1\nftp 0 A 192.0.2.2\n");
  WriteConfig("worker: 2\n");
  const absl::Status status = reloader_->Reload(WallTime());
  EXPECT_NE(status.message().find("dnsd.yaml:3: unknown key 'worker'"), absl::string_view::npos)
      << status;
  EXPECT_EQ(served_->Get(), served);
  WriteConfig("");
  EXPECT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_EQ(reloader_->status().error, "");
}

TEST_F(ReloadTest, WhoeverAsksForOneWaitsForItsOutcome) {
  WriteConfig("workers: 3\n");
  std::thread main;
  const auto ask = [&] { main = std::thread([&] { EXPECT_TRUE(reloader_->Reload({}).ok()); }); };
  const auto restarts = reloader_->Await("", ask, [] { return false; });
  main.join();
  ASSERT_TRUE(restarts.ok());
  EXPECT_EQ(*restarts, std::vector<std::string>{"workers"});

  Restart();
  WriteConfig("worker: 3\n");
  const auto ask_in_vain = [&] {
    main = std::thread([&] { reloader_->Reload({}).IgnoreError(); });
  };
  const auto failed = reloader_->Await("", ask_in_vain, [] { return false; });
  main.join();
  EXPECT_TRUE(absl::IsFailedPrecondition(failed.status()));
  EXPECT_NE(Message(failed.status()).find("unknown key 'worker'"), std::string::npos);
}

TEST_F(ReloadTest, ReadsAZoneAloneByTheConfigurationAsItIs) {
  WriteConfig("worker: 3\n");  // a mistake that nobody is to see yet
  WriteZone("www 0 A 192.0.2.1\nwww 0 A 192.0.2.9\nftp 0 A 192.0.2.1\nftp 0 A 192.0.2.2\n");
  std::thread main;
  const auto ask = [&] {
    main = std::thread([&] { EXPECT_TRUE(reloader_->ReloadZones({})->ok()); });
  };
  const auto reloaded = reloader_->Await("LB.example.", ask, [] { return false; });
  main.join();
  ASSERT_TRUE(reloaded.ok()) << reloaded.status();
  EXPECT_EQ(Sites(), 2U);
  EXPECT_TRUE(addresses_.Find(*IpAddress::Parse("192.0.2.9")));
  EXPECT_EQ(reloader_->ReloadZones({}), std::nullopt);  // nobody asked again
  EXPECT_EQ(reloader_->status().done, 1U);
}

TEST_F(ReloadTest, AZoneThatNobodyAskedForStaysAsItIs) {
  WriteConfig("");
  std::ofstream(folder_ + "/dnsd.yaml")
      << "listen: 127.0.0.1:0\nzones: [{apex: lb.example, file: lb.zone}, {apex: b.example, file: "
         "b.zone}]\n";
  std::ofstream(folder_ + "/b.zone") << kSoa;
  ASSERT_TRUE(reloader_->Reload({}).ok());
  const auto before = served_->Get()->zones.zones().at(0);
  std::ofstream(folder_ + "/b.zone") << kSoa << "x 60 A 192.0.2.7\n";
  WriteZone("broken 0 A 192.0.2.400\n");
  std::thread main;
  const auto ask = [&] { main = std::thread([&] { reloader_->ReloadZones({})->IgnoreError(); }); };
  const auto reloaded = reloader_->Await("b.example", ask, [] { return false; });
  main.join();
  ASSERT_TRUE(reloaded.ok()) << reloaded.status();
  EXPECT_EQ(served_->Get()->zones.zones().at(0), before);
  EXPECT_EQ(served_->Get()->zones.zones().at(1)->record_count(), 4U);
  const auto failed = reloader_->Await("lb.example", ask, [] { return false; });
  main.join();
  EXPECT_TRUE(absl::IsFailedPrecondition(failed.status()));
}

TEST_F(ReloadTest, AZoneThatIsNotServedIsNotFound) {
  const auto ask = [] { FAIL() << "nothing to do"; };
  for (const char* zone : {"elsewhere.example", "a..b"}) {
    const auto status = reloader_->Await(zone, ask, [] { return false; }).status();
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
  }
}

TEST_F(ReloadTest, WhoeverHasGoneWaitsNoMore) {
  const auto status = reloader_
                          ->Await(
                              "", [] {}, [] { return true; })
                          .status();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
}

TEST_F(ReloadTest, NobodyWaitsForAStoppingDnsd) {
  std::thread main;
  const auto ask = [&] { main = std::thread([&] { reloader_->Abandon(); }); };
  EXPECT_TRUE(absl::IsUnavailable(reloader_->Await("", ask, [] { return false; }).status()));
  main.join();
}

TEST_F(ReloadTest, TakesWhatIsWantedOfMeasuredTimes) {
  WriteConfig("locality: {measured: false}\n");
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_FALSE(measured_.enabled);
  WriteConfig("locality: {measured_max_age: 10m}\n");
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_TRUE(measured_.enabled);
  EXPECT_EQ(measured_.table.max_age, std::chrono::minutes(10));
  EXPECT_TRUE(followers_.empty());
}

TEST_F(ReloadTest, TakesSiteOptionsSubnetsAndGrants) {
  std::ofstream(folder_ + "/token") << "0123456789abcdef";
  WriteConfig("heartbeat: {listen: 127.0.0.1:0}\n");
  Restart();
  WriteConfig(
      "sites: [{name: www.lb.example, answers: 2}]\n"
      "subnets: [{clients: 10.0.0.0/8, order: 192.0.2.1}]\n"
      "heartbeat: {listen: 127.0.0.1:0, reporters: [{token_file: token, nodes: a}]}\n");
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_NE(served_->Get()->locality.Find(*IpAddress::Parse("10.1.1.1")).value, 0U);
  ASSERT_EQ(grants_.size(), 1U);
  EXPECT_EQ(grants_[0].token, "0123456789abcdef");
  EXPECT_TRUE(followers_.empty());
}

TEST_F(ReloadTest, ANewProcessTakesOverWhatARunningOneCannotChange) {
  const auto served = served_->Get();
  WriteConfig("workers: 3\nhttp: {listen: 127.0.0.1:0}\n");
  WriteZone("ftp 0 A 192.0.2.1\nftp 0 A 192.0.2.2\n");
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_EQ(followers_, (std::vector<std::string>{"workers", "http"}));
  EXPECT_EQ(served_->Get(), served) << "it is the new one's to serve";
}

TEST_F(ReloadTest, WithoutAFollowerEverythingIsAsItWas) {
  const auto served = served_->Get();
  hand_over_ = absl::AbortedError("the new dnsd has ended");
  WriteConfig("workers: 3\n");
  WriteZone("ftp 0 A 192.0.2.1\nftp 0 A 192.0.2.2\n");
  EXPECT_EQ(reloader_->Reload(WallTime()), hand_over_);
  EXPECT_EQ(served_->Get(), served);
  EXPECT_EQ(reloader_->status().error, "the new dnsd has ended");
  EXPECT_TRUE(reloader_->status().followers.empty());
}

TEST_F(ReloadTest, NoFollowerIsStartedWithAFaultyZone) {
  WriteConfig("workers: 3\n");
  WriteZone("www 0 A 192.0.2.300\n");
  EXPECT_FALSE(reloader_->Reload(WallTime()).ok());
  EXPECT_TRUE(followers_.empty());
}

TEST_F(ReloadTest, ARenewedCertificateIsTakenByANewProcess) {
  std::ofstream(folder_ + "/pem") << "old";
  WriteConfig("heartbeat: {listen: 127.0.0.1:0, tls: {certificate: pem, key: pem}}\n");
  Restart();
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_TRUE(followers_.empty());
  std::ofstream(folder_ + "/pem") << "new";
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_EQ(followers_, std::vector<std::string>{"heartbeat.tls"});
}

TEST_F(ReloadTest, SoIsThatOfRemoteControl) {
  std::ofstream(folder_ + "/pem") << "old";
  WriteConfig(
      "control: {listen: 127.0.0.1:0, tls: {certificate: pem, key: pem, client_ca: pem}}\n");
  Restart();
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_TRUE(followers_.empty());
  std::ofstream(folder_ + "/pem") << "new";
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_EQ(followers_, std::vector<std::string>{"control.tls"});
}

TEST_F(ReloadTest, AGrantOnAnotherLineIsTheSame) {
  std::ofstream(folder_ + "/token") << "0123456789abcdef";
  const std::string heartbeat =
      "heartbeat: {listen: 127.0.0.1:0, reporters: [{token_file: token, nodes: a}]}\n";
  WriteConfig(heartbeat);
  Restart();
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  const auto before = grants_;
  WriteConfig("# a comment\n" + heartbeat);
  ASSERT_TRUE(reloader_->Reload(WallTime()).ok());
  EXPECT_NE(grants_.at(0).origin, before.at(0).origin);
  EXPECT_EQ(grants_, before);
  grants_[0].nodes = {"b"};
  EXPECT_NE(grants_, before);
}

}  // namespace
}  // namespace dnsd::server
