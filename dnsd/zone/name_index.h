// From the hash of an owner name to where its node stands.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dnsd/zone/arena.h"

namespace dnsd::zone {

// A table with open addressing of four octets a name. What is left of a slot beside the node's
// number holds bits of the hash, so that a search rarely touches the node of another name.
class NameIndex {
 public:
  // Room for `names` at two thirds full, with numbers up to `most`.
  NameIndex(std::size_t names, std::size_t most)
      : size_(names + names / 2 + 2),
        bits_(std::min(static_cast<unsigned>(std::bit_width(most)), kSlotBits)) {
    memory_.Reserve(size_ * sizeof(std::uint32_t));
    std::memset(memory_.at(memory_.Add(size_ * sizeof(std::uint32_t))), 0,
                size_ * sizeof(std::uint32_t));
  }

  // Whether another name fits, numbered `number`.
  bool HasRoom(std::size_t names, std::size_t number) const {
    return 3 * (names + 1) <= 2 * size_ && std::uint64_t{number} >> bits_ == 0;
  }
  // `number` is neither 0 nor in the table. After HasRoom.
  void Insert(std::uint64_t hash, std::uint32_t number) {
    std::size_t i = Start(hash);
    while (slots()[i] != 0) i = Next(i);
    slots()[i] = Tag(hash) | number;
  }
  // Puts the number `now` in the place of `before`.
  void Replace(std::uint64_t hash, std::uint32_t before, std::uint32_t now) {
    std::size_t i = Start(hash);
    while (slots()[i] != (Tag(hash) | before)) i = Next(i);
    slots()[i] = Tag(hash) | now;
  }

  // The first number of those that may have this hash for which `is_it` is true; 0 if none.
  template <typename IsIt>
  std::uint32_t Find(std::uint64_t hash, IsIt is_it) const {
    const std::uint32_t tag = Tag(hash);
    const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << bits_) - 1);
    for (std::size_t i = Start(hash); slots()[i] != 0; i = Next(i)) {
      const std::uint32_t slot = slots()[i];
      if (((slot ^ tag) & ~mask) == 0 && is_it(slot & mask)) return slot & mask;
    }
    return 0;
  }

  void Prefetch(std::uint64_t hash) const { __builtin_prefetch(slots() + Start(hash)); }

 private:
  static constexpr unsigned kSlotBits = 32;

  std::size_t Start(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash >> 32) * size_ >> 32);
  }
  std::size_t Next(std::size_t i) const { return i + 1 == size_ ? 0 : i + 1; }
  // None, where numbers take the whole slot.
  std::uint32_t Tag(std::uint64_t hash) const { return static_cast<std::uint32_t>(hash << bits_); }

  // 0: free.
  const std::uint32_t* slots() const {
    return reinterpret_cast<const std::uint32_t*>(memory_.at(1));
  }
  std::uint32_t* slots() { return reinterpret_cast<std::uint32_t*>(memory_.at(1)); }

  Arena memory_;
  std::size_t size_;  // slots
  unsigned bits_;     // of a slot that are the number; those above are of the hash
};

}  // namespace dnsd::zone
