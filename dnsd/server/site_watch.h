// Tells when a site comes to be answered in another way: no member is left, so little is left that
// suspects count, or all is well again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dnsd/answer/explain.h"
#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/server/events.h"

namespace dnsd::server {

// Of one thread. Borrows the events.
class SiteWatch {
 public:
  explicit SiteWatch(Events& events) : events_(events) {}

  // Looks at the sites, by their names, and at those that were not well when it last looked; an
  // event for each that has changed. One that is seen for the first time counts as having been
  // well.
  void Look(const std::vector<std::string>& sites, const answer::Served& served,
            const answer::FleetView& fleet);

 private:
  enum class How : std::uint8_t { kNoSite, kWell, kPanic, kAllDown };
  static How HowOf(answer::Explainer& explainer, const std::string& site);
  void Tell(const std::string& site, How before, How now);

  Events& events_;
  std::map<std::string, How> unwell_;  // of those that are not well
};

}  // namespace dnsd::server
