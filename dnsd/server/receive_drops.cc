#include "dnsd/server/receive_drops.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>

namespace dnsd::server {
namespace {

bool IsUdp(int socket) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

std::uint64_t DropsOf(int socket) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> figures{};
  socklen_t size = sizeof figures;
  if (getsockopt(socket, SOL_SOCKET, SO_MEMINFO, figures.data(), &size) != 0) return 0;
  return figures[SK_MEMINFO_DROPS];
}

}  // namespace

std::uint64_t ReceiveDrops(std::span<const int> sockets) {
  std::uint64_t drops = 0;
  for (const int socket : sockets) drops += IsUdp(socket) ? DropsOf(socket) : 0;
  return drops;
}

}  // namespace dnsd::server
