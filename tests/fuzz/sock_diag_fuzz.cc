// Any octets are a message of sock_diag(7) that is read or refused, without a look past their end;
// what is told of the connection does not depend on what follows it but for the round-trip time.
//
// The seeds are what Linux 6.18 on x86-64 (little-endian) answered a dump with INET_DIAG_INFO: a
// connection established from 127.7.8.9 to 127.0.1.1 over IPv4, the same to an IPv6 socket, and one
// from ::1 to ::1. The port number of the asking socket is set to 0.
#include <linux/netlink.h>

#include <cstring>
#include <memory>

#include "reporter/sock_diag.h"
#include "tests/fuzz/check.h"

using namespace dnsd::reporter;

namespace {

// From memory of exactly that size, so that a sanitizer sees what lies past it.
std::optional<DiagConnection> Read(const std::uint8_t* data, std::size_t size) {
  const std::unique_ptr<std::uint8_t[]> memory(new std::uint8_t[size]);
  std::memcpy(memory.get(), data, size);
  auto* message = reinterpret_cast<nlmsghdr*>(memory.get());
  message->nlmsg_len = static_cast<std::uint32_t>(size);  // mnl_cb_run has checked it
  return ReadDiag(*message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kSocket = sizeof(nlmsghdr) + 72;  // and an inet_diag_msg
  if (size < sizeof(nlmsghdr)) return 0;
  const auto connection = Read(data, size);
  if (!connection) return 0;
  CHECK_PROPERTY(size >= kSocket);
  const auto alone = Read(data, kSocket);
  CHECK_PROPERTY(alone && alone->peer == connection->peer && alone->local == connection->local);
  CHECK_PROPERTY(alone->local_port == connection->local_port && alone->rtt_us == 0);
  return 0;
}
