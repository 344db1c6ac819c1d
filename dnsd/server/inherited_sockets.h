// Sockets that were open before this process began: the service manager's (socket activation, or
// kept for us over a restart), or those of the dnsd that we follow (successor.h).
#pragma once

#include <string>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/server/sockets.h"

namespace dnsd::server {

// Used by main's thread alone.
class InheritedSockets {
 public:
  InheritedSockets() = default;
  // Takes the descriptors. Those that are no bound UDP or listening TCP socket of IPv4 or IPv6 are
  // closed.
  explicit InheritedSockets(std::vector<Fd> fds);

  // Those that the service manager hands over (sd_listen_fds(3)), as children will not have them.
  static InheritedSockets FromServiceManager();

  // Gives away those of `type` (SOCK_DGRAM, SOCK_STREAM) at `endpoint`; at any port of the address
  // for port 0, which `endpoint` then has.
  std::vector<Fd> Take(Endpoint& endpoint, int type);

  // Whether one is left that has the port of `endpoint`, at an address that holds its own or lies
  // in it (0.0.0.0 holds all of IPv4): who binds there meets our own socket, not another program's.
  bool Overlaps(const Endpoint& endpoint) const;
  // Whether Take would give any for `endpoint`.
  bool Has(const Endpoint& endpoint) const;

  // "UDP 192.0.2.1:53", each that nobody took.
  std::vector<std::string> left() const;
  bool empty() const { return sockets_.empty(); }

 private:
  struct Socket {
    Endpoint endpoint;
    int type;
    Fd fd;
  };
  std::vector<Socket> sockets_;
};

}  // namespace dnsd::server
