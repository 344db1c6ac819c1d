#include "dnsd/base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

namespace dnsd {
namespace {

template <typename Number>
bool ParseNumber(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET, copy.c_str(), octets.data()) == 1) {
    return V4(std::span(octets).first<4>());
  }
  if (inet_pton(AF_INET6, copy.c_str(), octets.data()) == 1) return V6(octets);
  return std::nullopt;
}

IpAddress IpAddress::FromSockaddr(const sockaddr& address) {
  std::array<std::uint8_t, 16> octets{};
  if (address.sa_family == AF_INET6) {
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
    static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                             0, 0, 0, 0, 0xFF, 0xFF};
    if (std::equal(kMapped.begin(), kMapped.end(), octets.begin())) {
      return V4(std::span(octets).subspan<12, 4>());
    }
    return V6(octets);
  }
  std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  return V4(std::span(octets).first<4>());
}

bool IpAddress::is_loopback() const {
  if (family_ == IpFamily::kV4) return octets_[0] == 127;
  return std::all_of(octets_.begin(), octets_.end() - 1, [](auto o) { return o == 0; }) &&
         octets_[15] == 1;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(octets_.begin(), octets_.end(), [](auto o) { return o == 0; });
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(family_ == IpFamily::kV4 ? AF_INET : AF_INET6, octets_.data(), text, sizeof text);
  return text;
}

IpAddress IpAddress::Masked(unsigned length) const {
  IpAddress masked = *this;
  for (std::size_t i = 0; i < size(); ++i) {
    const unsigned before = static_cast<unsigned>(8 * i);
    const unsigned keep = length > before ? std::min(length - before, 8U) : 0U;
    masked.octets_[i] &= static_cast<std::uint8_t>(0xFF00U >> keep);
  }
  return masked;
}

std::optional<IpPrefix> IpPrefix::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::Parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  unsigned length = static_cast<unsigned>(8 * address->size());
  if (slash != std::string_view::npos) {
    const unsigned most = length;
    if (!ParseNumber(text.substr(slash + 1), length) || length > most) return std::nullopt;
  }
  if (address->Masked(length) != *address) return std::nullopt;
  return IpPrefix{*address, static_cast<std::uint8_t>(length)};
}

std::string IpPrefix::ToString() const { return address.ToString() + "/" + std::to_string(length); }

std::optional<Endpoint> Endpoint::Parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::Parse(host);
  if (!address || (address->family() == IpFamily::kV6) != bracketed) return std::nullopt;
  std::uint16_t port = 0;
  if (!ParseNumber(text.substr(colon + 1), port)) return std::nullopt;
  return Endpoint{*address, port};
}

Endpoint Endpoint::FromSockaddr(const sockaddr& address) {
  const in_port_t port = address.sa_family == AF_INET6
                             ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                             : reinterpret_cast<const sockaddr_in&>(address).sin_port;
  return {IpAddress::FromSockaddr(address), ntohs(port)};
}

unsigned Endpoint::ToSockaddr(sockaddr_storage& out) const {
  out = {};
  if (address.family() == IpFamily::kV4) {
    auto& in = reinterpret_cast<sockaddr_in&>(out);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.octets().data(), 4);
    return sizeof in;
  }
  auto& in6 = reinterpret_cast<sockaddr_in6&>(out);
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, address.octets().data(), 16);
  return sizeof in6;
}

std::string Endpoint::ToString() const {
  const std::string host = address.ToString();
  return (address.family() == IpFamily::kV4 ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::size_t IpAddressHash::operator()(const IpAddress& a) const {
  const auto octets = a.octets();
  return std::hash<std::string_view>()(
      {reinterpret_cast<const char*>(octets.data()), octets.size()});
}

}  // namespace dnsd
