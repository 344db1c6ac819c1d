#include "dnsd/server/inherited_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <utility>

namespace dnsd::server {
namespace {

int IntOption(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

bool IsOurKind(int fd) {
  const int family = IntOption(fd, SO_DOMAIN);
  if (family != AF_INET && family != AF_INET6) return false;
  const int type = IntOption(fd, SO_TYPE);
  return type == SOCK_DGRAM || (type == SOCK_STREAM && IntOption(fd, SO_ACCEPTCONN) == 1);
}

}  // namespace

InheritedSockets::InheritedSockets(std::vector<Fd> fds) {
  for (Fd& fd : fds) {
    if (!IsOurKind(fd.get())) continue;
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
    const Endpoint endpoint = Endpoint::FromSockaddr(reinterpret_cast<const sockaddr&>(address));
    if (endpoint.port == 0) continue;  // not bound
    fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    const int type = IntOption(fd.get(), SO_TYPE);
    sockets_.push_back({endpoint, type, std::move(fd)});
  }
}

InheritedSockets InheritedSockets::FromServiceManager() {
  std::vector<Fd> fds;
  const int count = sd_listen_fds(/*unset_environment=*/1);
  for (int i = 0; i < count; ++i) fds.emplace_back(SD_LISTEN_FDS_START + i);
  return InheritedSockets(std::move(fds));
}

std::vector<Fd> InheritedSockets::Take(Endpoint& endpoint, int type) {
  std::vector<Fd> taken;
  std::vector<Socket> kept;
  for (Socket& socket : sockets_) {
    const bool matches = socket.type == type && socket.endpoint.address == endpoint.address &&
                         (endpoint.port == 0 || socket.endpoint.port == endpoint.port);
    if (!matches) {
      kept.push_back(std::move(socket));
      continue;
    }
    endpoint.port = socket.endpoint.port;
    taken.push_back(std::move(socket.fd));
  }
  sockets_ = std::move(kept);
  return taken;
}

bool InheritedSockets::Overlaps(const Endpoint& endpoint) const {
  return std::ranges::any_of(sockets_, [&](const Socket& socket) {
    const IpAddress& address = socket.endpoint.address;
    return socket.endpoint.port == endpoint.port && address.family() == endpoint.address.family() &&
           (address == endpoint.address || address.is_unspecified() ||
            endpoint.address.is_unspecified());
  });
}

bool InheritedSockets::Has(const Endpoint& endpoint) const {
  return std::ranges::any_of(sockets_, [&](const Socket& socket) {
    return socket.endpoint.address == endpoint.address &&
           (endpoint.port == 0 || socket.endpoint.port == endpoint.port);
  });
}

std::vector<std::string> InheritedSockets::left() const {
  std::vector<std::string> names;
  for (const Socket& socket : sockets_) {
    names.push_back((socket.type == SOCK_DGRAM ? "UDP " : "TCP ") + socket.endpoint.ToString());
  }
  return names;
}

}  // namespace dnsd::server
