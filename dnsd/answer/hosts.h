// Whether a node hosts a site, and whether anybody may.
#pragma once

#include <algorithm>
#include <span>

#include "dnsd/answer/worker_stats.h"
#include "dnsd/fleet/hosting.h"

namespace dnsd::answer {

// The host that an operator's order for a site as a whole is kept as: behind all nodes.
inline constexpr fleet::NodeIndex kEveryNode = kMaxNodes;

// Whether an operator has closed the site: nobody may answer for it.
inline bool IsClosed(std::span<const fleet::Host> hosts) {
  return !hosts.empty() && hosts.back().node == kEveryNode;
}

// `hosts`: the site's, as HostingTable finds them.
inline bool IsHost(bool declares_hosting, fleet::NodeIndex node,
                   std::span<const fleet::Host> hosts) {
  if (hosts.empty()) return !declares_hosting;
  const auto at =
      std::lower_bound(hosts.begin(), hosts.end(), node,
                       [](const fleet::Host& h, fleet::NodeIndex n) { return h.node < n; });
  if (at != hosts.end() && at->node == node) return at->answers();
  return !declares_hosting;
}

}  // namespace dnsd::answer
