// The sites a node hosts, and what each dnsd has yet to be told of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "proto/heartbeat.pb.h"
#include "reporter/rtt.h"
#include "reporter/site_demand.h"

namespace dnsd::reporter {

// A site's content on this node.
struct SiteContent {
  std::uint64_t version = 0;  // 0: not versioned
  std::uint64_t bytes = 0;    // 0: not known
  friend bool operator==(const SiteContent&, const SiteContent&) = default;
};
using SiteContents = std::map<std::string, SiteContent>;  // by owner name, no final dot

// A host name as a site may have it, in lower case without the final dot; empty if it is none.
// Letters, digits, hyphens, underscores and dots only, since it goes into commands and requests.
std::string SiteName(const std::string& text);

// A text for people, cut as dnsd would.
std::string ShortDetail(const std::string& detail);

// All that dnsd is told of a node. Owned by the agent.
struct NodeState {
  heartbeat::v1::Load load;
  MonotonicTime sampled;
  heartbeat::v1::Health health;
  bool hosts_all = true;
  std::map<std::string, heartbeat::v1::HostedSite> sites;  // empty when it hosts all
  RttRound rtts;
  Demands demand;  // of the sites hosted; empty where no log tells
  std::map<std::string, std::vector<heartbeat::v1::TaskReport>> tasks;  // of each dnsd that has any
  heartbeat::v1::Storage storage;
  std::string decider;  // the dnsd whose decisions move sites here; empty: none's
};

// What one dnsd does not know yet of the hosting. Changes add up until they are sent, so that a
// slow dnsd gets one difference and no backlog.
class HostingNews {
 public:
  void Changed(const std::string& site) { changed_.insert(site); }
  // The next report tells all.
  void Resend() { full_ = true; }
  bool any() const { return full_ || !changed_.empty(); }

  // Puts the news into `out`, leaves it alone when there are none, and counts them as told.
  void Tell(const NodeState& node, heartbeat::v1::Heartbeat& out);

 private:
  bool full_ = true;
  std::set<std::string> changed_;
};

// What one dnsd was told last of the room for replicas. What is free on the disk moves all the
// time: alone it is told again when a hundredth of it has come or gone.
class StorageNews {
 public:
  void Resend() { told_.reset(); }
  void Tell(const NodeState& node, heartbeat::v1::Heartbeat& out);

 private:
  std::optional<heartbeat::v1::Storage> told_;
};

}  // namespace dnsd::reporter
