// The distinct service addresses of all pools, each with a small dense number, so that a member of
// a pool is four octets and a fact about an address is an array element.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dnsd/base/ip.h"

namespace dnsd {

using AddressId = std::uint32_t;

// Grows only: an id once given keeps its address for the life of the process, so snapshots of
// different ages agree on it. Owned and used by one thread (start-up, then the control loop).
class AddressTable {
 public:
  AddressId Intern(const IpAddress& address) {
    const auto [at, added] = ids_.try_emplace(address, static_cast<AddressId>(addresses_.size()));
    if (added) addresses_.push_back(address);
    return at->second;
  }

  std::optional<AddressId> Find(const IpAddress& address) const {
    const auto at = ids_.find(address);
    if (at == ids_.end()) return std::nullopt;
    return at->second;
  }

  const IpAddress& address(AddressId id) const { return addresses_[id]; }
  std::size_t size() const { return addresses_.size(); }

 private:
  std::unordered_map<IpAddress, AddressId, IpAddressHash> ids_;
  std::vector<IpAddress> addresses_;
};

}  // namespace dnsd
