// The configured lists of members, turned into one number an address, ready for a query.
#pragma once

#include <cstdint>
#include <span>
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

  // The members' weights in `list` (1 and upwards), by AddressId; a member past the end weighs 1.
  std::span<const float> WeightsOf(std::size_t list) const {
    if (list == 0 || list > weights_.size()) return {};
    return weights_[list - 1];
  }
  // Likewise what to multiply by where the weight is what to divide by; kNever for a weight of 0.
  static constexpr float kNever = 1e30F;
  std::span<const float> ReciprocalsOf(std::size_t list) const {
    if (list == 0 || list > reciprocals_.size()) return {};
    return reciprocals_[list - 1];
  }
  // Likewise the members' groups, 0 the first; kNoGroup if none names it, or past the end.
  static constexpr std::uint8_t kNoGroup = 255;
  std::span<const std::uint8_t> GroupsOf(std::size_t list) const {
    if (list == 0 || list > groups_.size()) return {};
    return groups_[list - 1];
  }
  // HashOf each address, by AddressId.
  std::span<const std::uint64_t> hashes() const { return hashes_; }

 private:
  std::vector<std::vector<float>> weights_;        // by list, by AddressId
  std::vector<std::vector<float>> reciprocals_;    // likewise
  std::vector<std::vector<std::uint8_t>> groups_;  // likewise
  std::vector<std::uint64_t> hashes_;              // by AddressId
};

}  // namespace dnsd::policy
