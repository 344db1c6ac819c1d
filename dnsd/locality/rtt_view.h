// Measured round-trip times by client prefix, as a worker reads them.
//
//   client ──> key ──hash──> shard ──> slot {tag, line} ──> line: key, figures (the nearest first)
//
// Two places in memory are read of a prefix that is known, and mostly one of any other.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/fleet/heartbeat.h"

namespace dnsd::locality {

// How far one node is from a prefix.
struct Rtt {
  float milliseconds = 0;
  std::uint16_t node = 0;  // its NodeIndex
  std::uint16_t seen = 0;  // tick of the last sample: RttView::IsOld
};

// The prefix of a client as a number: 24 bits of IPv4, or 48 of IPv6 and one above them.
inline std::uint64_t RttKeyOf(const IpAddress& client) {
  static_assert(fleet::RttSample::kBits4 == 24 && fleet::RttSample::kBits6 == 48);
  const bool is_v4 = client.family() == IpFamily::kV4;
  const std::size_t octets = is_v4 ? 3 : 6;
  std::uint64_t key = is_v4 ? 0 : 1;
  for (std::size_t i = 0; i < octets; ++i) key = key << 8 | client.octets()[i];
  return key;
}

// One prefix, in a cache line of its own.
class alignas(64) RttLine {
 public:
  static constexpr std::size_t kMost = 7;  // figures

  // `node`: who tells of it first.
  RttLine(std::uint64_t key, std::uint16_t node)
      : key_(key | std::uint64_t{OwnerOf(node)} << kKeyBits) {}

  std::uint64_t key() const { return key_ & kKeyMask; }
  // For whom the line counts, and a node as that: of many nodes some count together.
  std::uint16_t owner() const { return OwnerOf(static_cast<std::uint16_t>(key_ >> kKeyBits)); }
  static std::uint16_t OwnerOf(std::uint16_t node) { return node & kOwnerMask; }
  bool is_v6() const { return key() >> fleet::RttSample::kBits6 != 0; }
  std::span<const Rtt> rtts() const { return {rtts_.data(), key_ >> kCountShift}; }
  std::span<Rtt> rtts() { return {rtts_.data(), key_ >> kCountShift}; }
  void set_count(std::size_t count) {
    key_ = (key_ & ~(~std::uint64_t{0} << kCountShift)) | std::uint64_t{count} << kCountShift;
  }
  Rtt& slot(std::size_t i) { return rtts_[i]; }

 private:
  static constexpr unsigned kKeyBits = fleet::RttSample::kBits6 + 1;
  static constexpr std::uint64_t kKeyMask = (std::uint64_t{1} << kKeyBits) - 1;
  static constexpr unsigned kCountShift = 61;
  static constexpr std::uint16_t kOwnerMask = (1U << (kCountShift - kKeyBits)) - 1;

  std::uint64_t key_;  // and above it the owner, then how many figures there are
  std::array<Rtt, kMost> rtts_{};
};
static_assert(sizeof(RttLine) == 64);

// The prefixes of one part of the hash's range. Immutable once it is in a view.
struct RttShard {
  static constexpr std::size_t kMostLines = 0xFFFF;

  std::vector<RttLine> lines;
  std::size_t lines_v6 = 0;  // of them, those of IPv6
  // Open addressing, a power of two, at most half full: the line's number + 1 below a tag of 16
  // bits; 0: free.
  std::vector<std::uint32_t> slots;
  std::size_t figures = 0;

  static std::uint32_t FirstSlot(std::uint64_t hash, std::uint32_t mask) {
    return static_cast<std::uint32_t>(hash >> 16) & mask;
  }
  // The first slot at or past `i` that has the hash's tag; 0 if there is none.
  static std::uint32_t FindTag(const std::uint32_t* slots, std::uint32_t mask, std::uint64_t hash,
                               std::uint32_t& i) {
    const auto tag = static_cast<std::uint32_t>(hash & 0xFFFF);
    while (slots[i] != 0 && slots[i] >> 16 != tag) i = (i + 1) & mask;
    return slots[i];
  }
  // The line of `key`, or null.
  static const RttLine* Find(const RttLine* lines, const std::uint32_t* slots, std::uint32_t mask,
                             std::uint64_t key, std::uint64_t hash) {
    for (std::uint32_t i = FirstSlot(hash, mask);; i = (i + 1) & mask) {
      const std::uint32_t slot = FindTag(slots, mask, hash, i);
      if (slot == 0) return nullptr;
      const RttLine& line = lines[(slot & 0xFFFF) - 1];
      if (line.key() == key) return &line;
    }
  }
};

// Immutable; safe to share between threads. Made by RttTable.
class RttView {
 public:
  // Of the prefix that `client` is in, the nearest node first; empty if nothing is known. A client
  // of which fewer bits are known than RttSample::kBits4 or kBits6 is in no one prefix: its address
  // says nothing here. Valid as long as the view.
  std::span<const Rtt> Find(const IpAddress& client) const {
    if (homes_.empty()) return {};
    const std::uint64_t key = RttKeyOf(client);
    const std::uint64_t hash = Hash(key, seed_);
    const Home& home = homes_[ShardOf(hash, homes_.size())];
    if (home.slots == nullptr) return {};
    const RttLine* line = RttShard::Find(home.lines, home.slots, home.mask, key, hash);
    return line == nullptr ? std::span<const Rtt>() : line->rtts();
  }

  // Begins to read what Find will, for a client that is looked up a little later: the slot, and
  // once that may have come the line that it names.
  void Prefetch(const IpAddress& client) const {
    if (homes_.empty()) return;
    const std::uint64_t hash = Hash(RttKeyOf(client), seed_);
    const Home& home = homes_[ShardOf(hash, homes_.size())];
    if (home.slots != nullptr)
      __builtin_prefetch(&home.slots[RttShard::FirstSlot(hash, home.mask)]);
  }
  void PrefetchDeeper(const IpAddress& client) const {
    if (homes_.empty()) return;
    const std::uint64_t hash = Hash(RttKeyOf(client), seed_);
    const Home& home = homes_[ShardOf(hash, homes_.size())];
    if (home.slots == nullptr) return;
    std::uint32_t at = RttShard::FirstSlot(hash, home.mask);
    const std::uint32_t slot = RttShard::FindTag(home.slots, home.mask, hash, at);
    if (slot != 0) __builtin_prefetch(&home.lines[(slot & 0xFFFF) - 1]);
  }

  // Whether the figure, of this view, should be measured again: it is only kept because the prefix
  // has others that are fresh.
  bool IsOld(const Rtt& rtt) const {
    return static_cast<std::uint16_t>(tick_ - rtt.seen) > max_ticks_;
  }

  bool empty() const { return homes_.empty(); }
  std::size_t prefixes() const { return prefixes_[0] + prefixes_[1]; }
  // Whether nothing is known of any client of the family.
  bool empty(IpFamily family) const { return prefixes_[static_cast<std::size_t>(family)] == 0; }

  // The bits of a client that make its prefix.
  static constexpr unsigned PrefixBits(IpFamily family) {
    return family == IpFamily::kV4 ? fleet::RttSample::kBits4 : fleet::RttSample::kBits6;
  }

 private:
  friend class RttTable;
  // A shard as Find wants it: without a visit to the shard itself.
  struct Home {
    const RttLine* lines = nullptr;
    const std::uint32_t* slots = nullptr;  // null: no prefix
    std::uint32_t mask = 0;
  };

  // SplitMix64's finish. The seed is secret, so that nobody can choose prefixes that collide.
  static std::uint64_t Hash(std::uint64_t key, std::uint64_t seed) {
    std::uint64_t z = key + seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  static std::size_t ShardOf(std::uint64_t hash, std::size_t shards) {
    return static_cast<std::size_t>((hash >> 32) * shards >> 32);
  }

  std::uint64_t seed_ = 0;
  std::uint16_t tick_ = 0;  // when it was made
  std::uint16_t max_ticks_ = 0;
  std::array<std::size_t, 2> prefixes_{};                // by family
  std::vector<Home> homes_;                              // by shard
  std::vector<std::shared_ptr<const RttShard>> shards_;  // keeps what homes_ points at
};

}  // namespace dnsd::locality
