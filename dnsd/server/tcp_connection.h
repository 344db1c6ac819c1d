// One client's TCP connection: queries in, responses out in their order.
//
//   socket ──Read──> TcpMessages ──> respond ──> output ──send──> socket
//                    (half a one)                  └─ unsent, and the queries behind it: unread
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/ip.h"
#include "dnsd/server/sockets.h"
#include "dnsd/server/tcp_messages.h"

namespace dnsd::server {

// What the connections of a worker have in common, so that an idle one has no buffer.
struct TcpService {
  // Octets taken of one client a turn, some hundred queries: UDP and the others wait no longer.
  static constexpr std::size_t kReadSize = 4 * 1024;
  // Responses that are ready together are sent together, up to about so many octets. It bounds
  // what is kept for a client that does not read: less than this and one response.
  static constexpr std::size_t kSendSize = 16 * 1024;
  static constexpr std::size_t kMaxResponse = answer::Responder::kMaxTcpSize;

  // Writes the response to a message, and returns its size; 0 for a message that is no query.
  using Respond = std::function<std::size_t(std::span<const std::uint8_t> message,
                                            const IpAddress& client, std::span<std::uint8_t> out)>;
  Respond respond;
  std::unique_ptr<std::uint8_t[]> input = std::make_unique_for_overwrite<std::uint8_t[]>(kReadSize);
  std::unique_ptr<std::uint8_t[]> output =
      std::make_unique_for_overwrite<std::uint8_t[]>(kSendSize + 2 + kMaxResponse);
};

// Knows no event loop and no clock: its owner calls Read when the socket is readable, or, while
// the state is kSending, Write when it is writable. Nothing is read while responses are unsent.
class TcpConnection {
 public:
  enum class State : std::uint8_t {
    kIdle,       // all is answered, no query has begun
    kReceiving,  // half a query is here
    kSending,    // the client has not taken its responses
    kEnded,      // end() says why; to be destroyed
  };

  // The socket is non-blocking.
  TcpConnection(Fd socket, const IpAddress& client) : socket_(std::move(socket)), client_(client) {}

  // Takes what has arrived, kReadSize at most, and answers it. True if a whole query was answered.
  bool Read(TcpService& service);
  // Sends what is unsent, then answers the queries behind it. True if all was taken.
  bool Write(TcpService& service);

  // When the connection is closed, what is unsent goes too, instead of waiting in the kernel for a
  // client that does not read.
  void DropUnsent();

  State state() const { return state_; }
  answer::TcpEnd end() const { return end_; }
  const IpAddress& client() const { return client_; }
  int fd() const { return socket_.get(); }

 private:
  bool Answer(std::span<const std::uint8_t> piece, TcpService& service);
  bool Send(std::span<const std::uint8_t> octets);
  std::size_t SendSome(std::span<const std::uint8_t> octets);
  void End(answer::TcpEnd reason);

  Fd socket_;
  IpAddress client_;
  State state_ = State::kIdle;
  answer::TcpEnd end_ = answer::TcpEnd::kClient;
  TcpMessages messages_;
  std::vector<std::uint8_t> unsent_;  // not empty: kSending
  std::size_t sent_ = 0;              // octets of unsent_ that are gone
  std::vector<std::uint8_t> unread_;  // arrived behind the queries whose responses are unsent
};

}  // namespace dnsd::server
