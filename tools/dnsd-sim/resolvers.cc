#include "tools/dnsd-sim/resolvers.h"

#include <algorithm>

namespace dnsd::sim {

Resolvers::Resolvers(const ResolverSpec& spec, Random& random)
    : population_(spec.count, spec.zipf), entries_(spec.count) {
  for (Entry& entry : entries_) {
    double left = random.Unit();
    for (const KeepRule& rule : spec.keeps) {
      if (left >= 0 && left < rule.share) entry.least = rule.seconds;
      left -= rule.share;
    }
  }
}

const NodeList* Resolvers::Find(ResolverId resolver, double now) const {
  const Entry& entry = entries_[resolver];
  return now < entry.good_until ? &entry.answer : nullptr;
}

void Resolvers::Store(ResolverId resolver, const NodeList& answer, double ttl, double now) {
  Entry& entry = entries_[resolver];
  entry.good_until = now + std::max(ttl, entry.least);
  entry.answer = answer;
}

IpAddress Resolvers::AddressOf(ResolverId resolver) {
  const std::uint8_t octets[4] = {static_cast<std::uint8_t>(128 + (resolver >> 16)),
                                  static_cast<std::uint8_t>(resolver >> 8),
                                  static_cast<std::uint8_t>(resolver), 53};
  return IpAddress::V4(octets);
}

}  // namespace dnsd::sim
