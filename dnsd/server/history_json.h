// /history.json and `dnsdctl history`: what became of a node or a site lately. docs/monitoring.md
// documents the fields; they are added to, never renamed.
#pragma once

#include <string>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "dnsd/server/status_report.h"

namespace dnsd::server {

// A node, else a site, whose nodes are those of its pools; `path` is the history's file.
// NotFound: neither. Other errors are the file's. Any thread but the workers': reads the disk.
absl::StatusOr<std::string> HistoryJson(const std::string& subject, WallTime since,
                                        const std::string& path, const answer::Served& served,
                                        const answer::FleetView& fleet, const StatusReport& report);

}  // namespace dnsd::server
