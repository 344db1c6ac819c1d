// The sockets that queries arrive on.
#pragma once

#include <unistd.h>

#include <utility>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"

namespace dnsd::server {

class InheritedSockets;

// Owns a file descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// One worker's share of a listen address: sockets of its own, between which and the other workers'
// the kernel spreads the queries (SO_REUSEPORT).
struct WorkerSockets {
  Fd udp;
  Fd tcp;                    // listening
  bool any_address = false;  // bound to 0.0.0.0 or ::, so a reply must name its source itself
};

// A listen address as bound. There are as many shares as workers, or more where more sockets were
// inherited: each must be read by somebody.
struct BoundAddress {
  Endpoint endpoint;  // the real port where 0 was asked for
  std::vector<WorkerSockets> shares;
};

// Binds UDP and TCP on `wanted` for `workers` workers: the sockets there are in `inherited`, and
// new ones for what is missing. Port 0 takes an inherited one's, or one that is free for both.
//   AlreadyExists     another program has the port
//   PermissionDenied  a port below 1024 needs CAP_NET_BIND_SERVICE
//   InvalidArgument   the address is not one of this machine's
absl::StatusOr<BoundAddress> Bind(const Endpoint& wanted, std::size_t workers,
                                  InheritedSockets& inherited);

// Whether Bind would find the address free, as far as that can be told without taking it.
absl::Status CheckBind(const Endpoint& wanted, const InheritedSockets& inherited);

// Lets the kernel send datagrams of this UDP socket in fragments where they are longer than the
// interface takes, as an edns_size above its MTU asks for.
void AllowFragments(int fd);

}  // namespace dnsd::server
