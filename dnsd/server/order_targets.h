// What the words of an order name: nodes, sites, or single nodes at sites.
//
//   web1, web*               nodes; sites where no node matches
//   www.example., *.example. sites (a pattern of sites wants the final dot)
//   www.example@web*         these nodes at these sites
//
// A wildcard's owner is no site: below it, the names that nodes host are, and those named in full.
#pragma once

#include <string>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/base/status.h"
#include "dnsd/server/site_orders.h"
#include "dnsd/server/status_report.h"

namespace dnsd::server {

struct OrderTargets {
  std::vector<std::string> nodes;  // patterns, each with a node at least
  std::vector<SiteKey> sites;      // each once
};

inline constexpr std::size_t kMostSiteOrders = 10'000;

// `takes_back`: an order that is in force may also be named though its site is gone.
// NotFound: a word that names nothing; ResourceExhausted: above kMostSiteOrders, with those in
// force.
absl::StatusOr<OrderTargets> ReadTargets(const std::vector<std::string>& words, bool takes_back,
                                         const answer::Served& served,
                                         const answer::FleetView& fleet,
                                         const StatusReport& report);

}  // namespace dnsd::server
