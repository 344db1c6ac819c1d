#include "dnsd/zone/zone_set.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace dnsd::zone {

ZoneSet::ZoneSet(std::vector<std::shared_ptr<const Zone>> zones, std::vector<SiteOptions> options)
    : slots_(std::bit_ceil(2 * zones.size() + 1)),
      options_(std::move(options)),
      zones_(std::move(zones)) {
  const std::size_t mask = slots_.size() - 1;
  for (const auto& zone : zones_) {
    const std::uint64_t hash = zone->apex().Hash();
    std::size_t i = hash & mask;
    while (slots_[i].zone != nullptr) i = (i + 1) & mask;
    slots_[i] = {hash, zone.get()};
    apex_labels_.set(zone->apex().label_count());
  }
}

const Zone* ZoneSet::FindClosest(const wire::Name& name, const NameHashes& hashes,
                                 std::size_t from) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t up = from; up <= name.label_count(); ++up) {
    if (!apex_labels_.test(name.label_count() - up)) continue;
    const std::uint64_t hash = hashes.of(up);
    for (std::size_t i = hash & mask; slots_[i].zone != nullptr; i = (i + 1) & mask) {
      const Slot& slot = slots_[i];
      if (slot.hash == hash && name.IsSuffix(up, slot.zone->apex())) {
        return slot.zone;
      }
    }
  }
  return nullptr;
}

}  // namespace dnsd::zone
