// What is asked of each site at one node, as its reporter tells it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "dnsd/fleet/heartbeat.h"

namespace dnsd::fleet {

// A second, all finite and not negative.
struct SiteRates {
  double rps = 0;               // requests
  double eps = 0;               // of those, failed
  double bytes_per_second = 0;  // of responses

  friend bool operator==(const SiteRates&, const SiteRates&) = default;
};

// The latest rates of each site that has any, kMostSites at most: further ones are not taken in
// until others end. A value; used by the control thread alone.
class NodeDemand {
 public:
  static constexpr std::size_t kMostSites = 4096;

  struct Site {
    std::string name;  // owner name with its final dot
    SiteRates rates;
  };

  void Take(const DemandReport& report);

  // By owner name, as wire::Name::ToString has it.
  const std::map<std::string, SiteRates>& sites() const { return sites_; }
  // The `most` sites with the highest request rates, the highest first.
  std::vector<Site> Busiest(std::size_t most) const;
  // The sum over the sites.
  double rps() const;

 private:
  std::map<std::string, SiteRates> sites_;
};

}  // namespace dnsd::fleet
