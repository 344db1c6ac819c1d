// More actions at one node than one message to its reporter may carry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnsd/base/address_table.h"
#include "dnsd/placement/placer.h"

namespace dnsd::placement {
namespace {

using std::chrono::seconds;
using TaskPhase = fleet::TaskReport::Phase;
using Phase = Action::Phase;

constexpr std::size_t kMost = 1024;  // heartbeat.proto, Tasks
constexpr int kSites = 1300;

// web1 has all sites, web2 is given them.
class PlacerManyTest : public ::testing::Test {
 protected:
  PlacerManyTest() {
    settings_.mode = Mode::kPlan;
    settings_.task_limit = seconds(30);
    for (int i = 0; i < kSites; ++i) sites_.push_back("s" + std::to_string(i) + ".example.");
    placer_ = std::make_unique<Placer>(
        settings_, StoredPlacement{},
        [](const std::string&) {
          return std::make_shared<const std::vector<fleet::NodeIndex>>(
              std::vector<fleet::NodeIndex>{0, 1});
        },
        now_);
    Greet("web1", 1, Sites(kSites));
    Greet("web2", 2, {});
  }

  std::vector<fleet::SiteReport> Sites(int count) const {
    std::vector<fleet::SiteReport> reports;
    for (int i = 0; i < count; ++i) {
      reports.push_back(
          {*wire::Name::Parse(sites_[static_cast<std::size_t>(i)]), 0, 1000, true, true, false});
    }
    return reports;
  }
  fleet::Heartbeat Beat(std::vector<fleet::SiteReport> sites) {
    fleet::Heartbeat beat{.sequence = ++sequence_};
    beat.hosting = {.kind = fleet::HostingKind::kFull, .sites = std::move(sites)};
    beat.storage = fleet::Storage{.takes_replicas = true};
    return beat;
  }
  void Greet(const std::string& node, fleet::StreamId stream,
             std::vector<fleet::SiteReport> sites) {
    fleet::Hello hello{.node = node, .interval = seconds(1), .boot_id = stream};
    hello.state = Beat(std::move(sites));
    fleet_.Apply({stream, now_, std::move(hello)});
  }
  void Turn() {
    const auto hosting = fleet_.hosting();
    placer_->Step({fleet_, *hosting, now_, WallTime{}});
    for (auto& [stream, tasks] : placer_->TakeDirectives()) {
      if (stream == 2) told_ = tasks.tasks;
    }
    for (const Action& note : placer_->TakeNotes()) {
      if (note.is_over()) over_.push_back(note);
    }
    while (const auto changes = placer_->TakeUnstored()) placer_->Stored(changes->sequence);
  }
  // A second: the node carries out the first `count` of its tasks.
  void Pass(int count) {
    now_ += seconds(1);
    fleet::Heartbeat beat = Beat({});
    beat.tasks.clear();
    const int before = made_;
    for (const fleet::Task& task : told_) {
      if (made_ - before == count) break;
      EXPECT_EQ(task.site, sites_[static_cast<std::size_t>(made_)]);
      ++made_;
      beat.tasks.push_back({.id = task.id, .phase = TaskPhase::kDone, .attempts = 1});
    }
    beat.hosting.sites = Sites(made_);
    fleet_.Apply({1, now_, Beat(Sites(kSites))});
    fleet_.Apply({2, now_, std::move(beat)});
    fleet_.Advance(now_);
    Turn();
    Turn();  // and told what is stored
  }
  void ExpandAll() {
    const auto hosting = fleet_.hosting();
    const World world{fleet_, *hosting, now_, WallTime{}};
    for (const std::string& site : sites_) {
      ASSERT_TRUE(placer_->Expand(world, site, "web2", "").ok());
    }
  }

  MonotonicTime now_ = MonotonicTime(seconds(1000));
  AddressTable addresses_;
  fleet::Fleet fleet_{fleet::FleetOptions{}, addresses_, now_};
  Settings settings_;
  std::vector<std::string> sites_;
  std::unique_ptr<Placer> placer_;
  std::vector<fleet::Task> told_;
  std::vector<Action> over_;
  int made_ = 0;
  std::uint64_t sequence_ = 0;
};

TEST_F(PlacerManyTest, AllAreCarriedOutInTheirOrderThoughNoMoreThanAMessageTakesAreTold) {
  ExpandAll();
  Pass(0);
  EXPECT_EQ(told_.size(), kMost);
  // The last of those told are done after 26 s, the last of all after 33 s.
  for (int i = 0; i < 100 && made_ < kSites; ++i) {
    Pass(40);
    ASSERT_LE(told_.size(), kMost);
  }
  Pass(0);
  ASSERT_EQ(over_.size(), static_cast<std::size_t>(kSites));
  for (std::size_t i = 0; i < over_.size(); ++i) {
    EXPECT_EQ(over_[i].site, sites_[i]);
    EXPECT_EQ(over_[i].phase, Phase::kDone) << over_[i].site << ": " << over_[i].detail;
  }
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace dnsd::placement
