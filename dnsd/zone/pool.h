// A pool: the servers that may answer for a site.
#pragma once

#include <cstdint>
#include <span>

#include "dnsd/base/address_table.h"

namespace dnsd::zone {

using PoolIndex = std::uint32_t;
inline constexpr PoolIndex kNoPool = 0xFFFFFFFFU;

// The members of one address family, in the order of the zone file. Borrows from its zone, which
// stores each distinct pool once, however many sites share it.
struct Pool {
  std::span<const AddressId> members;
  std::span<const std::uint8_t> octets;  // the members' addresses, 4 or 16 octets each, in a row
  std::size_t address_size = 4;          // 4 for A, 16 for AAAA

  std::span<const std::uint8_t> address(std::size_t member) const {
    return octets.subspan(member * address_size, address_size);
  }
};

}  // namespace dnsd::zone
