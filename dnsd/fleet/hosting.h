// Which nodes host which site, as reported.
//
//   HostingTable ──> 1,024 shards by the name's hash ──> open-addressing slots ──> name, hosts
//
// A table is immutable. A change copies the list of shards and rebuilds the shards it touches
// (hosting_builder.h), so a million sites cost nothing until one changes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/fleet/node_state.h"
#include "dnsd/wire/name.h"

namespace dnsd::fleet {

// What one node says of one site. For a node that declares no list (it hosts every site whose pool
// has its address) only exceptions are kept: sites it says are not ready or unhealthy.
struct Host {
  NodeIndex node = kNoNode;
  bool ready = false;
  bool healthy = false;
  bool home = false;                  // its content is made there
  std::uint64_t content_version = 0;  // 0: not versioned
  std::uint64_t bytes = 0;            // 0: not known

  bool answers() const { return ready && healthy; }
  friend bool operator==(const Host&, const Host&) = default;
};

// Where a name belongs: the shard, and within it a tag, both spread evenly and apart from each
// other.
struct HostingKey {
  std::size_t shard = 0;
  std::uint32_t tag = 0;

  static HostingKey Of(std::uint64_t name_hash) {
    const std::uint64_t mixed = name_hash * 0x9E3779B97F4A7C15U;
    return {static_cast<std::size_t>(mixed >> 54), static_cast<std::uint32_t>(mixed >> 22)};
  }
};

// One shard: its sites by rising (tag, name), laid into slots by linear probing. A site's home is
// the slot that its tag's place among all tags points at, so that the slots too are in that order
// and two shards can be merged by walking them. Names and hosts lie in two arenas; no site has a
// heap block of its own. Immutable once built.
class HostingShard {
 public:
  std::span<const Host> Find(std::uint32_t tag, std::span<const std::uint8_t> name) const;
  std::size_t site_count() const { return site_count_; }

  // Calls visit(tag, name in wire form, hosts) for every site by rising (tag, name).
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.name_size != 0) visit(slot.tag, NameOf(slot), HostsOf(slot));
    }
  }

 private:
  friend class HostingShardWriter;
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t name_offset = 0;
    std::uint32_t first_host = 0;
    std::uint16_t host_count = 0;
    std::uint8_t name_size = 0;  // 0: no site is here
  };

  std::size_t Home(std::uint32_t tag) const {
    return static_cast<std::size_t>((std::uint64_t{tag} * homes_) >> 32);
  }
  std::span<const std::uint8_t> NameOf(const Slot& slot) const {
    return {names_.data() + slot.name_offset, slot.name_size};
  }
  std::span<const Host> HostsOf(const Slot& slot) const {
    return {hosts_.data() + slot.first_host, slot.host_count};
  }

  std::vector<Slot> slots_;  // homes_ and as many as the last runs over; the last is always empty
  std::size_t homes_ = 0;
  std::size_t site_count_ = 0;
  std::vector<std::uint8_t> names_;
  std::vector<Host> hosts_;
};

// Immutable and safe to share between threads.
class HostingTable {
 public:
  static constexpr std::size_t kShards = 1024;

  HostingTable() = default;  // no site is hosted by name

  // The hosts named for the site, by ascending node; empty when no node named it. `hash` is
  // wire::Name's hash of `name`, which is in lower-case wire form. The span lives as long as the
  // table.
  std::span<const Host> Find(std::uint64_t hash, std::span<const std::uint8_t> name) const {
    const HostingKey key = HostingKey::Of(hash);
    const HostingShard* shard = shards_[key.shard].get();
    return shard == nullptr ? std::span<const Host>{} : shard->Find(key.tag, name);
  }

  std::size_t site_count() const { return site_count_; }
  // True while no node named any site: Find need not be asked.
  bool empty() const { return site_count_ == 0; }

  // Calls visit(name in wire form, hosts) for every site, in no particular order.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (const auto& shard : shards_) {
      if (shard == nullptr) continue;
      shard->ForEach([&](std::uint32_t, auto name, auto hosts) { visit(name, hosts); });
    }
  }

  // The `i`th shard, null while it has no site. Two tables that share it agree on its sites.
  const std::shared_ptr<const HostingShard>& shard(std::size_t i) const { return shards_[i]; }

 private:
  friend class HostingBuilder;
  std::array<std::shared_ptr<const HostingShard>, kShards> shards_;
  std::size_t site_count_ = 0;
};

}  // namespace dnsd::fleet
