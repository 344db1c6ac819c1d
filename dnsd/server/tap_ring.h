// A bounded queue of records from one thread to another, without a lock or an allocation.
//
//   octets_: ... | size, octets | size, octets | free ...
//                ^ taken_                      ^ put_     (both only rise; the mask gives the
//                place)
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <vector>

namespace dnsd::server {

// Put is for one thread, Take for one other.
class TapRing {
 public:
  // `octets` is rounded up to a power of two.
  explicit TapRing(std::size_t octets)
      : octets_(std::bit_ceil(octets)), mask_(octets_.size() - 1) {}

  // Puts `parts`, one behind the other, as one record. False, and nothing done, if there is no
  // room.
  bool Put(std::initializer_list<std::span<const std::uint8_t>> parts) {
    std::uint32_t size = 0;
    for (const auto& part : parts) size += static_cast<std::uint32_t>(part.size());
    const std::uint64_t put = put_.load(std::memory_order_relaxed);
    const std::uint64_t used = put - taken_.load(std::memory_order_acquire);
    if (sizeof size + size > octets_.size() - used) return false;
    std::uint64_t at = put;
    Write(at, std::span(reinterpret_cast<const std::uint8_t*>(&size), sizeof size));
    at += sizeof size;
    for (const auto& part : parts) {
      Write(at, part);
      at += part.size();
    }
    put_.store(at, std::memory_order_release);
    return true;
  }

  // Takes the oldest record into `record`. False if there is none.
  bool Take(std::vector<std::uint8_t>& record) {
    const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
    if (taken == put_.load(std::memory_order_acquire)) return false;
    std::uint32_t size = 0;
    Read(taken, std::span(reinterpret_cast<std::uint8_t*>(&size), sizeof size));
    record.resize(size);
    Read(taken + sizeof size, record);
    taken_.store(taken + sizeof size + size, std::memory_order_release);
    return true;
  }

 private:
  // Octets until the end of the ring, after which it goes on at its start.
  std::size_t UntilEnd(std::uint64_t at) const {
    return octets_.size() - static_cast<std::size_t>(at & mask_);
  }
  void Write(std::uint64_t at, std::span<const std::uint8_t> from) {
    const std::size_t first = std::min(from.size(), UntilEnd(at));
    if (first > 0) std::memcpy(octets_.data() + (at & mask_), from.data(), first);
    if (first < from.size()) {
      std::memcpy(octets_.data(), from.data() + first, from.size() - first);
    }
  }
  void Read(std::uint64_t at, std::span<std::uint8_t> to) const {
    const std::size_t first = std::min(to.size(), UntilEnd(at));
    if (first > 0) std::memcpy(to.data(), octets_.data() + (at & mask_), first);
    if (first < to.size()) std::memcpy(to.data() + first, octets_.data(), to.size() - first);
  }

  std::vector<std::uint8_t> octets_;
  const std::uint64_t mask_;
  alignas(64) std::atomic<std::uint64_t> put_{0};
  alignas(64) std::atomic<std::uint64_t> taken_{0};
};

}  // namespace dnsd::server
