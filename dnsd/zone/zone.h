// One zone: an immutable tree of names with their RRsets, laid out for few cache misses a lookup.
//
//   index_  hash of an owner name -> node             (four octets a name)
//   nodes_  what the node is | its RRsets | its name  (one piece: a cache line for most sites)
//   data_   pools, equal ones stored once; rdata as it is sent
//
// A lookup hashes QNAME from the right, so the hash of every ancestor is at hand, and probes from
// the whole name upwards. At a site in a large zone it costs three cache misses: slot, node, pool.
// Prefetch, PrefetchNode and PrefetchData bring them in for a batch of queries, each call a step
// behind the one before.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/wire/name.h"
#include "dnsd/wire/types.h"
#include "dnsd/zone/arena.h"
#include "dnsd/zone/name_index.h"
#include "dnsd/zone/pool.h"

namespace dnsd::zone {

using wire::NameHashes;

// Where the data of an RRset stands: a pool's number, or that of rdata that is no pool's. Read as
// a PoolIndex it is kNoPool in the latter case.
class DataRef {
 public:
  DataRef() = default;
  static DataRef ToPool(PoolIndex pool) { return DataRef(pool); }
  static DataRef ToRdata(Arena::Index rdata) { return DataRef(rdata | kRdata); }
  static constexpr std::size_t kMost = 0x7FFFFFFF;  // the largest number

  operator PoolIndex() const { return (where_ & kRdata) == 0 ? where_ : kNoPool; }
  Arena::Index where() const { return where_ & ~kRdata; }

 private:
  static constexpr std::uint32_t kRdata = 0x80000000U;
  explicit DataRef(std::uint32_t where) : where_(where) {}
  std::uint32_t where_ = kRdata;
};

// Records of one owner name and type (RFC 2181 §5). Lives in a zone's memory only.
struct Rrset {
  wire::RrType type{};
  std::uint16_t count = 0;    // records
  std::uint32_t ttl = 0;      // seconds
  DataRef pool;               // for A and AAAA at a site; elsewhere kNoPool
  std::uint16_t options = 0;  // of the site: index into ZoneSet's options
};

// An owner name, or an empty non-terminal. Its RRsets stand behind it, and its name behind those.
struct Node {
  enum Flag : std::uint8_t {
    kCut = 1,       // a delegation: NS below the apex
    kOccluded = 2,  // below a cut or a DNAME: glue at most, never authoritative (RFC 2136 §7.18)
    kHasWildcard = 4,  // "*" exists one label below
    kDname = 8,        // owns a DNAME (RFC 6672)
    kCname = 16,       // owns a CNAME
    kReplaced = 128,   // dead: another node has taken over its name
  };
  std::uint16_t rrset_count = 0;  // 0: an empty non-terminal
  std::uint8_t name_size = 0;     // octets of the name in front of the apex
  std::uint8_t flags = 0;

  bool has(Flag flag) const { return (flags & flag) != 0; }
  std::span<const Rrset> rrsets() const {
    return {reinterpret_cast<const Rrset*>(this + 1), rrset_count};
  }
  // The name's labels in front of the apex, in wire form.
  std::span<const std::uint8_t> relative_name() const {
    return {reinterpret_cast<const std::uint8_t*>(rrsets().data() + rrset_count), name_size};
  }
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

// The rdata of an RRset's records, for RecordsOf to take apart.
struct Rdata {
  std::span<const std::uint8_t> octets;
  std::size_t address_size = 0;  // of each record; 0: two octets before each tell its size
};

// Immutable once built (by ZoneBuilder); safe to share between threads.
class Zone {
 public:
  const wire::Name& apex() const { return apex_; }
  std::uint32_t serial() const { return serial_; }
  // The TTL of negative answers: the lesser of the SOA's TTL and its MINIMUM (RFC 2308 §3).
  std::uint32_t negative_ttl() const { return negative_ttl_; }
  const Node& apex_node() const { return node(apex_node_); }
  std::size_t node_count() const { return node_count_; }
  std::size_t record_count() const { return record_count_; }
  std::size_t site_count() const { return site_count_; }

  // Looks up a name at or below the apex.
  Lookup Find(const wire::Name& name, const NameHashes& hashes) const;
  // The node of exactly this name at or below the apex, occluded ones (glue) included; null if
  // there is none.
  const Node* FindExact(std::uint64_t hash, std::span<const std::uint8_t> name) const {
    const std::uint32_t found = FindNumber(hash, name);
    return found == 0 ? nullptr : &node(found);
  }

  // Brings what a lookup of the name with this hash reads first into the cache.
  void Prefetch(std::uint64_t hash) const { index_.Prefetch(hash); }
  // Likewise its node; once what Prefetch called for is there.
  void PrefetchNode(std::uint64_t hash) const {
    index_.Find(hash, [this](std::uint32_t number) {
      // Nodes are no longer than two lines, but for those with many RRsets.
      __builtin_prefetch(nodes_.at(number));
      __builtin_prefetch(nodes_.at(number) + 44);
      return true;
    });
  }
  // Likewise the pools, or the rdata, of its first two RRsets; once the node is there.
  void PrefetchData(std::uint64_t hash) const {
    index_.Find(hash, [this](std::uint32_t number) {
      const Node& found = node(number);
      const auto all = found.rrsets();
      for (const Rrset& rrset : all.first(all.size() < 2 ? all.size() : 2)) {
        __builtin_prefetch(data_.at(rrset.pool.where()));
        __builtin_prefetch(data_.at(rrset.pool.where()) + 35);
      }
      return true;
    });
  }

  std::span<const Rrset> rrsets(const Node& node) const { return node.rrsets(); }
  const Rrset* FindRrset(const Node& node, wire::RrType type) const {
    for (const Rrset& rrset : node.rrsets()) {
      if (rrset.type == type) return &rrset;
    }
    return nullptr;
  }
  wire::Name name(const Node& node) const;
  Rdata rdata(const Rrset& rrset) const;
  Pool pool(PoolIndex index) const { return PoolAt(data_, index); }
  // How many pools there are, and the members of the largest.
  std::size_t pool_count() const { return pool_count_; }
  std::size_t longest_pool() const { return longest_pool_; }

  // All nodes, for (const Node& node : zone.nodes()).
  class Nodes;
  Nodes nodes() const;

 private:
  friend class ZoneBuilder;

  const Node& node(std::uint32_t number) const {
    return *reinterpret_cast<const Node*>(nodes_.at(number));
  }
  // The number of the node of exactly this name; 0 if there is none.
  std::uint32_t FindNumber(std::uint64_t hash, std::span<const std::uint8_t> name) const;
  // The number of the node behind this one.
  std::uint32_t Next(std::uint32_t number) const {
    const Node& at = node(number);
    constexpr std::uint32_t kRrsetWords = sizeof(Rrset) / 4;
    return number + 1 + at.rrset_count * kRrsetWords + (at.name_size + 3U) / 4;
  }

  NameIndex index_{0, 0};
  Arena nodes_;
  Arena data_;
  std::uint32_t apex_node_ = 1;
  std::uint32_t serial_ = 0;
  std::uint32_t negative_ttl_ = 0;
  std::size_t node_count_ = 0;
  std::size_t record_count_ = 0;
  std::size_t site_count_ = 0;
  std::size_t pool_count_ = 0;
  std::size_t longest_pool_ = 0;
  wire::Name apex_;
};

class Zone::Nodes {
 public:
  explicit Nodes(const Zone& zone) : zone_(zone) {}

  class Iterator {
   public:
    Iterator(const Zone& zone, std::uint32_t number) : zone_(&zone), number_(number) {
      SkipReplaced();
    }
    const Node& operator*() const { return zone_->node(number_); }
    Iterator& operator++() {
      number_ = zone_->Next(number_);
      SkipReplaced();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return number_ != other.number_; }

   private:
    void SkipReplaced() {
      while (number_ < zone_->nodes_.end() && (**this).has(Node::kReplaced)) {
        number_ = zone_->Next(number_);
      }
    }
    const Zone* zone_;
    std::uint32_t number_;
  };
  Iterator begin() const { return Iterator(zone_, 1); }
  Iterator end() const { return Iterator(zone_, static_cast<std::uint32_t>(zone_.nodes_.end())); }

 private:
  const Zone& zone_;
};

inline Zone::Nodes Zone::nodes() const { return Nodes(*this); }

// The records of an RRset's rdata, one by one: for (auto r : RecordsOf(zone.rdata(rrset))).
class RecordsOf {
 public:
  explicit RecordsOf(const Rdata& rdata) : rdata_(rdata) {}

  class Iterator {
   public:
    Iterator(const std::uint8_t* at, std::size_t address_size)
        : at_(at), address_size_(address_size) {}
    std::span<const std::uint8_t> operator*() const { return {at_ + lead(), size()}; }
    Iterator& operator++() {
      at_ += lead() + size();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    std::size_t lead() const { return address_size_ == 0 ? 2 : 0; }
    std::size_t size() const {
      return address_size_ != 0 ? address_size_ : static_cast<std::size_t>(at_[0]) << 8 | at_[1];
    }
    const std::uint8_t* at_;
    std::size_t address_size_;
  };
  Iterator begin() const { return {rdata_.octets.data(), rdata_.address_size}; }
  Iterator end() const {
    return {rdata_.octets.data() + rdata_.octets.size(), rdata_.address_size};
  }

 private:
  Rdata rdata_;
};

}  // namespace dnsd::zone
