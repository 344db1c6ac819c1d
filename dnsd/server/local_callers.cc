#include "dnsd/server/local_callers.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace dnsd::server {
namespace {

// 0 for a descriptor that is closed. Asked by its name: it may not be ours any more, but another
// thread's, which opens or closes it just now.
ino_t InodeOf(int fd) {
  const std::string name = "/proc/self/fd/" + std::to_string(fd);
  struct stat file {};
  return stat(name.c_str(), &file) == 0 ? file.st_ino : 0;
}

}  // namespace

bool LocalCallers::IsOpen(const Connection& connection) {
  return InodeOf(connection.fd) == connection.inode;
}

absl::Status LocalCallers::Add(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return absl::InternalError(std::string("whose connection it is: ") + std::strerror(errno));
  }
  std::lock_guard lock(mutex_);
  std::erase_if(connections_, [](const Connection& c) { return !IsOpen(c); });
  std::erase_if(connections_, [&](const Connection& c) { return c.fd == fd; });
  if (connections_.size() >= most_) {
    return absl::ResourceExhaustedError(std::to_string(most_) + " connections are open already");
  }
  connections_.push_back({fd, InodeOf(fd), peer.uid, peer.pid});
  return absl::OkStatus();
}

absl::StatusOr<std::string> LocalCallers::Who(int fd) const {
  std::lock_guard lock(mutex_);
  for (const Connection& connection : connections_) {
    if (connection.fd != fd || !IsOpen(connection)) continue;
    return "uid " + std::to_string(connection.uid) + ", process " + std::to_string(connection.pid);
  }
  return absl::NotFoundError("a connection that is gone");
}

}  // namespace dnsd::server
