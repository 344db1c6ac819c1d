// What TCP clients may take of a worker (RFC 7766 §6.2, RFC 9210 §4).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "dnsd/base/clock.h"

namespace dnsd::server {

struct TcpLimits {
  unsigned clients = 1000;            // open connections; one more closes the one idle longest
  unsigned clients_per_prefix = 100;  // of these, from one client prefix; one more is refused
  std::uint8_t ipv4_prefix = 32;      // bits that make a client prefix
  std::uint8_t ipv6_prefix = 64;
  Duration idle = std::chrono::seconds(10);     // without a query
  Duration transfer = std::chrono::seconds(5);  // for a query once begun, for responses to be taken

  friend bool operator==(const TcpLimits&, const TcpLimits&) = default;
};

// How long a client may stay without a query while `open` are connected: `idle` up to three
// quarters of the clients there may be, from there on less, down to a tenth.
inline Duration IdleTime(const TcpLimits& limits, std::size_t open) {
  const Duration::rep room = limits.clients / 4;
  const Duration::rep left =
      limits.clients - std::min<Duration::rep>(static_cast<Duration::rep>(open), limits.clients);
  if (left >= room) return limits.idle;
  return std::max(limits.idle / 10, limits.idle * left / room);
}

// What edns-tcp-keepalive tells a client (RFC 7828 §3.1): in units of 100 ms, 0 where the client
// should close as soon as it has its responses.
inline std::uint16_t KeepaliveTimeout(const TcpLimits& limits, std::size_t open) {
  if (open >= limits.clients) return 0;
  const auto units = IdleTime(limits, open) / std::chrono::milliseconds(100);
  return static_cast<std::uint16_t>(std::min<decltype(units)>(units, 65535));
}

// As many of the `wanted` clients a worker as leave half of the process's descriptors to reporters,
// the status port and files; at least one.
inline unsigned ClientsWithin(std::size_t descriptors, std::size_t workers, unsigned wanted) {
  const std::size_t most = std::max<std::size_t>(1, descriptors / 2 / workers);
  return static_cast<unsigned>(std::min<std::size_t>(wanted, most));
}

}  // namespace dnsd::server
