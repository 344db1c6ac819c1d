#include "dnsd/server/udp_socket.h"

#include <cerrno>
#include <cstring>

namespace dnsd::server {

// Slot i of every array belongs to datagram i of the batch; `responses` are packed, each naming
// the slot of its query's address.
struct UdpSocket::Buffers {
  std::array<mmsghdr, kBatch> queries;
  std::array<mmsghdr, kBatch> responses;
  std::array<iovec, kBatch> query_parts;
  std::array<iovec, kBatch> response_parts;
  std::array<sockaddr_storage, kBatch> clients;
  alignas(cmsghdr)
      std::array<std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))>, kBatch> control;
  std::array<std::array<std::uint8_t, kMaxQuery>, kBatch> query_octets;
  std::array<std::array<std::uint8_t, kMaxResponse>, kBatch> response_octets;
};

UdpSocket::UdpSocket(Fd fd, bool any_address, answer::Responder& responder,
                     answer::WorkerStats& stats)
    : fd_(std::move(fd)),
      any_address_(any_address),
      responder_(responder),
      stats_(stats),
      buffers_(std::make_unique_for_overwrite<Buffers>()) {}

UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;
UdpSocket::~UdpSocket() = default;

void UdpSocket::Prepare() {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < kBatch; ++i) {
    b.query_parts[i] = {b.query_octets[i].data(), kMaxQuery};
    msghdr& header = b.queries[i].msg_hdr;
    header = {};
    header.msg_name = &b.clients[i];
    header.msg_namelen = sizeof b.clients[i];
    header.msg_iov = &b.query_parts[i];
    header.msg_iovlen = 1;
    if (any_address_) {
      header.msg_control = b.control[i].data();
      header.msg_controllen = b.control[i].size();
    }
  }
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

bool UdpSocket::ServeBatch() {
  Prepare();
  Buffers& b = *buffers_;
  const int received = recvmmsg(fd_.get(), b.queries.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (received <= 0) return false;
  const auto count = static_cast<std::size_t>(received);
  std::size_t to_send = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& client = reinterpret_cast<const sockaddr&>(b.clients[i]);
    const std::size_t size = responder_.Respond(
        std::span(b.query_octets[i]).first(b.queries[i].msg_len), IpAddress::FromSockaddr(client),
        answer::Transport::kUdp, b.response_octets[to_send]);
    if (size == 0) continue;
    if (any_address_) NameSource(i);
    b.response_parts[to_send] = {b.response_octets[to_send].data(), size};
    msghdr& header = b.responses[to_send].msg_hdr;
    header = b.queries[i].msg_hdr;
    header.msg_iov = &b.response_parts[to_send];
    header.msg_flags = 0;
    ++to_send;
  }
  Send(to_send);
  return count == kBatch;
}

// A response the kernel refuses (its buffer full, the client unreachable) is lost, as any datagram
// may be; those behind it are still sent.
void UdpSocket::Send(std::size_t count) {
  for (std::size_t sent = 0; sent < count;) {
    const int n = sendmmsg(fd_.get(), buffers_->responses.data() + sent,
                           static_cast<unsigned>(count - sent), MSG_DONTWAIT);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      stats_.send_errors.Add();
      ++sent;
    }
  }
}

}  // namespace dnsd::server
