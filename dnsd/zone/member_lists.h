// What the configuration says of members by their addresses. Options name a list by its number.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "dnsd/base/ip.h"

namespace dnsd::zone {

// A static weight each, 0 and upwards; the longest prefix that contains a member counts. Members
// that no prefix contains weigh 1.
using MemberWeights = std::vector<std::pair<IpPrefix, float>>;
// Groups in the order in which they take over; a member in none of them comes last.
using MemberGroups = std::vector<std::vector<IpPrefix>>;

// Numbered from 1 in SiteOptions.
struct MemberLists {
  std::vector<MemberWeights> weights;
  std::vector<MemberGroups> groups;

  friend bool operator==(const MemberLists&, const MemberLists&) = default;
};

}  // namespace dnsd::zone
