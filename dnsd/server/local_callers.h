// The connections to the control socket, and whose they are: the kernel tells (SO_PEERCRED).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "dnsd/base/status.h"

namespace dnsd::server {

// Any thread. Borrows no descriptor: one that is closed, or has become another's, is forgotten.
class LocalCallers {
 public:
  explicit LocalCallers(std::size_t most) : most_(most) {}

  // Notes a connected Unix socket.
  //   ResourceExhausted  so many are open already
  //   Internal           the kernel does not say whose it is
  absl::Status Add(int fd);
  // "uid 1000, process 4711"; NotFound for one that was not added.
  absl::StatusOr<std::string> Who(int fd) const;

 private:
  struct Connection {
    int fd = -1;
    ino_t inode = 0;  // of the socket: descriptors are used again
    uid_t uid = 0;
    pid_t pid = 0;
  };
  static bool IsOpen(const Connection& connection);

  const std::size_t most_;
  mutable std::mutex mutex_;  // guards the one below
  std::vector<Connection> connections_;
};

}  // namespace dnsd::server
