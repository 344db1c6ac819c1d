#include "reporter/hosting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "reporter/folder_scan.h"
#include "reporter/hosting_watch.h"
#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using heartbeat::v1::Heartbeat;
using heartbeat::v1::Hosting;
using testing::ElementsAre;
using testing::IsEmpty;

NodeState Hosts(const std::vector<std::string>& names) {
  NodeState node;
  node.hosts_all = false;
  for (const std::string& name : names) node.sites[name].set_name(name);
  return node;
}

std::vector<std::string> Names(const Hosting& hosting) {
  std::vector<std::string> names;
  for (const auto& site : hosting.sites()) names.push_back(site.name());
  return names;
}

std::vector<std::string> Removed(const Hosting& hosting) {
  return {hosting.removed().begin(), hosting.removed().end()};
}

TEST(HostingNews, TellsAllFirstAndNothingWhenNothingIsNew) {
  HostingNews news;
  Heartbeat first, second;
  news.Tell(Hosts({"a.example", "b.example"}), first);
  EXPECT_EQ(first.hosting().kind(), Hosting::FULL);
  EXPECT_THAT(Names(first.hosting()), ElementsAre("a.example", "b.example"));
  news.Tell(Hosts({"a.example", "b.example"}), second);
  EXPECT_FALSE(second.has_hosting());
}

TEST(HostingNews, AddsChangesUpUntilTheyAreTold) {
  HostingNews news;
  Heartbeat first, second;
  news.Tell(Hosts({"a.example", "b.example"}), first);
  news.Changed("a.example");  // gained and lost again in between
  news.Changed("b.example");
  news.Changed("c.example");
  news.Changed("d.example");
  news.Tell(Hosts({"b.example", "c.example"}), second);
  EXPECT_EQ(second.hosting().kind(), Hosting::DIFFERENCE);
  EXPECT_THAT(Names(second.hosting()), ElementsAre("b.example", "c.example"));
  EXPECT_THAT(Removed(second.hosting()), ElementsAre("a.example", "d.example"));
  EXPECT_FALSE(news.any());
}

TEST(HostingNews, TellsAllAgainWhenAsked) {
  HostingNews news;
  Heartbeat first, second;
  news.Tell(Hosts({"a.example"}), first);
  news.Changed("b.example");
  news.Resend();
  news.Tell(Hosts({"a.example"}), second);
  EXPECT_EQ(second.hosting().kind(), Hosting::FULL);
  EXPECT_THAT(Removed(second.hosting()), IsEmpty());
}

TEST(HostingNews, SaysThatTheNodeHostsAll) {
  HostingNews news;
  Heartbeat beat;
  news.Tell(NodeState(), beat);
  EXPECT_EQ(beat.hosting().kind(), Hosting::ALL);
}

TEST(SiteName, IsAPlainHostNameInLowerCase) {
  EXPECT_EQ(SiteName("WWW.Example."), "www.example");
  EXPECT_EQ(SiteName("a_b-1.example"), "a_b-1.example");
  for (const char* text : {"", ".", "a..b", "a b", "$(reboot)", "*.example", "a/b", "\\065.x"}) {
    EXPECT_EQ(SiteName(text), "") << text;
  }
  EXPECT_EQ(SiteName(std::string(63, 'a')), std::string(63, 'a'));
  EXPECT_EQ(SiteName(std::string(64, 'a')), "");
}

TEST(ScanSites, FindsEntriesWithTheirSizesAndNewestChange) {
  const FixtureTree tree;
  tree.Write("/sites/www.example/index.html", "12345");
  tree.Write("/sites/www.example/deep/er/x", "123");
  tree.Write("/sites/.incoming/x", "");
  tree.Write("/sites/lost+found/x", "");
  tree.Write("/sites/Shop.example", "1");
  using Clock = std::filesystem::file_time_type::clock;
  const auto future =
      Clock::from_sys(std::chrono::sys_seconds(std::chrono::seconds(4'000'000'000)));
  std::filesystem::last_write_time(tree.root() + "/sites/www.example/deep/er/x", future);
  const auto scan = ScanSites(tree.root() + "/sites");
  ASSERT_TRUE(scan.ok());
  ASSERT_EQ(scan->sites.size(), 2U);
  EXPECT_EQ(scan->sites.at("www.example"), (SiteContent{4'000'000'000'000, 8}));
  EXPECT_EQ(scan->sites.at("shop.example").bytes, 1U);
  EXPECT_THAT(scan->ignored, ElementsAre("lost+found"));
}

TEST(ScanSites, FollowsTheLinkThatIsTheSiteButNoneInside) {
  const FixtureTree tree;
  tree.Write("/releases/7/index.html", "1234");
  tree.MakeFolder("/sites");
  std::filesystem::create_symlink("../releases/7", tree.root() + "/sites/www.example");
  std::filesystem::create_symlink("/", tree.root() + "/releases/7/everything");
  const auto scan = ScanSites(tree.root() + "/sites");
  ASSERT_TRUE(scan.ok());
  EXPECT_EQ(scan->sites.at("www.example").bytes, 4U);
}

TEST(ScanSites, KnowsNeitherSizeNorVersionOfASiteWithTooManyFiles) {
  const FixtureTree tree;
  for (int i = 0; i < 20'001; ++i) tree.Write("/sites/big.example/" + std::to_string(i), "x");
  tree.Write("/sites/small.example/x", "x");
  const auto scan = ScanSites(tree.root() + "/sites");
  ASSERT_TRUE(scan.ok());
  EXPECT_EQ(scan->sites.at("big.example"), SiteContent{});
  EXPECT_EQ(scan->sites.at("small.example").bytes, 1U);
}

TEST(ScanSites, TellsThatTheFolderIsMissing) {
  EXPECT_TRUE(absl::IsNotFound(ScanSites("/nowhere/at/all").status()));
}

TEST(ScanSites, TellsAFolderThatItCannotReadFromOneThatIsGone) {
  const FixtureTree tree;
  std::filesystem::create_symlink("loop", tree.root() + "/loop");
  EXPECT_TRUE(absl::IsUnavailable(ScanSites(tree.root() + "/loop").status()));
}

TEST(ScanSite, BringsOneSiteUpToDateAndLooksAtNoOther) {
  const FixtureTree tree;
  const std::string folder = tree.root() + "/sites";
  tree.Write("/sites/A.example/x", "x");
  tree.Write("/sites/b.example/x", "x");
  FolderScan scan = *ScanSites(folder);
  tree.Write("/sites/A.example/x", "xxx");
  tree.Write("/sites/b.example/x", "xxx");
  tree.Write("/sites/c.example/x", "xx");
  ScanSite(folder, "a.example", scan);
  ScanSite(folder, "c.example", scan);
  EXPECT_EQ(scan.sites["a.example"].bytes, 3U);
  EXPECT_EQ(scan.sites["b.example"].bytes, 1U);
  EXPECT_EQ(scan.sites["c.example"].bytes, 2U);
  ScanSite(folder, "b.example", scan);
  EXPECT_EQ(scan.sites, ScanSites(folder)->sites);
  std::filesystem::remove_all(folder + "/A.example");
  ScanSite(folder, "a.example", scan);
  ScanSite(folder, "d.example", scan);
  EXPECT_EQ(scan.sites, ScanSites(folder)->sites);
}

TEST(FolderScanner, ReadsBesideTheLoopAndMayBeEndedAtAnyTime) {
  const FixtureTree tree;
  tree.Write("/sites/a.example/x", "x");
  const EventBasePtr base(event_base_new());
  for (int run = 0; run < 20; ++run) {
    bool done = false;
    FolderScanner scanner(base.get(), tree.root() + "/sites", [&](const auto& scan) {
      done = scan.ok() && scan->sites.contains("a.example");
      event_base_loopbreak(base.get());
    });
    scanner.Begin();
    EXPECT_TRUE(scanner.busy());
    if (run % 2 == 0) continue;
    event_base_dispatch(base.get());
    EXPECT_TRUE(done);
    EXPECT_FALSE(scanner.busy());
  }
}

TEST(HostingWatch, AScanThatBeganBeforeASiteWasLookedAtDoesNotUndoIt) {
  const FixtureTree tree;
  for (int n = 0; n < 2000; ++n) tree.Write("/sites/a.example/" + std::to_string(n), "x");
  tree.Write("/sites/b.example/x", "x");
  const EventBasePtr base(event_base_new());
  SiteContents seen;
  HostingWatch watch(base.get(), tree.root() + "/sites", [&](const SiteContents& sites) {
    if (seen.contains("c.example")) {  // once it was looked at
      EXPECT_TRUE(sites.contains("c.example"));
      EXPECT_FALSE(sites.contains("b.example"));
    }
    seen = sites;
    if (sites.contains("d.example")) event_base_loopbreak(base.get());
  });
  watch.Look();
  tree.Write("/sites/c.example/x", "x");
  std::filesystem::remove_all(tree.root() + "/sites/b.example");
  watch.LookAt("b.example");
  watch.LookAt("c.example");
  EXPECT_TRUE(seen.contains("c.example"));
  tree.Write("/sites/d.example/x", "x");
  event_base_dispatch(base.get());
  EXPECT_EQ(seen.size(), 3U);
}

// The watch's loop runs until it has told of a change.
TEST(HostingWatch, FollowsALinkToAnotherFolder) {
  const FixtureTree tree;
  tree.Write("/releases/17/a.example/x", "x");
  tree.Write("/releases/18/b.example/x", "x");
  const auto lead_to = [&](const std::string& target) {
    std::filesystem::create_symlink(target, tree.root() + "/new");
    std::filesystem::rename(tree.root() + "/new", tree.root() + "/current");
  };
  lead_to("releases/17");
  const EventBasePtr base(event_base_new());
  SiteContents sites;
  HostingWatch watch(base.get(), tree.root() + "/current", [&](const SiteContents& now) {
    sites = now;
    event_base_loopbreak(base.get());
  });
  lead_to("releases/18");
  event_base_dispatch(base.get());
  EXPECT_EQ(sites.size(), 1U);
  EXPECT_TRUE(sites.contains("b.example"));
  tree.MakeFolder("/releases/18/c.example");  // watched like the first
  event_base_dispatch(base.get());
  EXPECT_TRUE(sites.contains("c.example"));
}

TEST(HostingWatch, KeepsTheSitesOfAFolderThatItCannotRead) {
  const FixtureTree tree;
  tree.Write("/sites/a.example/x", "x");
  const EventBasePtr base(event_base_new());
  bool changed = false;
  HostingWatch watch(base.get(), tree.root() + "/sites", [&](const auto&) { changed = true; });
  std::filesystem::rename(tree.root() + "/sites", tree.root() + "/former");
  std::filesystem::create_symlink("sites", tree.root() + "/sites");
  Timer end(base.get(), [&] { event_base_loopbreak(base.get()); });
  end.After(std::chrono::milliseconds(300));
  event_base_dispatch(base.get());
  EXPECT_FALSE(changed);
  EXPECT_TRUE(watch.sites().contains("a.example"));
}

// Lets the loop run until the watch has told of a change.
TEST(HostingWatch, TellsOfSitesThatComeAndGo) {
  const FixtureTree tree;
  tree.Write("/sites/a.example/x", "x");
  const EventBasePtr base(event_base_new());
  std::vector<std::string> names;
  HostingWatch watch(base.get(), tree.root() + "/sites", [&](const SiteContents& sites) {
    names.clear();
    for (const auto& [name, content] : sites) names.push_back(name);
    event_base_loopbreak(base.get());
  });
  EXPECT_EQ(watch.sites().size(), 1U);
  tree.MakeFolder("/sites/b.example");
  event_base_dispatch(base.get());
  EXPECT_THAT(names, ElementsAre("a.example", "b.example"));
  std::filesystem::remove_all(tree.root() + "/sites");
  event_base_dispatch(base.get());
  EXPECT_THAT(names, IsEmpty());
  tree.MakeFolder("/sites/c.example");
  event_base_dispatch(base.get());
  EXPECT_THAT(names, ElementsAre("c.example"));
}

TEST(StorageNews, TellsWhatHasMovedAndTheFreeDiskByHundredths) {
  NodeState node;
  node.storage.set_takes_replicas(true);
  node.storage.set_free_bytes(1000);
  StorageNews news;
  const auto told = [&] {
    Heartbeat beat;
    news.Tell(node, beat);
    return beat.has_storage();
  };
  EXPECT_TRUE(told());
  EXPECT_FALSE(told());
  node.storage.set_free_bytes(991);
  EXPECT_FALSE(told());
  node.storage.set_free_bytes(990);
  EXPECT_TRUE(told());
  node.storage.set_used_bytes(1);
  EXPECT_TRUE(told());
  node.storage.set_evictions(1);
  EXPECT_TRUE(told());
  node.storage.set_free_bytes(0);
  EXPECT_TRUE(told());
  EXPECT_FALSE(told());
  news.Resend();
  EXPECT_TRUE(told());
}

}  // namespace
}  // namespace dnsd::reporter
