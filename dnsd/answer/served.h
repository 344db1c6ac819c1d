// What a reload replaces as a whole: everything the answers depend on but the fleet.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dnsd/answer/chaos.h"
#include "dnsd/answer/client_subnet.h"
#include "dnsd/answer/cookies.h"
#include "dnsd/answer/measured_use.h"
#include "dnsd/answer/rate_limit.h"
#include "dnsd/locality/locality.h"
#include "dnsd/policy/gauge.h"
#include "dnsd/policy/member_tables.h"
#include "dnsd/zone/zone_set.h"

namespace dnsd::answer {

// Immutable once published; safe to share between threads.
struct Served {
  zone::ZoneSet zones;
  locality::Locality locality;
  std::uint16_t edns_size = 1232;  // octets: offered in OPT, and the most sent over UDP
  std::optional<RateLimitSettings> rate_limit{};  // nothing: no limits
  std::uint64_t rate_limit_seed = 0;              // secret; of the table that a worker makes of it
  ClientSubnets client_subnets{};
  MeasuredUse measured{};
  Cookies cookies{};                 // off unless it has secrets
  std::vector<std::uint8_t> nsid{};  // 128 octets at most; empty: not told
  ChaosTexts chaos{};
  // What the options of the zones' sites number: as AssignGauges gave them, and MemberLists.
  std::vector<policy::Gauge> gauges{policy::Gauge{}};
  policy::MemberTables members{};
};

}  // namespace dnsd::answer
