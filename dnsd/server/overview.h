// What the page shows, as JSON: who is how loaded, who answers for the busiest sites, what goes on.
// docs/monitoring.md documents the fields.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/base/snapshot.h"
#include "dnsd/server/activity.h"
#include "dnsd/server/events.h"
#include "dnsd/server/http_listeners.h"
#include "dnsd/server/observed.h"
#include "dnsd/server/site_names.h"
#include "dnsd/server/status_http.h"

namespace dnsd::server {

// Parts of names, or patterns with `*` and `?`; empty: all.
struct OverviewFilter {
  std::string nodes;
  std::string sites;

  static constexpr std::size_t kMostLength = 255;
  friend auto operator<=>(const OverviewFilter&, const OverviewFilter&) = default;
};

// However large the fleet and the zones, so many rows are shown, and they are put together in some
// milliseconds: what may take long, to search very many names, is done elsewhere. One thread's.
// Borrows all.
class Overview {
 public:
  static constexpr std::size_t kNodes = 60;
  static constexpr std::size_t kSites = 25;
  static constexpr std::size_t kZones = 20;
  static constexpr std::size_t kNodesAPoint = 12;

  // Has work done, at once or by another thread; false: there is too much of it already.
  using Doer = std::function<bool(std::function<void()>)>;

  Overview(const Observed& observed, const Activity& activity, const Events& events,
           const Published<answer::FleetView>& fleet, Doer doer);
  ~Overview();

  // From here on things are looked at anew; until then all who ask the same get the same text.
  void Renew();
  // One line.
  const std::string& Snapshot(const OverviewFilter& filter, MonotonicTime now, WallTime wall);
  // What is new since the last call for a listener that has heard of `point` and `event`, which
  // move on: as server-sent events.
  std::string News(const OverviewFilter& filter, std::uint64_t& point, std::uint64_t& event);

 private:
  // A search under way, shared with who does it.
  struct Search {
    std::mutex mutex;  // guards both
    bool done = false;
    SiteNames found;
  };
  // Sites that a filter names, as of when they were last searched.
  struct Found {
    std::shared_ptr<Search> search;  // null: none is under way
    std::uint64_t generation = 0;    // of what it was searched in
    MonotonicTime looked;
    bool known = false;  // once a search was done
    SiteNames sites;
  };
  struct Moment;  // what is looked at until it is renewed

  const Found& Find(const std::string& pattern, MonotonicTime now);
  void Begin(const std::string& pattern, Found& found, MonotonicTime now);
  static void TakeResult(Found& found);
  Moment& Now();
  nlohmann::ordered_json SitesJson(const std::string& filter, MonotonicTime now);

  const Observed& observed_;
  const Activity& activity_;
  const Events& events_;
  const Published<answer::FleetView>& fleet_;
  const Doer doer_;
  std::unique_ptr<Moment> moment_;
  std::map<OverviewFilter, std::string> snapshots_;
  std::map<std::string, Found> found_;  // by pattern
};

// The filter that a query asks for; nothing if it is longer than a name may be.
std::optional<OverviewFilter> FilterOf(const HttpQuery& query);

// What a listener hears that asks for `query`; null if that is too long.
std::unique_ptr<HttpFeed> ListenTo(Overview& overview, const HttpQuery& query);

}  // namespace dnsd::server
