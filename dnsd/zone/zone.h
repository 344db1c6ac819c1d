// One zone: an immutable tree of names with their RRsets, held in four flat arrays.
//
//   slots_   hash of an owner name -> node          (open addressing, a power of two)
//   nodes_   owner name, its RRsets, what it is     (empty non-terminals included)
//   rrsets_  type, TTL, where the rdata is          (one node's stand together)
//   octets_  names in wire form, and rdata as it is sent, equal sets stored once
//
// A lookup hashes QNAME from the right, so the hash of every ancestor is at hand, and probes from
// the whole name upwards.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/wire/name.h"
#include "dnsd/wire/types.h"
#include "dnsd/zone/pool.h"

namespace dnsd::zone {

using wire::NameHashes;

// Records of one owner name and type (RFC 2181 §5).
struct Rrset {
  wire::RrType type{};
  std::uint16_t count = 0;  // records
  std::uint32_t ttl = 0;    // seconds
  std::uint32_t rdata = 0;  // where in the zone's octets: per record two octets of length, rdata
  std::uint32_t rdata_size = 0;  // octets
  PoolIndex pool = kNoPool;      // for A and AAAA at a site
  std::uint16_t options = 0;     // of the site: index into ZoneSet's options
};

// An owner name, or an empty non-terminal.
struct Node {
  enum Flag : std::uint8_t {
    kCut = 1,       // a delegation: NS below the apex
    kOccluded = 2,  // below a cut or a DNAME: glue at most, never authoritative (RFC 2136 §7.18)
    kHasWildcard = 4,  // "*" exists one label below
    kDname = 8,        // owns a DNAME (RFC 6672)
    kCname = 16,       // owns a CNAME
  };
  std::uint32_t name = 0;  // where in the zone's octets
  std::uint32_t first_rrset = 0;
  std::uint16_t rrset_count = 0;  // 0: an empty non-terminal
  std::uint8_t name_size = 0;     // octets
  std::uint8_t flags = 0;

  bool has(Flag flag) const { return (flags & flag) != 0; }
};

// Where the search for a name ended (RFC 1034 §4.3.2 step 3).
struct Lookup {
  enum class Kind : std::uint8_t {
    kExact,       // `node` is the name
    kWildcard,    // `node` is the wildcard that stands for the name (RFC 4592)
    kDelegation,  // `node` is the cut at or above the name
    kDname,       // `node` owns a DNAME above the name
    kNone,        // there is no such name
  };
  Kind kind = Kind::kNone;
  const Node* node = nullptr;
  std::size_t depth = 0;  // labels to take off QNAME to reach `node` (not for kWildcard)
};

// Immutable once built (by ZoneBuilder); safe to share between threads.
class Zone {
 public:
  const wire::Name& apex() const { return apex_; }
  std::uint32_t serial() const { return serial_; }
  // The TTL of negative answers: the lesser of the SOA's TTL and its MINIMUM (RFC 2308 §3).
  std::uint32_t negative_ttl() const { return negative_ttl_; }
  const Node& apex_node() const { return nodes_[0]; }
  std::size_t node_count() const { return nodes_.size(); }
  std::size_t record_count() const { return record_count_; }
  std::size_t site_count() const { return site_count_; }

  // Looks up a name at or below the apex.
  Lookup Find(const wire::Name& name, const NameHashes& hashes) const;
  // The node of exactly this name, occluded ones (glue) included; null if there is none.
  const Node* FindExact(std::uint64_t hash, std::span<const std::uint8_t> name) const;

  std::span<const Rrset> rrsets(const Node& node) const {
    return std::span(rrsets_).subspan(node.first_rrset, node.rrset_count);
  }
  const Rrset* FindRrset(const Node& node, wire::RrType type) const {
    for (const Rrset& rrset : rrsets(node)) {
      if (rrset.type == type) return &rrset;
    }
    return nullptr;
  }
  std::span<const std::uint8_t> name(const Node& node) const {
    return std::span(octets_).subspan(node.name, node.name_size);
  }
  std::span<const std::uint8_t> rdata(const Rrset& rrset) const {
    return std::span(octets_).subspan(rrset.rdata, rrset.rdata_size);
  }
  Pool pool(PoolIndex index) const;
  std::size_t pool_count() const { return pools_.size(); }
  std::span<const Node> nodes() const { return nodes_; }

 private:
  friend class ZoneBuilder;

  struct PoolEntry {
    std::uint32_t first = 0;   // member
    std::uint32_t count = 0;   // members
    std::uint32_t octets = 0;  // where in the zone's octets
    std::uint8_t address_size = 4;
  };

  wire::Name apex_;
  std::uint32_t serial_ = 0;
  std::uint32_t negative_ttl_ = 0;
  std::size_t record_count_ = 0;
  std::size_t site_count_ = 0;
  std::vector<std::uint32_t> slots_;  // node + 1; 0 is free
  std::vector<Node> nodes_;           // the apex first
  std::vector<Rrset> rrsets_;
  std::vector<std::uint8_t> octets_;
  std::vector<PoolEntry> pools_;
  std::vector<AddressId> members_;
};

// The records of an RRset's rdata, one by one: for (auto r : RecordsOf(zone.rdata(rrset))).
class RecordsOf {
 public:
  explicit RecordsOf(std::span<const std::uint8_t> rdata) : rdata_(rdata) {}

  class Iterator {
   public:
    explicit Iterator(const std::uint8_t* at) : at_(at) {}
    std::span<const std::uint8_t> operator*() const { return {at_ + 2, size()}; }
    Iterator& operator++() {
      at_ += 2 + size();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    std::size_t size() const { return static_cast<std::size_t>(at_[0]) << 8 | at_[1]; }
    const std::uint8_t* at_;
  };
  Iterator begin() const { return Iterator(rdata_.data()); }
  Iterator end() const { return Iterator(rdata_.data() + rdata_.size()); }

 private:
  std::span<const std::uint8_t> rdata_;
};

}  // namespace dnsd::zone
