#include "dnsd/server/sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "dnsd/server/inherited_sockets.h"

namespace dnsd::server {
namespace {

constexpr int kReceiveBuffer = 4 << 20;  // octets; the kernel grants what its limits allow
constexpr int kBacklog = 4096;  // clients that wait to be let in; net.core.somaxconn allows fewer
constexpr int kPortTries = 20;  // for a port that is free for UDP and TCP alike

absl::Status SocketError(const Endpoint& endpoint, const char* transport, int error) {
  const std::string what =
      std::string(transport) + " " + endpoint.ToString() + ": " + std::strerror(error);
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(
          what + "; another program listens there: stop it, or choose another port");
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(what +
                                         "; a port below 1024 needs root or CAP_NET_BIND_SERVICE");
    case EADDRNOTAVAIL:
      return absl::InvalidArgumentError(what + "; wanted an address of this machine");
    default:
      return absl::UnavailableError(what);
  }
}

void SetOption(int fd, int level, int option, int value) {
  // Best effort: each of these options improves the service and none is needed for it.
  (void)setsockopt(fd, level, option, &value, sizeof value);
}

void SetUdpOptions(int fd, const Endpoint& endpoint) {
  const bool v4 = endpoint.address.family() == IpFamily::kV4;
  SetOption(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  // A forged "fragmentation needed" must not shrink what we send. Over IPv4 nobody is to fragment
  // it either (RFC 9715 §3.1); a datagram that must not be takes no number of the kernel's.
  if (v4) SetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (!v4) SetOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
  if (endpoint.address.is_unspecified()) {
    SetOption(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1);
  }
}

// A bound socket of `type`; `shared` lets the other workers' bind beside it.
absl::StatusOr<Fd> OpenSocket(const Endpoint& endpoint, int type, bool shared) {
  const char* transport = type == SOCK_DGRAM ? "UDP" : "TCP";
  const int family = endpoint.address.family() == IpFamily::kV4 ? AF_INET : AF_INET6;
  Fd fd(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return SocketError(endpoint, transport, errno);
  if (family == AF_INET6) SetOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (type == SOCK_STREAM) SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (type == SOCK_DGRAM) SetUdpOptions(fd.get(), endpoint);
  if (shared) SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  sockaddr_storage address;
  const socklen_t size = endpoint.ToSockaddr(address);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      (type == SOCK_STREAM && listen(fd.get(), kBacklog) != 0)) {
    return SocketError(endpoint, transport, errno);
  }
  return fd;
}

// Whether others may be bound beside the socket.
bool IsShared(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &size) == 0 && value != 0;
}

std::uint16_t PortOf(const Fd& fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return Endpoint::FromSockaddr(reinterpret_cast<const sockaddr&>(address)).port;
}

// SO_REUSEPORT would let a second server of the same user share our port in silence. So the port
// is first taken without it, which fails if anyone is there. Returns the port that was free.
absl::StatusOr<std::uint16_t> FindFreePort(Endpoint wanted) {
  const bool any = wanted.port == 0;
  for (int tries = 0;; ++tries) {
    auto udp = OpenSocket(wanted, SOCK_DGRAM, false);
    if (!udp.ok()) return udp.status();
    Endpoint both = wanted;
    both.port = PortOf(*udp);
    const auto tcp = OpenSocket(both, SOCK_STREAM, false);
    if (tcp.ok()) return both.port;
    if (!any || tries == kPortTries) return tcp.status();
  }
}

// One more socket beside `sockets`, which are of `type` at `endpoint`: a new one where they share
// the address with others (which the kernel allows sockets of one user), else the same by another
// descriptor.
absl::StatusOr<Fd> AddSocket(const std::vector<Fd>& sockets, const Endpoint& endpoint, int type) {
  if (sockets.empty() || IsShared(sockets.front().get())) {
    auto added = OpenSocket(endpoint, type, true);
    if (sockets.empty() || !absl::IsAlreadyExists(added.status())) return added;
  }
  Fd same(fcntl(sockets.front().get(), F_DUPFD_CLOEXEC, 0));
  if (same.get() < 0) return SocketError(endpoint, type == SOCK_DGRAM ? "UDP" : "TCP", errno);
  return same;
}

}  // namespace

void AllowFragments(int fd) { SetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT); }

absl::Status CheckBind(const Endpoint& wanted, const InheritedSockets& inherited) {
  if (inherited.Has(wanted) || inherited.Overlaps(wanted)) return absl::OkStatus();
  return FindFreePort(wanted).status();
}

absl::StatusOr<BoundAddress> Bind(const Endpoint& wanted, std::size_t workers,
                                  InheritedSockets& inherited) {
  BoundAddress bound;
  bound.endpoint = wanted;
  std::vector<Fd> udp = inherited.Take(bound.endpoint, SOCK_DGRAM);
  std::vector<Fd> tcp = inherited.Take(bound.endpoint, SOCK_STREAM);
  if (udp.empty() && tcp.empty() && !inherited.Overlaps(wanted)) {
    const auto port = FindFreePort(wanted);
    if (!port.ok()) return port.status();
    bound.endpoint.port = *port;
  }
  for (const Fd& fd : udp) SetUdpOptions(fd.get(), bound.endpoint);
  const std::size_t shares = std::max({workers, udp.size(), tcp.size()});
  for (auto* sockets : {&udp, &tcp}) {
    while (sockets->size() < shares) {
      auto added = AddSocket(*sockets, bound.endpoint, sockets == &udp ? SOCK_DGRAM : SOCK_STREAM);
      if (!added.ok()) return added.status();
      sockets->push_back(*std::move(added));
    }
  }
  for (std::size_t i = 0; i < shares; ++i) {
    bound.shares.push_back({std::move(udp[i]), std::move(tcp[i]), wanted.address.is_unspecified()});
  }
  return bound;
}

}  // namespace dnsd::server
