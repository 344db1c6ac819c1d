// /explain.json and `dnsdctl explain`: why a name is answered as it is. docs/monitoring.md
// documents the fields; they are added to, never renamed.
#pragma once

#include <string>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/base/status.h"
#include "dnsd/server/status_report.h"

namespace dnsd::server {

// As people write it.
struct ExplainQuestion {
  std::string name{};
  std::string type{};    // "A", "AAAA"; empty: A
  std::string client{};  // an address; empty: 127.0.0.1, or ::1 for AAAA
};

// InvalidArgument names what cannot be read. Any thread, off the query path: the answer is that of
// a worker that has given none since `fleet` was published. `report` knows the nodes' states and
// loads.
absl::StatusOr<std::string> ExplainJson(const ExplainQuestion& question,
                                        const answer::Served& served,
                                        const answer::FleetView& fleet, const StatusReport& report);

}  // namespace dnsd::server
