// The configured lists of members, turned into one number an address, ready for a query.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/base/address_table.h"
#include "dnsd/zone/member_lists.h"

namespace dnsd::policy {

// Immutable once built; safe to share between threads. An address that the table did not have then
// counts as unnamed.
class MemberTables {
 public:
  MemberTables() = default;
  MemberTables(const zone::MemberLists& lists, const AddressTable& addresses);

  // The member's weight in `list` (1 and upwards; 0 or unknown: all weigh 1).
  float WeightOf(std::size_t list, AddressId member) const {
    if (list == 0 || list > weights_.size()) return 1;
    const auto& weights = weights_[list - 1];
    return member < weights.size() ? weights[member] : 1;
  }
  // The member's group in `list`, 0 the first; kNoGroup if none names it.
  static constexpr std::uint8_t kNoGroup = 255;
  std::uint8_t GroupOf(std::size_t list, AddressId member) const {
    if (list == 0 || list > groups_.size()) return kNoGroup;
    const auto& groups = groups_[list - 1];
    return member < groups.size() ? groups[member] : kNoGroup;
  }

 private:
  std::vector<std::vector<float>> weights_;        // by list, by AddressId
  std::vector<std::vector<std::uint8_t>> groups_;  // likewise
};

}  // namespace dnsd::policy
