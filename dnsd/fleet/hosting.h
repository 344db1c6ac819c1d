// Which nodes host which site, as reported.
//
//   HostingTable ──> 1,024 shards by the name's hash ──> open-addressing slots ──> entry
//                                                                        name + its Hosts
//
// A table is immutable. A change copies the list of shards and rebuilds the shards it touches, so
// a million sites cost nothing until one changes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
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
  std::uint64_t content_version = 0;  // 0: not versioned
  std::uint64_t bytes = 0;            // 0: not known

  bool answers() const { return ready && healthy; }
  friend bool operator==(const Host&, const Host&) = default;
};

class HostingShard;

// Immutable and safe to share between threads.
class HostingTable {
 public:
  static constexpr std::size_t kShards = 1024;

  HostingTable();  // no site is hosted by name

  // The hosts named for the site, by ascending node; empty when no node named it. `hash` is
  // wire::Name's hash of `name`, which is in lower-case wire form. The span lives as long as the
  // table.
  std::span<const Host> Find(std::uint64_t hash, std::span<const std::uint8_t> name) const;

  std::size_t site_count() const { return site_count_; }
  // True while no node named any site: Find need not be asked.
  bool empty() const { return site_count_ == 0; }

  // Calls visit(name in wire form, hosts) for every site, in no particular order.
  template <typename Visit>
  void ForEach(Visit&& visit) const;

 private:
  friend class HostingBuilder;
  std::array<std::shared_ptr<const HostingShard>, kShards> shards_;
  std::size_t site_count_ = 0;
};

}  // namespace dnsd::fleet
