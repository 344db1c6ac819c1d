#include "reporter/sock_diag.h"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace dnsd::reporter {
namespace {

constexpr std::uint8_t kEstablished = 1;  // TCP_ESTABLISHED of the kernel's tcp_states.h

// The kernel's filter program: accept a socket whose local port is one of `ports`. A block a port:
//
//   S_EQ port   equal: on to the JMP; else to the next block, behind the last one: reject
//   JMP         to the end: accept
//
// Jumps are in octets; one to the end exactly accepts, one four octets past it rejects.
std::vector<inet_diag_bc_op> PortProgram(const std::vector<std::uint16_t>& ports) {
  static constexpr std::uint8_t kOp = sizeof(inet_diag_bc_op);
  std::vector<inet_diag_bc_op> program;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto left = static_cast<std::uint16_t>((ports.size() - i) * 3 * kOp);
    const bool last = i + 1 == ports.size();
    const auto next = static_cast<std::uint16_t>(last ? 4 * kOp : 3 * kOp);
    program.push_back({INET_DIAG_BC_S_EQ, 2 * kOp, next});
    program.push_back({0, 0, ports[i]});
    program.push_back({INET_DIAG_BC_JMP, kOp, static_cast<std::uint16_t>(left - 2 * kOp)});
  }
  return program;
}

// Of a kernel's tcp_info, which may be longer or shorter than ours.
std::uint32_t RttOf(const nlattr* info) {
  std::uint32_t rtt = 0;
  if (mnl_attr_get_payload_len(info) < offsetof(tcp_info, tcpi_rtt) + sizeof rtt) return 0;
  const auto* octets = static_cast<const char*>(mnl_attr_get_payload(info));
  std::memcpy(&rtt, octets + offsetof(tcp_info, tcpi_rtt), sizeof rtt);
  return rtt;
}

struct Visitor {
  const std::function<bool(const DiagConnection&)>& visit;
  bool stopped = false;
};

int VisitMessage(const nlmsghdr* message, void* data) {
  auto& visitor = *static_cast<Visitor*>(data);
  const auto connection = ReadDiag(*message);
  if (!connection || visitor.visit(*connection)) return MNL_CB_OK;
  visitor.stopped = true;
  return MNL_CB_STOP;
}

}  // namespace

IpAddress SocketAddress(bool v6, const void* octets) {
  sockaddr_storage storage{};
  storage.ss_family = v6 ? AF_INET6 : AF_INET;
  if (v6) {
    std::memcpy(&reinterpret_cast<sockaddr_in6&>(storage).sin6_addr, octets, 16);
  } else {
    std::memcpy(&reinterpret_cast<sockaddr_in&>(storage).sin_addr, octets, 4);
  }
  return IpAddress::FromSockaddr(reinterpret_cast<const sockaddr&>(storage));
}

std::optional<DiagConnection> ReadDiag(const nlmsghdr& message) {
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(inet_diag_msg)) return std::nullopt;
  const auto* socket = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(&message));
  const std::uint8_t family = socket->idiag_family;
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  const bool v6 = family == AF_INET6;
  DiagConnection connection{.local = SocketAddress(v6, socket->id.idiag_src),
                            .local_port = ntohs(socket->id.idiag_sport),
                            .peer = SocketAddress(v6, socket->id.idiag_dst),
                            .unread = socket->idiag_rqueue};
  // libmnl's own end is rounded up.
  const char* const end = reinterpret_cast<const char*>(&message) + message.nlmsg_len;
  const auto* attribute =
      static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&message, sizeof(inet_diag_msg)));
  const auto left = [&] {
    return static_cast<int>(end - reinterpret_cast<const char*>(attribute));
  };
  for (; mnl_attr_ok(attribute, left()); attribute = mnl_attr_next(attribute)) {
    if (mnl_attr_get_type(attribute) == INET_DIAG_INFO) connection.rtt_us = RttOf(attribute);
  }
  return connection;
}

bool SockDiag::Dump(const std::vector<std::uint16_t>& ports, bool with_rtt, const Visit& visit) {
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    const Outcome outcome = Open() && Ask(family, ports, with_rtt) ? Read(visit) : Outcome::kFailed;
    if (outcome == Outcome::kDone) continue;
    Close();  // the rest of the dump may still be in it
    return outcome == Outcome::kStopped;
  }
  return true;
}

bool SockDiag::Open() {
  if (socket_ != nullptr) return true;
  socket_ = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
  if (socket_ != nullptr && mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID) < 0) Close();
  return socket_ != nullptr;
}

void SockDiag::Close() {
  if (socket_ != nullptr) mnl_socket_close(std::exchange(socket_, nullptr));
}

bool SockDiag::Ask(std::uint8_t family, const std::vector<std::uint16_t>& ports, bool with_rtt) {
  alignas(nlmsghdr) std::array<char, 16384> buffer{};
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header->nlmsg_seq = ++sequence_;
  auto* request =
      static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(header, sizeof(inet_diag_req_v2)));
  request->sdiag_family = family;
  request->sdiag_protocol = IPPROTO_TCP;
  request->idiag_states = 1U << kEstablished;
  if (with_rtt) request->idiag_ext = 1U << (INET_DIAG_INFO - 1);
  const auto program = PortProgram(ports);
  return mnl_attr_put_check(header, buffer.size(), INET_DIAG_REQ_BYTECODE,
                            program.size() * sizeof(program[0]), program.data()) &&
         mnl_socket_sendto(socket_, header, header->nlmsg_len) >= 0;
}

SockDiag::Outcome SockDiag::Read(const Visit& visit) {
  alignas(nlmsghdr) std::array<char, 16384> buffer;
  Visitor visitor{visit};
  int verdict = MNL_CB_OK;
  while (verdict > MNL_CB_STOP) {
    const ssize_t size = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
    if (size < 0) return Outcome::kFailed;
    verdict = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), sequence_,
                         mnl_socket_get_portid(socket_), VisitMessage, &visitor);
  }
  if (visitor.stopped) return Outcome::kStopped;
  return verdict < 0 ? Outcome::kFailed : Outcome::kDone;
}

}  // namespace dnsd::reporter
