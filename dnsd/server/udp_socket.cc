#include "dnsd/server/udp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "dnsd/base/clock.h"

namespace dnsd::server {
namespace {

// Responses of one batch stand one behind the other, each from a cache line's start.
constexpr std::size_t kLine = 64;
// Slots a page apart would all fall into the same few lines of the cache.
constexpr std::size_t kSlot = UdpSocket::kMaxQuery + kLine;
constexpr std::size_t kResponseRoom = UdpSocket::kBatch * 4 * kLine + UdpSocket::kMaxResponse;

}  // namespace

// Element i of every array belongs to datagram i of the batch, but `responses` are packed: those
// that are owed, in the order of their queries.
struct UdpSocket::Buffers {
  union Client {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  static constexpr std::size_t kControl = CMSG_SPACE(sizeof(in6_pktinfo));

  std::array<mmsghdr, kBatch> queries;
  std::array<mmsghdr, kBatch> responses;
  std::array<iovec, kBatch> query_parts;
  std::array<iovec, kBatch> response_parts;
  std::array<Client, kBatch> clients;
  alignas(cmsghdr) std::array<std::array<std::uint8_t, kControl>, kBatch> control;
  std::array<answer::Exchange, kBatch> exchanges;
  alignas(kLine) std::array<std::array<std::uint8_t, kSlot>, kBatch> query_octets;
  alignas(kLine) std::array<std::uint8_t, kResponseRoom> response_octets;

  std::size_t to_send = 0;        // responses, from the first
  std::size_t response_size = 0;  // octets taken of response_octets
};

UdpSocket::UdpSocket(Fd fd, bool any_address, answer::Responder& responder,
                     answer::WorkerStats& stats, QueryTap* tap)
    : fd_(std::move(fd)),
      any_address_(any_address),
      responder_(responder),
      stats_(stats),
      tap_(tap),
      buffers_(std::make_unique<Buffers>()) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    Buffers& b = *buffers_;
    b.query_parts[i] = {b.query_octets[i].data(), kMaxQuery};
    b.queries[i].msg_hdr.msg_name = &b.clients[i];
    b.queries[i].msg_hdr.msg_iov = &b.query_parts[i];
    b.queries[i].msg_hdr.msg_iovlen = 1;
    if (any_address_) b.queries[i].msg_hdr.msg_control = b.control[i].data();
    b.responses[i].msg_hdr.msg_iov = &b.response_parts[i];
    b.responses[i].msg_hdr.msg_iovlen = 1;
    Prepare(i);
  }
}

UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;
UdpSocket::~UdpSocket() = default;

// Gives back to header `i` what a datagram changes in it.
void UdpSocket::Prepare(std::size_t i) {
  msghdr& header = buffers_->queries[i].msg_hdr;
  header.msg_namelen = sizeof(Buffers::Client);
  header.msg_controllen = any_address_ ? Buffers::kControl : 0;
}

// Turns the control data that told where query `i` was sent to into that of a reply from there.
void UdpSocket::NameSource(std::size_t i) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&buffers_->queries[i].msg_hdr); c != nullptr;
       c = CMSG_NXTHDR(&buffers_->queries[i].msg_hdr, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      auto* info = reinterpret_cast<in_pktinfo*>(CMSG_DATA(c));
      info->ipi_ifindex = 0;  // routing decides; the source stays ipi_spec_dst
    }
  }
}

std::size_t UdpSocket::ServeBatch() {
  Buffers& b = *buffers_;
  const int received = recvmmsg(fd_.get(), b.queries.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (received <= 0) return 0;
  const auto count = static_cast<std::size_t>(received);
  if (batches_++ % kTimed != 0) {
    AnswerBatch(count);
  } else {
    const MonotonicTime start = MonotonicClock::now();  // no system call
    AnswerBatch(count);
    stats_.latency.Add(MonotonicClock::now() - start, count);
  }
  return count;
}

void UdpSocket::AnswerBatch(std::size_t count) {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < count; ++i) {
    responder_.Read(std::span(b.query_octets[i]).first(b.queries[i].msg_len), b.exchanges[i]);
  }
  responder_.LookAhead(std::span(b.exchanges).first(count));
  for (std::size_t i = 0; i < count && responder_.limits_rates(); ++i) {
    responder_.LookAheadAtLimit(b.exchanges[i], IpAddress::FromSockaddr(b.clients[i].any));
  }
  for (std::size_t i = 0; i < count && responder_.locates_clients(); ++i) {
    responder_.LookAheadAtClient(b.exchanges[i], IpAddress::FromSockaddr(b.clients[i].any));
  }
  for (std::size_t i = 0; i < count && responder_.locates_clients(); ++i) {
    responder_.LookDeeperAtClient(b.exchanges[i], IpAddress::FromSockaddr(b.clients[i].any));
  }
  Respond(count);
  for (std::size_t i = 0; i < count; ++i) Prepare(i);
}

void UdpSocket::Respond(std::size_t count) {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < count; ++i) {
    const auto room = std::span(b.response_octets).subspan(b.response_size);
    const std::size_t size =
        responder_.Respond(b.exchanges[i], IpAddress::FromSockaddr(b.clients[i].any),
                           answer::Transport::kUdp, room.first(kMaxResponse));
    if (tap_ != nullptr) Tell(i, room.first(size));
    if (size == 0) continue;
    b.response_size += (size + kLine - 1) / kLine * kLine;
    if (any_address_) NameSource(i);
    b.response_parts[b.to_send] = {room.data(), size};
    const msghdr& query = b.queries[i].msg_hdr;
    msghdr& header = b.responses[b.to_send++].msg_hdr;
    header.msg_name = query.msg_name;
    header.msg_namelen = query.msg_namelen;
    header.msg_control = query.msg_control;
    header.msg_controllen = query.msg_controllen;
    if (b.response_octets.size() - b.response_size < kMaxResponse) Send();
  }
  Send();
}

void UdpSocket::Tell(std::size_t i, std::span<const std::uint8_t> response) {
  const Buffers& b = *buffers_;
  tap_->Tell(std::span(b.query_octets[i]).first(b.queries[i].msg_len), response,
             Endpoint::FromSockaddr(b.clients[i].any), answer::Transport::kUdp);
}

// Sends what is ready. A response the kernel refuses (its buffer full, the client unreachable) is
// lost, as any datagram may be; those behind it are still sent.
void UdpSocket::Send() {
  Buffers& b = *buffers_;
  for (std::size_t sent = 0; sent < b.to_send;) {
    const int n = sendmmsg(fd_.get(), b.responses.data() + sent,
                           static_cast<unsigned>(b.to_send - sent), MSG_DONTWAIT);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno == EMSGSIZE && !fragments_) {
      AllowFragments(fd_.get());
      fragments_ = true;
    } else if (errno != EINTR) {
      stats_.send_errors.Add();
      ++sent;
    }
  }
  b.to_send = 0;
  b.response_size = 0;
}

}  // namespace dnsd::server
