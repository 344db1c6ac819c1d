#include "reporter/connections.h"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

namespace dnsd::reporter {
namespace {

constexpr Duration kAskAgain = std::chrono::minutes(1);  // after the kernel did not answer

// An IPv6 socket that serves IPv4 has a mapped address; FromSockaddr makes it IPv4.
IpAddress AddressOf(bool v6, const void* octets) {
  sockaddr_storage storage{};
  storage.ss_family = v6 ? AF_INET6 : AF_INET;
  if (v6) {
    std::memcpy(&reinterpret_cast<sockaddr_in6&>(storage).sin6_addr, octets, 16);
  } else {
    std::memcpy(&reinterpret_cast<sockaddr_in&>(storage).sin_addr, octets, 4);
  }
  return IpAddress::FromSockaddr(reinterpret_cast<const sockaddr&>(storage));
}

// "0100007F:0050": words of 32 bits in the machine's order, then the port.
bool MatchesLocal(std::string_view word, const ConnectionFilter& filter) {
  const std::size_t colon = word.find(':');
  if (colon != 8 && colon != 32) return false;
  const auto port = ParseUnsigned(word.substr(colon + 1), 16);
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i * 8 < colon; ++i) {
    const auto value = ParseUnsigned(word.substr(i * 8, 8), 16);
    if (!value) return false;
    words[i] = static_cast<std::uint32_t>(*value);
  }
  return port && *port <= 0xFFFF &&
         filter.Matches(AddressOf(colon == 32, words.data()), static_cast<std::uint16_t>(*port));
}

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

ConnectionCount Sum(const ConnectionCount& a, const ConnectionCount& b) {
  return {a.established + b.established, a.waiting + b.waiting};
}

// "00000000:0000001F": octets to send and to read.
bool HasUnread(std::string_view queues) {
  const std::size_t colon = queues.find(':');
  return colon != std::string_view::npos &&
         ParseUnsigned(queues.substr(colon + 1), 16).value_or(0) > 0;
}

struct Dump {
  const ConnectionFilter& filter;
  ConnectionCount count{};
};

int CountSocket(const nlmsghdr* header, void* data) {
  auto& dump = *static_cast<Dump*>(data);
  const auto* socket = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(header));
  const IpAddress address = AddressOf(socket->idiag_family == AF_INET6, socket->id.idiag_src);
  if (dump.filter.Matches(address, ntohs(socket->id.idiag_sport))) {
    ++dump.count.established;
    if (socket->idiag_rqueue > 0) ++dump.count.waiting;
  }
  return MNL_CB_OK;
}

}  // namespace

bool ConnectionFilter::Matches(const IpAddress& address, std::uint16_t port) const {
  return std::find(ports.begin(), ports.end(), port) != ports.end() &&
         (addresses.empty() ||
          std::find(addresses.begin(), addresses.end(), address) != addresses.end());
}

ConnectionCounter::ConnectionCounter(ConnectionFilter filter, const FileRoot& files)
    : filter_(std::move(filter)), files_(files) {}

ConnectionCounter::~ConnectionCounter() {
  if (socket_ != nullptr) mnl_socket_close(socket_);
}

void ConnectionCounter::OpenSocket() {
  socket_ = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
  if (socket_ != nullptr && mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID) < 0) {
    mnl_socket_close(std::exchange(socket_, nullptr));
  }
}

std::optional<ConnectionCount> ConnectionCounter::CountByNetlink(std::uint8_t family) {
  alignas(nlmsghdr) std::array<char, 16384> buffer{};
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header->nlmsg_seq = ++sequence_;
  auto* request =
      static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(header, sizeof(inet_diag_req_v2)));
  request->sdiag_family = family;
  request->sdiag_protocol = IPPROTO_TCP;
  request->idiag_states = 1U << TCP_ESTABLISHED;
  const auto program = PortProgram(filter_.ports);
  if (!mnl_attr_put_check(header, buffer.size(), INET_DIAG_REQ_BYTECODE,
                          program.size() * sizeof(program[0]), program.data())) {
    return std::nullopt;
  }
  if (mnl_socket_sendto(socket_, header, header->nlmsg_len) < 0) return std::nullopt;

  Dump dump{filter_};
  int verdict = MNL_CB_OK;
  while (verdict > MNL_CB_STOP) {
    const ssize_t size = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
    if (size < 0) return std::nullopt;
    verdict = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), sequence_,
                         mnl_socket_get_portid(socket_), CountSocket, &dump);
  }
  if (verdict < 0) return std::nullopt;
  return dump.count;
}

std::optional<ConnectionCount> ConnectionCounter::CountByFiles() const {
  std::optional<ConnectionCount> count;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const auto text = files_.Read(path, 64U << 20);
    if (text) count = Sum(count.value_or(ConnectionCount{}), CountConnections(*text, filter_));
  }
  return count;
}

std::optional<ConnectionCount> ConnectionCounter::Count(MonotonicTime now) {
  if (files_.is_system() && now >= ask_at_) {
    if (socket_ == nullptr) OpenSocket();
    const auto v4 = socket_ != nullptr ? CountByNetlink(AF_INET) : std::nullopt;
    const auto v6 = v4 ? CountByNetlink(AF_INET6) : std::nullopt;
    if (v6) return Sum(*v4, *v6);
    if (socket_ != nullptr) mnl_socket_close(std::exchange(socket_, nullptr));
    ask_at_ = now + kAskAgain;
  }
  return CountByFiles();
}

ConnectionCount CountConnections(std::string_view text, const ConnectionFilter& filter) {
  ConnectionCount count;
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    NextWord(line);  // its number in the list
    const std::string_view local = NextWord(line);
    NextWord(line);  // the peer
    if (NextWord(line) != "01" || !MatchesLocal(local, filter)) continue;
    ++count.established;
    if (HasUnread(NextWord(line))) ++count.waiting;
  }
  return count;
}

}  // namespace dnsd::reporter
