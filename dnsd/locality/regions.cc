#include "dnsd/locality/regions.h"

#include <algorithm>

namespace dnsd::locality {

Regions::Regions(const std::vector<RegionOrder>& all) {
  for (const RegionOrder& region : all) names_.push_back(region.name);
  ranks_.assign(names_.size() * names_.size(), kUnranked);
  for (std::size_t client = 1; client < names_.size(); ++client) {
    std::uint8_t rank = 0;
    const auto add = [&](std::size_t member) {
      std::uint8_t& place = ranks_[client * names_.size() + member];
      if (member == 0 || place != kUnranked || rank == kUnranked) return;
      place = rank++;
    };
    const auto& order = all[client - 1].order;
    // Where the order says nothing of the region itself, that is first.
    if (std::ranges::find(order, names_[client]) == order.end()) add(client);
    for (const std::string& name : order) add(Find(name));
  }
}

std::uint16_t Regions::Find(std::string_view name) const {
  if (name.empty()) return 0;
  const auto at = std::ranges::find(names_, name);
  return at == names_.end() ? std::uint16_t{0} : static_cast<std::uint16_t>(at - names_.begin());
}

}  // namespace dnsd::locality
