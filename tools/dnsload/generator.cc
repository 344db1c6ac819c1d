#include "tools/dnsload/generator.h"

#include <netinet/udp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace dnsload {
namespace {

constexpr unsigned kBatch = 64;
constexpr std::size_t kIds = 65536;
constexpr std::size_t kMaxQuery = 512;
constexpr std::size_t kMaxResponse = 4096;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr int kSocketBuffer = 4 << 20;  // octets

std::uint64_t Read(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * kSecond + static_cast<std::uint64_t>(t.tv_nsec);
}

std::uint64_t Now() { return Read(CLOCK_MONOTONIC); }

unsigned U16(std::span<const std::uint8_t> octets, std::size_t at) {
  return static_cast<unsigned>(octets[at] << 8 | octets[at + 1]);
}

}  // namespace

struct Generator::Socket {
  struct Waiting {
    std::uint64_t since = 0;  // ns; 0: not waiting
    std::uint32_t query = 0;
  };

  struct Run {
    unsigned queries = 0;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> control{};
  };

  int fd = -1;
  bool segments = true;      // the kernel takes runs of queries
  std::uint32_t oldest = 0;  // both grow without end; the id is the low 16 bits
  std::uint32_t next = 0;
  std::vector<Waiting> waiting = std::vector<Waiting>(kIds);
  std::array<iovec, kBatch> out_parts{};  // one a query
  std::array<Run, kBatch> runs{};         // queries of one size, one behind the other
  std::array<mmsghdr, kBatch> out{};      // one a run
  std::array<std::array<std::uint8_t, kMaxQuery>, kBatch> out_octets;
  std::array<mmsghdr, kBatch> in{};
  std::array<iovec, kBatch> in_parts{};
  std::array<std::array<std::uint8_t, kMaxResponse>, kBatch> in_octets;

  Socket() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      out_parts[i].iov_base = out_octets[i].data();
      in_parts[i] = {in_octets[i].data(), in_octets[i].size()};
      in[i].msg_hdr.msg_iov = &in_parts[i];
      in[i].msg_hdr.msg_iovlen = 1;
    }
  }

  // Puts the first `count` queries into messages and returns how many those are. A run of queries
  // of one size is one message, which the kernel cuts into datagrams below its IP layer
  // (UDP_SEGMENT): a third less CPU a query.
  unsigned Pack(unsigned count) {
    unsigned used = 0;
    for (unsigned begin = 0; begin < count; ++used) {
      const std::size_t size = out_parts[begin].iov_len;
      unsigned end = begin + 1;
      while (segments && end < count && out_parts[end].iov_len == size) ++end;
      Run& run = runs[used];
      run.queries = end - begin;
      msghdr& message = out[used].msg_hdr;
      message = {};
      message.msg_iov = &out_parts[begin];
      message.msg_iovlen = run.queries;
      if (run.queries > 1) {
        message.msg_control = run.control.data();
        message.msg_controllen = run.control.size();
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_UDP;
        header->cmsg_type = UDP_SEGMENT;
        header->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
        const auto segment = static_cast<std::uint16_t>(size);
        std::memcpy(CMSG_DATA(header), &segment, sizeof(segment));
      }
      begin = end;
    }
    return used;
  }

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd >= 0) close(fd);
  }
};

Generator::Generator(const LoadOptions& options, const QueryList& queries)
    : options_(options), queries_(queries) {}
Generator::~Generator() = default;

absl::Status Generator::Open() {
  sockaddr_storage server;
  const unsigned size = options_.server.ToSockaddr(server);
  for (unsigned i = 0; i < options_.sockets; ++i) {
    auto socket = std::make_unique<Socket>();
    socket->fd = ::socket(server.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket->fd < 0 ||
        connect(socket->fd, reinterpret_cast<const sockaddr*>(&server), size) != 0) {
      return absl::UnavailableError(options_.server.ToString() + ": " + std::strerror(errno));
    }
    // As large as the kernel permits; a smaller one only loses answers sooner.
    setsockopt(socket->fd, SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof(kSocketBuffer));
    polled_.push_back({socket->fd, POLLIN, 0});
    sockets_.push_back(std::move(socket));
  }
  return absl::OkStatus();
}

LoadResult Generator::Run(const Progress& progress) {
  const std::uint64_t begin = Now();
  const std::uint64_t end = begin + options_.warm_up_ns + options_.duration_ns;
  std::uint64_t report = begin + options_.warm_up_ns + kSecond;
  bool warming = options_.warm_up_ns > 0;
  StartCounting(begin);
  std::size_t turn = 0;
  std::size_t idle_turns = 0;  // in a row
  for (std::uint64_t now = begin; now < end;) {
    if (warming && now >= begin + options_.warm_up_ns) {
      warming = false;
      StartCounting(now);
    }
    Socket& socket = *sockets_[turn++ % sockets_.size()];
    unsigned done = 0;
    const unsigned count = Allowance(now);
    if (count > 0) done += Send(socket, count, now);
    if (socket.oldest != socket.next) done += Receive(socket);
    Expire(socket, now);
    idle_turns = done > 0 ? 0 : idle_turns + 1;
    if (options_.sleep && idle_turns >= sockets_.size()) Sleep(now);
    const std::uint64_t after = Now();
    if (done == 0) result_.idle_ns += after - now;
    now = after;
    if (now >= report) {
      result_.seconds = static_cast<double>(now - started_) / kSecond;
      progress(result_);
      report += kSecond;
    }
  }
  Finish();
  return result_;
}

// Closes the figures. What is still under way is answered or lost, but no longer speeds them up.
void Generator::Finish() {
  const std::uint64_t last = Now();
  result_.seconds = static_cast<double>(last - started_) / kSecond;
  result_.cpu_ns = Read(CLOCK_THREAD_CPUTIME_ID) - cpu_before_;
  while (in_flight_ > 0 && Now() < last + options_.timeout_ns + kSecond / 10) {
    for (auto& socket : sockets_) {
      Receive(*socket);
      Expire(*socket, Now());
    }
  }
}

// Waits for an answer, the time of the next query, or a millisecond.
void Generator::Sleep(std::uint64_t now) {
  constexpr std::uint64_t kLongest = 1'000'000;  // ns
  const std::uint64_t due = NextDue();
  const std::uint64_t wait = due > now ? std::min(due - now, kLongest) : 0;
  const timespec timeout{0, static_cast<long>(wait)};
  ppoll(polled_.data(), polled_.size(), &timeout, nullptr);
}

// When the next query is to be sent, in ns. Never, if only an answer makes room for it.
std::uint64_t Generator::NextDue() const {
  if (options_.rate <= 0 || in_flight_ >= options_.outstanding) return UINT64_MAX;
  return started_ +
         static_cast<std::uint64_t>(static_cast<double>(due_ + 1) / options_.rate * kSecond);
}

// Forgets what was counted; queries under way count when they are answered.
void Generator::StartCounting(std::uint64_t now) {
  result_ = {};
  result_.counts.sent = in_flight_;
  started_ = now;
  due_ = 0;
  cpu_before_ = Read(CLOCK_THREAD_CPUTIME_ID);
}

std::size_t Generator::NextQuery() {
  if (options_.in_order) {
    if (next_query_ >= queries_.size()) next_query_ = 0;
    return next_query_++;
  }
  random_ ^= random_ << 13;  // Marsaglia's xorshift64
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<std::size_t>(((random_ >> 32) * queries_.size()) >> 32);
}

// How many queries may be sent now, at most a batch.
unsigned Generator::Allowance(std::uint64_t now) {
  const std::size_t room =
      options_.outstanding > in_flight_ ? options_.outstanding - in_flight_ : 0;
  std::size_t count = std::min<std::size_t>(room, kBatch);
  if (options_.rate > 0) {
    const auto due =
        static_cast<std::uint64_t>(static_cast<double>(now - started_) / kSecond * options_.rate);
    count = std::min<std::size_t>(count, due > due_ ? due - due_ : 0);
    return static_cast<unsigned>(count);
  }
  // A system call for a query or two costs more than it brings: wait until some room has gathered.
  const std::size_t worthwhile = std::min<std::size_t>(kBatch / 2, (options_.outstanding + 3) / 4);
  return count >= worthwhile ? static_cast<unsigned>(count) : 0;
}

unsigned Generator::Send(Socket& socket, unsigned count, std::uint64_t now) {
  unsigned ready = 0;
  for (; ready < count && socket.next - socket.oldest < kIds; ++ready) {
    const std::size_t index = NextQuery();
    const auto query = queries_.query(index);
    auto& octets = socket.out_octets[ready];
    std::memcpy(octets.data(), query.data(), query.size());
    octets[0] = static_cast<std::uint8_t>(socket.next >> 8);
    octets[1] = static_cast<std::uint8_t>(socket.next);
    socket.out_parts[ready].iov_len = query.size();
    // Under a rate a late query counts as waiting since it was due, so that a server's pause shows
    // in every query that it delayed.
    const std::uint64_t since =
        options_.rate > 0
            ? started_ + static_cast<std::uint64_t>(static_cast<double>(due_ + ready) /
                                                    options_.rate * kSecond)
            : now;
    socket.waiting[socket.next % kIds] = {since, static_cast<std::uint32_t>(index)};
    ++socket.next;
  }
  unsigned done = 0;
  const unsigned runs = socket.Pack(ready);
  const int sent = sendmmsg(socket.fd, socket.out.data(), runs, 0);
  for (int run = 0; run < sent; ++run) done += socket.runs[static_cast<std::size_t>(run)].queries;
  for (unsigned i = done; i < ready; ++i) socket.waiting[--socket.next % kIds].since = 0;
  if (sent < 0 && socket.segments && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP)) {
    socket.segments = false;  // an old kernel, or a device that cannot sum them up
  } else if (sent < 0 && errno != EAGAIN && errno != ENOBUFS) {
    ++result_.counts.send_errors;
  }
  due_ += done;
  result_.counts.sent += done;
  in_flight_ += done;
  return done;
}

unsigned Generator::Receive(Socket& socket) {
  const int count = recvmmsg(socket.fd, socket.in.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (count <= 0) return 0;
  const std::uint64_t now = Now();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    Accept(socket, {socket.in_octets[i].data(), socket.in[i].msg_len}, now);
  }
  return static_cast<unsigned>(count);
}

void Generator::Accept(Socket& socket, std::span<const std::uint8_t> response, std::uint64_t now) {
  Counts& counts = result_.counts;
  constexpr std::size_t kHeader = 12;
  constexpr std::uint8_t kQr = 0x80;
  if (response.size() < kHeader || (response[2] & kQr) == 0) {
    ++counts.unexpected;
    return;
  }
  auto& waiting = socket.waiting[U16(response, 0)];
  if (waiting.since == 0) {
    ++counts.unexpected;
    return;
  }
  if (options_.validate) Validate(response, waiting.query);
  ++counts.rcodes[response[3] & 15];
  if ((response[2] & 2) != 0) ++counts.truncated;
  result_.latency.Add(now > waiting.since ? now - waiting.since : 0);
  waiting.since = 0;
  ++counts.answered;
  --in_flight_;
}

// Counts what is wrong with the response to `query`; true if nothing is.
bool Generator::Validate(std::span<const std::uint8_t> response, std::size_t query) {
  constexpr std::size_t kHeader = 12;
  Counts& counts = result_.counts;
  const auto question = queries_.question(query);
  if (U16(response, 4) != 1 || response.size() < kHeader + question.size() ||
      !std::equal(question.begin(), question.end(), response.begin() + kHeader)) {
    ++counts.wrong_question;
    return false;
  }
  if ((response[3] & 15) != options_.expect_rcode) {
    ++counts.wrong_rcode;
    return false;
  }
  const auto answers = static_cast<int>(U16(response, 6));
  if (options_.expect_answers >= 0 ? answers != options_.expect_answers
                                   : options_.expect_rcode == 0 && answers == 0) {
    ++counts.wrong_answers;
    return false;
  }
  return true;
}

// Moves `oldest` past what was answered and what took too long.
void Generator::Expire(Socket& socket, std::uint64_t now) {
  while (socket.oldest != socket.next) {
    auto& waiting = socket.waiting[socket.oldest % kIds];
    if (waiting.since != 0) {
      if (now < waiting.since + options_.timeout_ns) return;
      waiting.since = 0;
      ++result_.counts.lost;
      --in_flight_;
    }
    ++socket.oldest;
  }
}

}  // namespace dnsload
