// What the page shows, as JSON: who is how loaded, who answers for the busiest sites, what goes on.
// docs/monitoring.md documents the fields.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/base/snapshot.h"
#include "dnsd/server/activity.h"
#include "dnsd/server/events.h"
#include "dnsd/server/http_listeners.h"
#include "dnsd/server/observed.h"
#include "dnsd/server/status_http.h"

namespace dnsd::server {

// Parts of names, or patterns with `*` and `?`; empty: all.
struct OverviewFilter {
  std::string nodes;
  std::string sites;

  static constexpr std::size_t kMostLength = 255;
  friend auto operator<=>(const OverviewFilter&, const OverviewFilter&) = default;
};

// However large the fleet and the zones, so many rows are shown. One thread's. Borrows all.
class Overview {
 public:
  static constexpr std::size_t kNodes = 60;
  static constexpr std::size_t kSites = 25;
  static constexpr std::size_t kZones = 20;
  static constexpr std::size_t kNodesAPoint = 12;

  Overview(const Observed& observed, const Activity& activity, const Events& events,
           const Published<answer::FleetView>& fleet)
      : observed_(observed), activity_(activity), events_(events), fleet_(fleet) {}

  // From here on things are looked at anew; until then all who ask the same get the same text.
  void Renew() { snapshots_.clear(); }
  // One line.
  const std::string& Snapshot(const OverviewFilter& filter, MonotonicTime now, WallTime wall);
  // What is new since the last call for a listener that has heard of `point` and `event`, which
  // move on: as server-sent events.
  std::string News(const OverviewFilter& filter, std::uint64_t& point, std::uint64_t& event);

 private:
  // Sites that a filter names, and what they were looked up in.
  struct Found {
    std::shared_ptr<const answer::Served> served;
    MonotonicTime looked;
    std::vector<std::string> names;
    bool more = false;
  };
  const Found& Find(const std::string& pattern, MonotonicTime now);

  const Observed& observed_;
  const Activity& activity_;
  const Events& events_;
  const Published<answer::FleetView>& fleet_;
  std::map<OverviewFilter, std::string> snapshots_;
  std::map<std::string, Found> found_;  // by pattern
};

// The filter that a query asks for; nothing if it is longer than a name may be.
std::optional<OverviewFilter> FilterOf(const HttpQuery& query);

// What a listener hears that asks for `query`; null if that is too long.
std::unique_ptr<HttpFeed> ListenTo(Overview& overview, const HttpQuery& query);

}  // namespace dnsd::server
