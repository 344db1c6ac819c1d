#include "reporter/replica_room.h"

#include <algorithm>
#include <tuple>

namespace dnsd::reporter {

std::vector<std::string> ChooseEvictions(std::vector<Evictable> replicas, std::uint64_t excess) {
  std::sort(replicas.begin(), replicas.end(), [](const Evictable& a, const Evictable& b) {
    return std::tie(a.last_used, a.site) < std::tie(b.last_used, b.site);
  });
  std::vector<std::string> chosen;
  std::uint64_t found = 0;
  for (const Evictable& replica : replicas) {
    if (found >= excess) break;
    if (replica.bytes == 0) continue;  // not known, or nothing to be had
    chosen.push_back(replica.site);
    found += replica.bytes;
  }
  if (found < excess) chosen.clear();
  return chosen;
}

std::uint64_t Room::Excess(std::uint64_t bytes) const {
  const std::uint64_t then = used - std::min(used, leaving) + coming + bytes;
  return quota == 0 || then <= quota ? 0 : then - quota;
}

bool Room::FitsNow(std::uint64_t bytes) const {
  return quota == 0 || used + coming + bytes <= quota;
}

}  // namespace dnsd::reporter
