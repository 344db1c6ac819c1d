// Writing a DNS message into a buffer of fixed size, names compressed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "dnsd/wire/name.h"
#include "dnsd/wire/types.h"

namespace dnsd::wire {

// A cursor that writes one message and cannot write past `buffer`. The first write that does not
// fit fails the writer; RewindTo makes it well again. Borrows `buffer`. Never allocates or throws.
class Writer {
 public:
  explicit Writer(std::span<std::uint8_t> buffer) : buffer_(buffer) {}

  void U8(std::uint8_t value) {
    if (std::uint8_t* at = Take(1)) *at = value;
  }
  void U16(std::uint16_t value) {
    if (std::uint8_t* at = Take(2)) Put16(at, value);
  }
  void U32(std::uint32_t value) {
    if (std::uint8_t* at = Take(4)) {
      Put16(at, static_cast<std::uint16_t>(value >> 16));
      Put16(at + 2, static_cast<std::uint16_t>(value));
    }
  }
  void Bytes(std::span<const std::uint8_t> octets) {
    if (std::uint8_t* at = Take(octets.size()); at != nullptr && !octets.empty()) {
      std::memcpy(at, octets.data(), octets.size());
    }
  }

  // Writes `name` (lower-case wire form) as a pointer to an earlier equal name, or as labels and
  // a pointer to the longest earlier suffix (RFC 1035 §4.1.4), and remembers it for later names.
  void CompressedName(std::span<const std::uint8_t> name) {
    // The one owner name of most responses is the very QNAME.
    if (qname_ != nullptr && name.data() == qname_->wire().data() && name.size() > 1) {
      return U16(static_cast<std::uint16_t>(0xC000U | qname_offset_));
    }
    CompressOther(name);
  }
  // Lets later names point into `name`, which was written uncompressed at `offset`. Borrows `name`;
  // before any CompressedName.
  void RememberQname(const Name& name, std::size_t offset) {
    qname_ = &name;
    qname_offset_ = offset;
  }

  // Lets later names point into `name`, which stands uncompressed at `offset` of what is written.
  void RememberName(const Name& name, std::size_t offset);

  // What stands behind an owner name: TYPE, CLASS, TTL and the length of the rdata. OPT has a
  // payload size for a class.
  void RecordHead(RrType type, std::uint16_t rr_class, std::uint32_t ttl, std::size_t rdata_size) {
    if (std::uint8_t* at = Take(kRecordHead)) PutHead(at, type, rr_class, ttl, rdata_size);
  }
  // Likewise of class IN, and rdata as it is.
  void RecordBody(RrType type, std::uint32_t ttl, std::span<const std::uint8_t> rdata) {
    std::uint8_t* at = Take(kRecordHead + rdata.size());
    if (at == nullptr) return;
    PutHead(at, type, static_cast<std::uint16_t>(RrClass::kIn), ttl, rdata.size());
    if (rdata.size() == 4) {  // a copy of known size is no call
      std::memcpy(at + kRecordHead, rdata.data(), 4);
    } else if (!rdata.empty()) {
      std::memcpy(at + kRecordHead, rdata.data(), rdata.size());
    }
  }

  // Leaves `count` octets to be filled in by Patch16.
  void Skip(std::size_t count) { Take(count); }

  // Overwrites two octets written before.
  void Patch16(std::size_t offset, std::uint16_t value) { Put16(buffer_.data() + offset, value); }

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }

  // Takes back all that was written after `size`, an earlier size(), names included.
  void RewindTo(std::size_t size) {
    size_ = size;
    ok_ = true;
    // QNAME's stand before all others and stay.
    while (known_count_ > 0 && known_[known_count_ - 1].offset >= size) --known_count_;
  }
  // Makes room for `count` octets less (an OPT to come), or gives it back.
  void Reserve(std::size_t count) { reserved_ = count; }

 private:
  struct Known {
    std::uint32_t hash;    // of the suffix, cut to 32 bits
    std::uint16_t offset;  // where it stands in the message
  };
  static constexpr std::size_t kMostKnown = 160;  // more than the labels of any QNAME

  static void Put16(std::uint8_t* at, std::uint16_t value) {
    at[0] = static_cast<std::uint8_t>(value >> 8);
    at[1] = static_cast<std::uint8_t>(value);
  }
  static constexpr std::size_t kRecordHead = 10;
  static void PutHead(std::uint8_t* at, RrType type, std::uint16_t rr_class, std::uint32_t ttl,
                      std::size_t rdata_size) {
    Put16(at, static_cast<std::uint16_t>(type));
    Put16(at + 2, rr_class);
    Put16(at + 4, static_cast<std::uint16_t>(ttl >> 16));
    Put16(at + 6, static_cast<std::uint16_t>(ttl));
    Put16(at + 8, static_cast<std::uint16_t>(rdata_size));
  }
  std::uint8_t* Take(std::size_t count) {
    const std::size_t capacity = buffer_.size() > reserved_ ? buffer_.size() - reserved_ : 0;
    if (!ok_ || size_ > capacity || count > capacity - size_) {
      ok_ = false;
      return nullptr;
    }
    size_ += count;
    return buffer_.data() + size_ - count;
  }
  void CompressOther(std::span<const std::uint8_t> name);
  void HashQname();
  void Remember(std::uint64_t hash, std::size_t offset);
  const Known* FindKnown(std::uint64_t hash, std::span<const std::uint8_t> suffix) const;
  bool EqualAt(std::size_t offset, std::span<const std::uint8_t> name) const;

  std::span<std::uint8_t> buffer_;
  std::size_t size_ = 0;
  std::size_t reserved_ = 0;
  bool ok_ = true;
  const Name* qname_ = nullptr;
  std::size_t qname_offset_ = 0;
  bool qname_hashed_ = false;  // its suffixes are among known_, the first there
  std::size_t known_count_ = 0;
  std::array<Known, kMostKnown> known_;  // by rising offset; those past known_count_ mean nothing
};

// The rdata of the types whose names may be compressed (RFC 3597 §4: those of RFC 1035 alone):
// `prefix` octets, `names` names, then what is left. No names for every other type; `target`: a
// name stands there whole behind the prefix, and an owner name or another target is likely to be
// equal.
struct RdataShape {
  std::uint8_t prefix = 0;
  std::uint8_t names = 0;
  bool target = false;
};
RdataShape ShapeOf(RrType type);

// Writes what stands behind an owner name: TYPE, CLASS IN, TTL, and `rdata` behind its length, its
// names compressed where they may be.
void WriteRecordBody(Writer& out, RrType type, std::uint32_t ttl,
                     std::span<const std::uint8_t> rdata);

// The octets of the uncompressed name that `octets` begins with; the name must be well formed.
std::size_t NameSize(std::span<const std::uint8_t> octets);

}  // namespace dnsd::wire
