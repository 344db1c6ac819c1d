// /sites.json and `dnsdctl sites`: the sites, who may answer for each, and who does now.
// docs/monitoring.md documents the fields; they are added to, never renamed.
#pragma once

#include <string>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/server/status_report.h"

namespace dnsd::server {

inline constexpr std::size_t kMostSitesShown = 1000;

// The sites whose names match one of `patterns` (`*` and `?` as a shell has them; none: all): owner
// names with a pool, and names below a wildcard's pool that some node names as hosted. Any thread.
std::string SitesJson(const std::vector<std::string>& patterns, const answer::Served& served,
                      const answer::FleetView& fleet, const StatusReport& report,
                      std::size_t most = kMostSitesShown);

}  // namespace dnsd::server
