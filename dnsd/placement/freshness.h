// Which replicas are behind their site's home, and which of those must not answer.
//
//   hosting table ──changed shards──> behind: site -> home's version, nodes behind it, since when
//                                       └──by the site's rule──> withheld: (site, node)
//
// The home is the node that says so (HostedSite.home); of several, the one with the highest
// version. A site without one, and content without a version, is never behind.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/hosting.h"
#include "dnsd/placement/settings.h"

namespace dnsd::placement {

struct BehindNode {
  MonotonicTime since;                // when that was first seen, of this version of the replica
  std::uint64_t content_version = 0;  // the replica's

  friend bool operator==(const BehindNode&, const BehindNode&) = default;
};

struct BehindSite {
  fleet::NodeIndex home = fleet::kNoNode;
  std::uint64_t content_version = 0;             // the home's
  std::uint64_t bytes = 0;                       // likewise
  std::map<fleet::NodeIndex, BehindNode> nodes;  // behind it
  std::vector<fleet::NodeIndex> current;         // hosts that answer and are not behind
};

// By site, with its final dot.
using Behind = std::map<std::string, BehindSite>;
// (site, node), rising.
using Withheld = std::vector<std::pair<std::string, fleet::NodeIndex>>;

// Looks only at the shards that have changed. Of one thread.
class Freshness {
 public:
  void Look(const fleet::HostingTable& table, MonotonicTime now);
  const Behind& behind() const { return behind_; }
  // Those that may not answer at `now`. `is_usable`: whether answers may name the node for the
  // site; where no current replica is on such a node, those behind may answer.
  using IsUsable = std::function<bool(const std::string& site, fleet::NodeIndex node)>;
  Withheld WithheldAt(const Settings& settings, const IsUsable& is_usable, MonotonicTime now) const;
  // When a bound that `settings` has is next passed.
  std::optional<MonotonicTime> NextDeadline(const Settings& settings, MonotonicTime now) const;

 private:
  void LookAt(std::size_t shard, const fleet::HostingShard* sites, MonotonicTime now);

  std::vector<std::shared_ptr<const fleet::HostingShard>> seen_;  // by shard
  std::vector<std::vector<std::string>> names_;                   // by shard: its sites in behind_
  Behind behind_;
};

}  // namespace dnsd::placement
