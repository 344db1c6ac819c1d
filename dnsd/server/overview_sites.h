// The sites of the overview: which are shown, and who answers for each.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/server/activity.h"
#include "dnsd/server/status_report.h"

namespace dnsd::server {

// Names in presentation format.
struct SiteNames {
  std::vector<std::string> names;
  bool more = false;  // there are others
};

// Owner names of sites, and names below a wildcard that some node hosts, `most` of those that match
// `pattern` (`*` and `?` as a shell has them); empty: the first that come.
SiteNames FindSites(const answer::Served& served, const answer::FleetView& fleet,
                    const std::string& pattern, std::size_t most);

// One site as JSON: its members with their nodes' states, who would answer now, and the rates of
// late; null if it is no site any more. `activity`: null where none is known.
nlohmann::ordered_json SiteJson(const std::string& name, const answer::Served& served,
                                const answer::FleetView& fleet, const StatusReport& report,
                                const SiteActivity::Site* activity);

}  // namespace dnsd::server
