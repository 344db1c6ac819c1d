// Whether a node hosts a site.
#pragma once

#include <algorithm>
#include <span>

#include "dnsd/fleet/hosting.h"

namespace dnsd::answer {

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
