// The distinct service addresses of all pools, each with a small dense number, so that a member of
// a pool is four octets and a fact about an address is an array element.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "dnsd/base/ip.h"

namespace dnsd {

using AddressId = std::uint32_t;

// Grows only: an id once given keeps its address for the life of the process, so snapshots of
// different ages agree on it. Owned and used by one thread (start-up, then the control loop).
class AddressTable {
 public:
  AddressId Intern(const IpAddress& address) {
    const std::size_t slot = SlotOf(address);
    if (slots_[slot] != 0) return slots_[slot] - 1;
    addresses_.push_back(address);
    slots_[slot] = static_cast<std::uint32_t>(addresses_.size());
    if (2 * addresses_.size() > slots_.size()) Grow();
    return static_cast<AddressId>(addresses_.size() - 1);
  }

  std::optional<AddressId> Find(const IpAddress& address) const {
    const std::size_t slot = SlotOf(address);
    if (slots_[slot] == 0) return std::nullopt;
    return slots_[slot] - 1;
  }

  const IpAddress& address(AddressId id) const { return addresses_[id]; }
  std::size_t size() const { return addresses_.size(); }

 private:
  static std::uint64_t Hash(const IpAddress& address) {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
    std::uint64_t words[2] = {};
    std::memcpy(words, address.octets().data(), address.size());
    const std::uint64_t first = (words[0] ^ address.size()) * kOdd;
    const std::uint64_t both = (first ^ first >> 32 ^ words[1]) * kOdd;
    return both ^ both >> 32;
  }
  // Where the address stands, or would.
  std::size_t SlotOf(const IpAddress& address) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = Hash(address) & mask;
    while (slots_[slot] != 0 && addresses_[slots_[slot] - 1] != address) slot = (slot + 1) & mask;
    return slot;
  }
  void Grow() {
    slots_.assign(2 * slots_.size(), 0);
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      slots_[SlotOf(addresses_[i])] = static_cast<std::uint32_t>(i + 1);
    }
  }

  // An id + 1 each, 0 if free: open addressing, a power of two, at most half full.
  std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(16);
  std::vector<IpAddress> addresses_;
};

}  // namespace dnsd
