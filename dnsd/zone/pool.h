// A pool: the servers that may answer for a site.
#pragma once

#include <cstdint>
#include <span>

#include "dnsd/base/address_table.h"
#include "dnsd/zone/arena.h"

namespace dnsd::zone {

using PoolIndex = std::uint32_t;  // where the pool stands in its zone's memory
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

// What stands in a zone's memory before a pool's members; their addresses stand behind them.
struct PoolHead {
  std::uint16_t count;
  std::uint16_t address_size;
};

inline Pool PoolAt(const Arena& data, PoolIndex index) {
  const std::uint8_t* at = data.at(index);
  const auto& head = *reinterpret_cast<const PoolHead*>(at);
  const auto* members = reinterpret_cast<const AddressId*>(at + sizeof head);
  const std::uint8_t* octets = at + sizeof head + head.count * sizeof(AddressId);
  return {{members, head.count},
          {octets, std::size_t{head.count} * head.address_size},
          head.address_size};
}

}  // namespace dnsd::zone
