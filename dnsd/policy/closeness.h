// How close a member is to a client, from the addresses alone.
#pragma once

#include <endian.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "dnsd/base/ip.h"
#include "dnsd/locality/score.h"

namespace dnsd::policy {

// Greater is closer. 0 to 56: the bits that client and member share; what else may say how near
// they are stands above (locality/score.h).
using ClosenessScore = locality::Score;

// Bits that count when addresses are compared: one network is one place, so the host part says
// nothing (the prefixes that resolvers send as well, RFC 7871 §11.1).
inline constexpr unsigned kMostShared4 = 24;
inline constexpr unsigned kMostShared6 = 56;

// A client's own address, ready to be compared with those of many members.
class SharedBits {
 public:
  explicit SharedBits(const IpAddress& client)
      : size_(client.size()),
        prefix_(size_ == 4 ? Prefix<4>(client.octets().data())
                           : Prefix<16>(client.octets().data())),
        end_(std::uint64_t{1} << (63 - (size_ == 4 ? kMostShared4 : kMostShared6))) {}

  // How many of the leading bits that count the member shares, whose address in wire form is given;
  // 0 across families.
  ClosenessScore With(std::span<const std::uint8_t> member) const {
    if (member.size() != size_) return 0;
    return size_ == 4 ? With<4>(member.data()) : With<16>(member.data());
  }
  // The same of a member of the client's own family: `kSize` octets.
  template <std::size_t kSize>
  ClosenessScore With(const std::uint8_t* member) const {
    return static_cast<ClosenessScore>(std::countl_zero((prefix_ ^ Prefix<kSize>(member)) | end_));
  }

 private:
  // The first octets of an address, as many as count and more, the first in the highest place.
  template <std::size_t kSize>
  static std::uint64_t Prefix(const std::uint8_t* octets) {
    using Word = std::conditional_t<kSize == 4, std::uint32_t, std::uint64_t>;
    Word word;
    std::memcpy(&word, octets, sizeof word);
    if constexpr (kSize == 4) return std::uint64_t{be32toh(word)} << 32;
    return be64toh(word);
  }

  std::size_t size_;
  std::uint64_t prefix_;
  std::uint64_t end_;  // the first bit that does not count: taken for one that differs
};

}  // namespace dnsd::policy
