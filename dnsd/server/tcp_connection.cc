#include "dnsd/server/tcp_connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace dnsd::server {

using answer::TcpEnd;

bool TcpConnection::Read(TcpService& service) {
  const ssize_t size = recv(socket_.get(), service.input.get(), TcpService::kReadSize, 0);
  if (size > 0) return Answer({service.input.get(), static_cast<std::size_t>(size)}, service);
  // At the end of the stream nothing is owed: all before it has been answered and sent.
  if (size == 0 || (errno != EAGAIN && errno != EINTR)) End(TcpEnd::kClient);
  return false;
}

bool TcpConnection::Write(TcpService& service) {
  sent_ += SendSome(std::span<const std::uint8_t>(unsent_).subspan(sent_));
  if (state_ == State::kEnded || sent_ < unsent_.size()) return false;
  unsent_ = {};
  sent_ = 0;
  const auto piece = std::exchange(unread_, {});
  Answer(piece, service);
  return true;
}

void TcpConnection::DropUnsent() {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

// Answers the queries of `piece` until the client takes no more. True if there was one.
bool TcpConnection::Answer(std::span<const std::uint8_t> piece, TcpService& service) {
  std::uint8_t* const out = service.output.get();
  std::size_t used = 0;
  bool answered = false;
  while (const auto message = messages_.Next(piece)) {
    const std::size_t size =
        service.respond(*message, client_, {out + used + 2, TcpService::kMaxResponse});
    if (size == 0) {
      Send({out, used});
      End(TcpEnd::kNoQuery);  // whoever sends this speaks no DNS, or the lengths have gone astray
      return answered;
    }
    answered = true;
    out[used] = static_cast<std::uint8_t>(size >> 8);
    out[used + 1] = static_cast<std::uint8_t>(size);
    used += 2 + size;
    if (used < TcpService::kSendSize) continue;
    if (!Send({out, used})) {
      unread_.assign(piece.begin(), piece.end());
      return true;
    }
    used = 0;
  }
  if (Send({out, used})) state_ = messages_.has_half() ? State::kReceiving : State::kIdle;
  return answered;
}

// False if the client does not take all of it now; the rest is unsent.
bool TcpConnection::Send(std::span<const std::uint8_t> octets) {
  const std::size_t sent = SendSome(octets);
  if (state_ == State::kEnded) return false;
  if (sent == octets.size()) return true;
  unsent_.assign(octets.begin() + static_cast<std::ptrdiff_t>(sent), octets.end());
  state_ = State::kSending;
  return false;
}

// Returns how many octets the kernel took.
std::size_t TcpConnection::SendSome(std::span<const std::uint8_t> octets) {
  std::size_t sent = 0;
  while (sent < octets.size()) {
    const ssize_t size =
        send(socket_.get(), octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
    if (size >= 0) {
      sent += static_cast<std::size_t>(size);
    } else if (errno != EINTR) {
      if (errno != EAGAIN) End(TcpEnd::kClient);
      break;
    }
  }
  return sent;
}

void TcpConnection::End(TcpEnd reason) {
  state_ = State::kEnded;
  end_ = reason;
}

}  // namespace dnsd::server
