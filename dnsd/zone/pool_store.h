// The pools of a zone under construction, each distinct one once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnsd/base/address_table.h"
#include "dnsd/zone/arena.h"
#include "dnsd/zone/pool.h"

namespace dnsd::zone {

// Finds pools by their members' addresses. Borrows `addresses`.
class PoolStore {
 public:
  explicit PoolStore(AddressTable& addresses) : addresses_(addresses), slots_(64) {}

  // The pool of these members, added to `data` unless it is there. `octets`: their addresses of
  // `address_size` octets each, at most 65,535 of them.
  PoolIndex Intern(std::span<const std::uint8_t> octets, std::size_t address_size, Arena& data);

  std::size_t count() const { return pools_; }
  std::size_t longest() const { return longest_; }  // members

 private:
  PoolIndex Add(std::span<const std::uint8_t> octets, std::size_t address_size, Arena& data);
  void Grow();

  struct Slot {
    PoolIndex pool = 0;  // 0: free
    std::uint32_t hash = 0;
  };
  AddressTable& addresses_;
  std::vector<Slot> slots_;  // open addressing, a power of two
  std::size_t pools_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace dnsd::zone
