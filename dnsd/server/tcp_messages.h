// DNS messages in a TCP stream: two octets of length stand before each (RFC 1035 §4.2.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace dnsd::server {

// Cuts a stream that arrives in pieces into messages. A message that lies whole in a piece is
// given out in place; only half a message is kept, and no more memory than has arrived of it:
// lengths are claims.
class TcpMessages {
 public:
  // The next message, which `piece` may only complete; what was used is taken off its front.
  // Nothing once `piece` is used up. What is returned is valid until the next call, and as long
  // as the piece is.
  std::optional<std::span<const std::uint8_t>> Next(std::span<const std::uint8_t>& piece);

  // Whether the stream so far ends with half a message.
  bool has_half() const { return !kept_.empty() && !given_out_; }

 private:
  bool KeepUpTo(std::size_t size, std::span<const std::uint8_t>& piece);

  std::vector<std::uint8_t> kept_;  // length octets included
  bool given_out_ = false;          // kept_ is whole, and done with at the next call
};

}  // namespace dnsd::server
