// Datagrams that came while nobody had time to read: the kernel counts them, and dnsd asks.
#pragma once

#include <cstdint>
#include <span>

namespace dnsd::server {

// Of those of `sockets` that are UDP's: datagrams dropped since they were opened, for want of room
// in the receive buffer (SO_MEMINFO). The kernel's counts wrap at 2^32. Any thread.
std::uint64_t ReceiveDrops(std::span<const int> sockets);

}  // namespace dnsd::server
