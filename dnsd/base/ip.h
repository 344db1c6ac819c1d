// IP addresses, prefixes and endpoints as values.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sockaddr;
struct sockaddr_storage;

namespace dnsd {

enum class IpFamily : std::uint8_t { kV4, kV6 };

// An IPv4 or IPv6 address in network order. A value; octets past size() are zero.
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  static IpAddress V4(std::span<const std::uint8_t, 4> octets) { return Copy<4>(octets.data()); }
  static IpAddress V6(std::span<const std::uint8_t, 16> octets) { return Copy<16>(octets.data()); }
  // From 4 or 16 octets; nothing for any other count.
  static std::optional<IpAddress> FromOctets(std::span<const std::uint8_t> octets) {
    if (octets.size() == 4) return V4(octets.first<4>());
    if (octets.size() == 16) return V6(octets.first<16>());
    return std::nullopt;
  }
  // Dotted quad or RFC 4291 text; nothing for anything else (no zone, no brackets).
  static std::optional<IpAddress> Parse(std::string_view text);
  // From AF_INET or AF_INET6; an IPv4-mapped IPv6 address becomes IPv4.
  static IpAddress FromSockaddr(const sockaddr& address);

  IpFamily family() const { return family_; }
  std::size_t size() const { return family_ == IpFamily::kV4 ? 4 : 16; }
  std::span<const std::uint8_t> octets() const { return {octets_.data(), size()}; }
  bool is_loopback() const;
  bool is_unspecified() const;
  std::string ToString() const;

  // How many leading bits the two have in common; 0 across families.
  unsigned SharedPrefix(const IpAddress& other) const {
    if (family_ != other.family_) return 0;
    if (const std::uint64_t differ = Half(0) ^ other.Half(0); differ != 0) {
      return LeadingZeros(differ);  // past an IPv4 address nothing differs
    }
    if (family_ == IpFamily::kV4) return 32;
    const std::uint64_t differ = Half(1) ^ other.Half(1);
    return differ == 0 ? 128 : 64 + LeadingZeros(differ);
  }
  // The address with all bits after the first `length` set to zero.
  IpAddress Masked(unsigned length) const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  template <std::size_t count>
  static IpAddress Copy(const std::uint8_t* octets) {
    IpAddress address;
    address.family_ = count == 4 ? IpFamily::kV4 : IpFamily::kV6;
    std::memcpy(address.octets_.data(), octets, count);
    return address;
  }
  // Eight octets as the machine has them.
  std::uint64_t Half(std::size_t i) const {
    std::uint64_t half;
    std::memcpy(&half, octets_.data() + 8 * i, sizeof half);
    return half;
  }
  // The first bit on the wire that is set.
  static unsigned LeadingZeros(std::uint64_t half) {
    const auto first_octet = static_cast<unsigned>(std::countr_zero(half)) / 8;
    const auto octet = static_cast<std::uint8_t>(half >> (8 * first_octet));
    return 8 * first_octet + static_cast<unsigned>(std::countl_zero(octet));
  }

  IpFamily family_ = IpFamily::kV4;
  std::array<std::uint8_t, 16> octets_{};
};

// A CIDR prefix; bits past the length are zero.
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;  // 0 to 32 or 128

  // "192.0.2.0/24", or a bare address for its full length. Set bits past the length are refused.
  static std::optional<IpPrefix> Parse(std::string_view text);
  bool Contains(const IpAddress& a) const {
    return a.family() == address.family() && a.SharedPrefix(address) >= length;
  }
  std::string ToString() const;
  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

// Where a socket is bound or connects to.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  // "192.0.2.1:53" or "[2001:db8::1]:53"; the port is required, 0 to 65535.
  static std::optional<Endpoint> Parse(std::string_view text);
  static Endpoint FromSockaddr(const sockaddr& address);
  // Fills `out` and returns its length.
  unsigned ToSockaddr(sockaddr_storage& out) const;
  std::string ToString() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct IpAddressHash {
  std::size_t operator()(const IpAddress& a) const;
};

}  // namespace dnsd
