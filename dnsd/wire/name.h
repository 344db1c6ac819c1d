// Domain names in wire form, and the hash that finds them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dnsd/wire/reader.h"

namespace dnsd::wire {

// Why a message was refused. The values index counters: append only.
enum class WireError : std::uint8_t { kNone, kTruncated, kLabelType, kNameTooLong };

// The hash of the root name, from which the hash of a longer name grows label by label from the
// right: HashLabel(HashLabel(kRootHash, "example"), "www"). One pass over a name so gives the hash
// of each of its ancestors.
inline constexpr std::uint64_t kRootHash = 0x9E3779B97F4A7C15U;
// `label`: its octets in lower case, length octet left out.
inline std::uint64_t HashLabel(std::uint64_t parent, std::span<const std::uint8_t> label);

// A fully qualified domain name in wire form: length-prefixed labels of 1-63 octets closed by the
// root's zero octet, 1-255 octets in all (RFC 1035 §2.3.4, §3.1). Held in lower case, since names
// compare without regard to ASCII case (RFC 4343 §3). A value: no heap, safe to share once built.
class Name {
 public:
  static constexpr std::size_t kMaxSize = 255;
  static constexpr std::size_t kMaxLabels = 127;

  Name() { octets_[0] = 0; }  // the root
  Name(const Name& other) { *this = other; }
  Name& operator=(const Name& other);  // copies what is used only

  // From presentation format (RFC 1035 §5.1: \X and \DDD escapes), taken as fully qualified with
  // or without the final dot. Nothing for an empty label, a label above 63 or a name above 255.
  static std::optional<Name> Parse(std::string_view text);
  // From uncompressed wire form of exactly `wire.size()` octets.
  static std::optional<Name> FromWire(std::span<const std::uint8_t> wire);

  // The length-prefixed form, root octet included.
  std::span<const std::uint8_t> wire() const { return {octets_.data(), size_}; }
  // The number of labels, the root's left out.
  std::size_t label_count() const { return label_count_; }
  // The octets of the `i`th label from the left, length octet left out.
  std::span<const std::uint8_t> label(std::size_t i) const {
    const std::size_t at = label_offset(i);
    return {octets_.data() + at + 1, octets_[at]};
  }
  // Where the `i`th label's length octet stands; label_offset(label_count()) is the root's.
  std::size_t label_offset(std::size_t i) const {
    return i == label_count_ ? size_ - 1U : offsets_[i];
  }
  // The name's ancestor with its first `i` labels taken off, in wire form.
  std::span<const std::uint8_t> suffix(std::size_t i) const {
    return wire().subspan(label_offset(i));
  }
  std::uint64_t Hash() const;
  // Whether the name without its first `i` labels is a wildcard (RFC 4592 §2.1.1).
  bool is_wildcard(std::size_t i = 0) const {
    return i < label_count_ && octets_[label_offset(i)] == 1 && octets_[label_offset(i) + 1] == '*';
  }
  // True if this name is `ancestor` or lies below it.
  bool IsAtOrBelow(const Name& ancestor) const {
    return label_count_ >= ancestor.label_count_ &&
           IsSuffix(label_count_ - ancestor.label_count_, ancestor);
  }
  // True if this name without its first `i` labels is `ancestor`.
  bool IsSuffix(std::size_t i, const Name& ancestor) const;
  // Presentation format with the final dot; "." for the root.
  std::string ToString() const;

  friend bool operator==(const Name& a, const Name& b);

 private:
  friend WireError ReadName(Reader& in, Name& out);

  std::uint8_t size_ = 1;
  std::uint8_t label_count_ = 0;
  std::array<std::uint8_t, kMaxLabels> offsets_;  // those past label_count_ mean nothing
  std::array<std::uint8_t, kMaxSize> octets_;     // those past size_ mean nothing
};

// The hashes of a name and all its ancestors: of(i) is that of the name without its first i
// labels; of(label_count()) is the root's.
class NameHashes {
 public:
  NameHashes() = default;  // means nothing until Set
  explicit NameHashes(const Name& name) { Set(name); }

  void Set(const Name& name) {
    std::uint64_t hash = kRootHash;
    hashes_[name.label_count()] = hash;
    for (std::size_t i = name.label_count(); i > 0; --i) {
      hashes_[i - 1] = hash = HashLabel(hash, name.label(i - 1));
    }
  }
  std::uint64_t of(std::size_t i) const { return hashes_[i]; }

 private:
  std::array<std::uint64_t, Name::kMaxLabels + 1> hashes_;
};

// Reads an uncompressed name, as a QNAME is, into `out`. A compression pointer (RFC 1035 §4.1.4)
// is kLabelType: nothing precedes a QNAME to point at. On error `out` is unspecified and
// nothing is read.
[[nodiscard]] WireError ReadName(Reader& in, Name& out);

// ASCII lower case of one octet (RFC 4343 §3).
constexpr std::uint8_t LowerOctet(std::uint8_t octet) {
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + 32) : octet;
}

// Presentation format of a name given in wire form.
std::string NameToString(std::span<const std::uint8_t> wire);

namespace internal {

// Multiplies and folds: every bit of the product depends on every bit of both.
inline std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  __extension__ typedef unsigned __int128 Uint128;
  const Uint128 product = static_cast<Uint128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <typename Word>
Word LoadWord(const std::uint8_t* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// The first `count` octets, at most 8, as a number that is another for any other octets of that
// count. Loads of fixed width that overlap: a copy of `count` octets would be a call.
inline std::uint64_t LoadUpTo8(const std::uint8_t* from, std::size_t count) {
  if (count >= 4) {
    return LoadWord<std::uint32_t>(from) | std::uint64_t{LoadWord<std::uint32_t>(from + count - 4)}
                                               << 32;
  }
  if (count == 0) return 0;
  return from[0] | std::uint64_t{from[count / 2]} << 8 | std::uint64_t{from[count - 1]} << 16;
}

}  // namespace internal

// Whether both have the same `size` octets. A call of memcmp would take longer than most names.
inline bool SameOctets(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) {
  const auto same = [&]<typename Word>(Word, std::size_t at) {
    return internal::LoadWord<Word>(a + at) == internal::LoadWord<Word>(b + at);
  };
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (!same(std::uint64_t{}, at)) return false;
    }
    return same(std::uint64_t{}, size - 8);
  }
  if (size >= 4) return same(std::uint32_t{}, 0) && same(std::uint32_t{}, size - 4);
  for (std::size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

inline bool Name::IsSuffix(std::size_t i, const Name& ancestor) const {
  const std::size_t at = label_offset(i);
  return size_ - at == ancestor.size_ &&
         SameOctets(octets_.data() + at, ancestor.octets_.data(), ancestor.size_);
}

inline bool operator==(const Name& a, const Name& b) {
  return a.size_ == b.size_ && SameOctets(a.octets_.data(), b.octets_.data(), a.size_);
}

inline std::uint64_t HashLabel(std::uint64_t parent, std::span<const std::uint8_t> label) {
  constexpr std::uint64_t kOdd1 = 0xA0761D6478BD642FU;
  constexpr std::uint64_t kOdd2 = 0xE7037ED1A0B428DBU;
  std::uint64_t hash = parent ^ (label.size() * kOdd1);
  const std::uint8_t* at = label.data();
  std::size_t left = label.size();
  for (; left > 8; at += 8, left -= 8) {
    hash = internal::Mix(hash ^ internal::LoadWord<std::uint64_t>(at), kOdd2);
  }
  return internal::Mix(hash ^ internal::LoadUpTo8(at, left), kOdd1);
}

}  // namespace dnsd::wire
