#include "dnsd/fleet/demand.h"

#include <algorithm>

namespace dnsd::fleet {

void NodeDemand::Take(const DemandReport& report) {
  if (report.full) sites_.clear();
  for (const SiteDemand& site : report.sites) {
    const std::string name = site.name.ToString();
    if (site.rps <= 0) {
      sites_.erase(name);
    } else if (sites_.size() < kMostSites || sites_.contains(name)) {
      sites_[name] = {site.rps, site.eps, site.bytes_per_second};
    }
  }
}

std::vector<NodeDemand::Site> NodeDemand::Busiest(std::size_t most) const {
  using Entry = std::map<std::string, SiteRates>::value_type;
  std::vector<const Entry*> order;
  order.reserve(sites_.size());
  for (const Entry& entry : sites_) order.push_back(&entry);
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(most, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [](const Entry* a, const Entry* b) {
    return a->second.rps > b->second.rps || (a->second.rps == b->second.rps && a->first < b->first);
  });
  std::vector<Site> busiest;
  for (auto at = order.begin(); at != end; ++at) busiest.push_back({(*at)->first, (*at)->second});
  return busiest;
}

double NodeDemand::rps() const {
  double sum = 0;
  for (const auto& [name, rates] : sites_) sum += rates.rps;
  return sum;
}

}  // namespace dnsd::fleet
