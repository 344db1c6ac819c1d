#include "dnsd/zone/pool_store.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dnsd/wire/name.h"

namespace dnsd::zone {

PoolIndex PoolStore::Intern(std::span<const std::uint8_t> octets, std::size_t address_size,
                            Arena& data) {
  const auto hash = static_cast<std::uint32_t>(wire::HashLabel(address_size, octets));
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  for (; slots_[i].pool != 0; i = (i + 1) & mask) {
    if (slots_[i].hash != hash) continue;
    const Pool pool = PoolAt(data, slots_[i].pool);
    if (pool.address_size == address_size && std::ranges::equal(pool.octets, octets)) {
      return slots_[i].pool;
    }
  }
  const PoolIndex pool = Add(octets, address_size, data);
  slots_[i] = {pool, hash};
  if (2 * ++pools_ > slots_.size()) Grow();
  return pool;
}

PoolIndex PoolStore::Add(std::span<const std::uint8_t> octets, std::size_t address_size,
                         Arena& data) {
  const std::size_t count = octets.size() / address_size;
  const PoolHead head{static_cast<std::uint16_t>(count), static_cast<std::uint16_t>(address_size)};
  const Arena::Index pool = data.Add(sizeof head + count * sizeof(AddressId) + octets.size());
  std::uint8_t* at = data.at(pool);
  std::memcpy(at, &head, sizeof head);
  at += sizeof head;
  for (std::size_t i = 0; i < count; ++i) {
    const AddressId id =
        addresses_.Intern(*IpAddress::FromOctets(octets.subspan(i * address_size, address_size)));
    std::memcpy(at, &id, sizeof id);
    at += sizeof id;
  }
  std::memcpy(at, octets.data(), octets.size());
  longest_ = std::max(longest_, count);
  return pool;
}

void PoolStore::Grow() {
  std::vector<Slot> grown(2 * slots_.size());
  const std::size_t mask = grown.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.pool == 0) continue;
    std::size_t i = slot.hash & mask;
    while (grown[i].pool != 0) i = (i + 1) & mask;
    grown[i] = slot;
  }
  slots_ = std::move(grown);
}

}  // namespace dnsd::zone
