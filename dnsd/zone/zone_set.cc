#include "dnsd/zone/zone_set.h"

#include <algorithm>

namespace dnsd::zone {

ZoneSet::ZoneSet(std::vector<std::shared_ptr<const Zone>> zones, std::vector<SiteOptions> options)
    : zones_(std::move(zones)), options_(std::move(options)) {
  for (const auto& zone : zones_) {
    by_apex_.emplace(zone->apex().Hash(), zone.get());
    apex_labels_.set(zone->apex().label_count());
  }
}

const Zone* ZoneSet::FindClosest(const wire::Name& name, const NameHashes& hashes,
                                 std::size_t from) const {
  for (std::size_t i = from; i <= name.label_count(); ++i) {
    if (!apex_labels_.test(name.label_count() - i)) continue;
    const auto [first, last] = by_apex_.equal_range(hashes.of(i));
    for (auto at = first; at != last; ++at) {
      if (std::ranges::equal(at->second->apex().wire(), name.suffix(i))) return at->second;
    }
  }
  return nullptr;
}

}  // namespace dnsd::zone
