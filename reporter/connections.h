// Counts the connections established on the node's service ports.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "reporter/sock_diag.h"
#include "reporter/text.h"

namespace dnsd::reporter {

// Which connections count: those to one of `ports` (at least one), at one of `addresses` (empty:
// at any).
struct ConnectionFilter {
  std::vector<std::uint16_t> ports;
  std::vector<IpAddress> addresses;

  bool Matches(const IpAddress& address, std::uint16_t port) const;
  friend bool operator==(const ConnectionFilter&, const ConnectionFilter&) = default;
};

struct ConnectionCount {
  std::uint64_t established = 0;
  // Those with a request that nobody has read yet. A server that has one task for many connections
  // keeps its queue here: the kernel's run queue never shows more than that task.
  std::uint64_t waiting = 0;

  friend bool operator==(const ConnectionCount&, const ConnectionCount&) = default;
};

// Asks the kernel's sock_diag(7), which hands over only the established sockets of the ports; where
// it is refused, reads /proc/net/tcp and tcp6, which list everything, and asks again after a
// minute. Not thread-safe.
class ConnectionCounter {
 public:
  // `files` other than the system's are read as files.
  ConnectionCounter(ConnectionFilter filter, const FileRoot& files);

  // Nothing if neither way works.
  std::optional<ConnectionCount> Count(MonotonicTime now);

 private:
  std::optional<ConnectionCount> CountByFiles() const;

  ConnectionFilter filter_;
  FileRoot files_;
  SockDiag diag_;
  MonotonicTime ask_at_;  // not before then
};

// The established connections of a /proc/net/tcp or tcp6 that match.
ConnectionCount CountConnections(std::string_view text, const ConnectionFilter& filter);

}  // namespace dnsd::reporter
