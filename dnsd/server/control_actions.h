// What dnsdctl may ask of dnsd.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "dnsd/fleet/order.h"
#include "dnsd/server/events.h"
#include "dnsd/server/explain_json.h"
#include "dnsd/server/placement_control.h"
#include "dnsd/server/site_orders.h"

namespace dnsd::server {

// What it is asked to do; called on gRPC's threads, several at a time.
struct ControlActions {
  std::function<std::string()> status_json;
  // Orders for what the words name (order_targets.h), or nothing at all.
  struct Ordered {
    std::vector<std::string> nodes;  // whose order it changed
    std::vector<SiteKey> sites;
  };
  std::function<absl::StatusOr<Ordered>(const std::vector<std::string>& words,
                                        const fleet::OrderChange& change)>
      order;
  // Waits until orders are stored; why they are not, or empty.
  std::function<std::string()> stored;
  // Reloader::Await.
  std::function<absl::StatusOr<std::vector<std::string>>(const std::string& zone,
                                                         const std::function<bool()>& is_cancelled)>
      reload;
  // Documents, by what the request asks.
  std::function<absl::StatusOr<std::string>(const ExplainQuestion& question)> explain;
  std::function<std::string(const std::vector<std::string>& patterns)> sites;
  // What became of a node or a site in the last so many seconds.
  std::function<absl::StatusOr<std::string>(const std::string& subject, std::uint64_t seconds)>
      history;
  // Where sites are hosted: a document, and orders with what came of them.
  std::function<std::string()> placement;
  std::function<absl::StatusOr<PlacementAnswer>(const PlacementOrder& order)> place;
  // Waits until what came of it is stored; why it is not, or empty.
  std::function<std::string()> placement_stored;
  const Events* events = nullptr;
};

}  // namespace dnsd::server
