// The regions an operator has named, and for clients of each the order of all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dnsd::locality {

struct RegionOrder {
  std::string name;
  std::vector<std::string> order{};  // the nearest first; the region itself need not be named

  friend bool operator==(const RegionOrder&, const RegionOrder&) = default;
};

// Immutable once built. Regions are numbered from 1; 0 is none.
class Regions {
 public:
  static constexpr std::size_t kMost = 1000;
  static constexpr std::uint8_t kUnranked = 255;

  Regions() : Regions(std::vector<RegionOrder>{}) {}
  // At most kMost. What an order names must be there; names that are not are passed over.
  explicit Regions(const std::vector<RegionOrder>& all);

  // 0 if there is none of that name.
  std::uint16_t Find(std::string_view name) const;
  // "" of 0.
  const std::string& name(std::uint16_t number) const { return names_[number]; }
  // The place of a member's region in the order of a client's, 0 the first; kUnranked if it is not
  // in it, or either is none.
  std::uint8_t Rank(std::uint16_t client, std::uint16_t member) const {
    return ranks_[std::size_t{client} * names_.size() + member];
  }

 private:
  std::vector<std::string> names_{""};
  std::vector<std::uint8_t> ranks_;  // by client's region, by member's
};

}  // namespace dnsd::locality
