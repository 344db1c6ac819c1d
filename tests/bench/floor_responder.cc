// The floor: what UDP queries and responses cost with nothing between. Receives and sends in
// batches, looks nothing up, and answers each question with --answers A records of one address, so
// that as many octets go out as a name server would send.
//
//   floor_responder --listen ADDR:PORT [--answers 1] [--threads 1] [--batch 16]
//
// Each thread has a socket of its own (SO_REUSEPORT). Pin it from outside. Ends on any signal.
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dnsd/base/ip.h"

namespace {

constexpr unsigned kBatch = 64;      // the most for --batch
constexpr std::size_t kRoom = 1232;  // octets
constexpr std::size_t kHeader = 12;
constexpr std::size_t kOptSize = 11;  // an OPT record without options
constexpr std::uint8_t kAnswer[] = {0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 1};

struct Batch {
  std::array<std::array<std::uint8_t, kRoom>, kBatch> octets;
  std::array<sockaddr_storage, kBatch> peers;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages;
};

// Turns the query of `size` octets into its response in place; the new size, 0 for no response.
std::size_t Respond(std::uint8_t* message, std::size_t size, unsigned answers) {
  const bool edns = size > kHeader && message[11] == 1;
  const std::size_t opt = edns ? kOptSize : 0;
  if (size < kHeader + 5 + opt || size + answers * sizeof(kAnswer) > kRoom) return 0;
  message[2] = 0x84;  // QR, AA
  message[3] = 0;
  message[7] = static_cast<std::uint8_t>(answers);
  std::uint8_t* end = message + size;
  std::memmove(end - opt + answers * sizeof(kAnswer), end - opt, opt);
  for (unsigned i = 0; i < answers; ++i) {
    std::memcpy(end - opt + i * sizeof(kAnswer), kAnswer, sizeof(kAnswer));
  }
  return size + answers * sizeof(kAnswer);
}

void Serve(int fd, unsigned answers, unsigned most) {
  const auto whole = std::make_unique<Batch>();
  Batch& batch = *whole;
  for (unsigned i = 0; i < kBatch; ++i) {
    batch.messages[i].msg_hdr = {};
    batch.messages[i].msg_hdr.msg_name = &batch.peers[i];
    batch.messages[i].msg_hdr.msg_iov = &batch.parts[i];
    batch.messages[i].msg_hdr.msg_iovlen = 1;
  }
  while (true) {
    for (unsigned i = 0; i < most; ++i) {
      batch.parts[i] = {batch.octets[i].data(), kRoom};
      batch.messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    }
    const int count = recvmmsg(fd, batch.messages.data(), most, MSG_WAITFORONE, nullptr);
    if (count < 0) {
      if (errno == EINTR) continue;
      return;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      batch.parts[i].iov_len = Respond(batch.octets[i].data(), batch.messages[i].msg_len, answers);
    }
    sendmmsg(fd, batch.messages.data(), static_cast<unsigned>(count), 0);
  }
}

// A bound socket; below zero, with errno set, if there is none to be had.
int Open(const dnsd::Endpoint& endpoint) {
  sockaddr_storage address;
  const unsigned size = endpoint.ToSockaddr(address);
  const int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  constexpr int kOn = 1;
  constexpr int kBuffer = 4 << 20;  // octets
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &kOn, sizeof(kOn));
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBuffer, sizeof(kBuffer));
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? fd : -1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Answers UDP queries without looking anything up.");
  std::string listen;
  unsigned answers = 1;
  unsigned count = 1;
  unsigned most = 16;  // measured: faster than 8, 32 and 64
  app.add_option("--listen", listen)->required();
  app.add_option("--answers", answers)->check(CLI::Range(1, 60))->capture_default_str();
  app.add_option("--threads", count)->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--batch", most, "most queries read at once")
      ->check(CLI::Range(1U, kBatch))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto endpoint = dnsd::Endpoint::Parse(listen);
  if (!endpoint) {
    std::fprintf(stderr, "floor_responder: --listen %s: wanted ADDR:PORT\n", listen.c_str());
    return 2;
  }
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) {
    const int fd = Open(*endpoint);
    if (fd < 0) {
      std::fprintf(stderr, "floor_responder: %s: %s\n", listen.c_str(), std::strerror(errno));
      std::_Exit(1);
    }
    threads.emplace_back(Serve, fd, answers, most);
  }
  for (std::thread& thread : threads) thread.join();
  return 1;
}
