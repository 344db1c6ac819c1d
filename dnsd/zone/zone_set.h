// All zones of a server, found by the name asked for.
#pragma once

#include <bitset>
#include <memory>
#include <vector>

#include "dnsd/zone/site_options.h"
#include "dnsd/zone/zone.h"

namespace dnsd::zone {

// Immutable once built; safe to share between threads.
class ZoneSet {
 public:
  // `options`: those that the zones' sites are numbered by (SiteRules::options). The apexes differ.
  ZoneSet(std::vector<std::shared_ptr<const Zone>> zones, std::vector<SiteOptions> options);

  // The zone with the longest apex at or above `name`; null if there is none.
  const Zone* FindClosest(const wire::Name& name, const NameHashes& hashes) const {
    return FindClosest(name, hashes, 0);
  }
  // Likewise, of the zones whose apex lies above `name`: where a DS is authoritative (RFC 4035
  // §3.1.4.1).
  const Zone* FindAbove(const wire::Name& name, const NameHashes& hashes) const {
    return FindClosest(name, hashes, 1);
  }

  const SiteOptions& options(const Rrset& rrset) const { return options_[rrset.options]; }
  // All of them, by number.
  const std::vector<SiteOptions>& all_options() const { return options_; }
  const std::vector<std::shared_ptr<const Zone>>& zones() const { return zones_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;  // of the zone's apex
    const Zone* zone = nullptr;
  };
  const Zone* FindClosest(const wire::Name& name, const NameHashes& hashes, std::size_t from) const;

  std::vector<Slot> slots_;  // open addressing by the hash; a power of two, at most half full
  std::bitset<wire::Name::kMaxLabels + 1> apex_labels_;  // label counts that apexes have
  std::vector<SiteOptions> options_;
  std::vector<std::shared_ptr<const Zone>> zones_;
};

}  // namespace dnsd::zone
