#include "dnsd/server/tcp_messages.h"

#include <algorithm>

namespace dnsd::server {
namespace {

constexpr std::size_t kPrefix = 2;  // octets of length

// The size of the message that these octets begin, with its prefix.
std::size_t WholeSize(std::span<const std::uint8_t> octets) {
  return kPrefix + (static_cast<std::size_t>(octets[0]) << 8 | octets[1]);
}

std::span<const std::uint8_t> Take(std::span<const std::uint8_t>& piece, std::size_t count) {
  const auto taken = piece.first(count);
  piece = piece.subspan(count);
  return taken;
}

}  // namespace

std::optional<std::span<const std::uint8_t>> TcpMessages::Next(
    std::span<const std::uint8_t>& piece) {
  if (given_out_) {
    kept_ = {};  // and its memory: an idle client keeps none
    given_out_ = false;
  }
  if (kept_.empty() && piece.size() >= kPrefix && piece.size() >= WholeSize(piece)) {
    return Take(piece, WholeSize(piece)).subspan(kPrefix);
  }
  if (!KeepUpTo(kPrefix, piece) || !KeepUpTo(WholeSize(kept_), piece)) return std::nullopt;
  given_out_ = true;
  return std::span<const std::uint8_t>(kept_).subspan(kPrefix);
}

// Moves octets from `piece` until `size` are kept at least; false if it has too few.
bool TcpMessages::KeepUpTo(std::size_t size, std::span<const std::uint8_t>& piece) {
  const std::size_t wanted = size - std::min(size, kept_.size());
  const auto taken = Take(piece, std::min(wanted, piece.size()));
  kept_.insert(kept_.end(), taken.begin(), taken.end());
  return kept_.size() >= size;
}

}  // namespace dnsd::server
