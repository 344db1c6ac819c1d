// Batched UDP: many datagrams a system call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "dnsd/answer/responder.h"
#include "dnsd/server/query_tap.h"
#include "dnsd/server/sockets.h"

namespace dnsd::server {

// Reads queries from one socket and sends the responses, kBatch at a time. One worker's own.
class UdpSocket {
 public:
  // A batch this small leaves the client to work on the responses to one while the next is read;
  // larger ones were slower at saturation (docs/performance.md).
  static constexpr std::size_t kBatch = 16;
  static constexpr std::size_t kMaxQuery = 4096;     // octets; the rest of a longer one is cut off
  static constexpr std::size_t kMaxResponse = 4096;  // octets; the ceiling of edns_size
  static constexpr unsigned kTimed = 16;             // one batch in so many is timed

  // Borrows the responder and its counters, and who is told of the queries, if anybody is.
  UdpSocket(Fd fd, bool any_address, answer::Responder& responder, answer::WorkerStats& stats,
            QueryTap* tap = nullptr);

  UdpSocket(UdpSocket&&) noexcept;
  ~UdpSocket();

  // Reads one batch, answers it, and says how many datagrams it had.
  std::size_t ServeBatch();

  int fd() const { return fd_.get(); }
  // From here on the kernel gives this socket no more queries; those it had are lost.
  void Close() { fd_ = Fd(); }

 private:
  struct Buffers;

  void Prepare(std::size_t i);
  void NameSource(std::size_t i);
  void Respond(std::size_t count);
  void Tell(std::size_t i, std::span<const std::uint8_t> response);
  void Send();
  void AnswerBatch(std::size_t count);

  Fd fd_;
  bool any_address_;
  unsigned batches_ = 0;
  bool fragments_ = false;  // once a response was longer than the interface takes
  answer::Responder& responder_;
  answer::WorkerStats& stats_;
  QueryTap* tap_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace dnsd::server
