// Asks the kernel's sock_diag(7) for the TCP connections established on some ports.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "dnsd/base/ip.h"

struct mnl_socket;
struct nlmsghdr;

namespace dnsd::reporter {

// An address as the kernel holds it, 4 or 16 octets in network order. An IPv6 socket that serves
// IPv4 has a mapped one, which becomes IPv4.
IpAddress SocketAddress(bool v6, const void* octets);

struct DiagConnection {
  IpAddress local;
  std::uint16_t local_port = 0;
  IpAddress peer;
  std::uint32_t unread = 0;  // octets that the server has not read yet
  std::uint32_t rtt_us = 0;  // smoothed; 0: not known, or not asked for
};

// What one message of a dump says; nothing if it is too short, or of neither IPv4 nor IPv6.
std::optional<DiagConnection> ReadDiag(const nlmsghdr& message);

// Opened at the first Dump. Not thread-safe.
class SockDiag {
 public:
  SockDiag() = default;
  ~SockDiag() { Close(); }
  SockDiag(const SockDiag&) = delete;
  SockDiag& operator=(const SockDiag&) = delete;

  // Calls `visit` for each connection established on one of `ports`, IPv4 before IPv6, with its
  // round-trip time if `with_rtt`; until it returns false. False if the kernel did not answer, or
  // the ports are more than its filter takes: some may have been visited all the same.
  bool Dump(const std::vector<std::uint16_t>& ports, bool with_rtt,
            const std::function<bool(const DiagConnection&)>& visit);

 private:
  using Visit = std::function<bool(const DiagConnection&)>;
  enum class Outcome { kDone, kStopped, kFailed };

  bool Open();
  void Close();
  bool Ask(std::uint8_t family, const std::vector<std::uint16_t>& ports, bool with_rtt);
  Outcome Read(const Visit& visit);

  mnl_socket* socket_ = nullptr;
  std::uint32_t sequence_ = 0;
};

}  // namespace dnsd::reporter
