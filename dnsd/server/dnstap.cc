#include "dnsd/server/dnstap.h"

#include <fcntl.h>
#include <fstrm.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/sockets.h"
#include "proto/dnstap.pb.h"

namespace dnsd::server {
namespace {

constexpr const char* kContentType = "protobuf:dnstap.Dnstap";
constexpr Duration kRetry = std::chrono::seconds(1);
constexpr int kPatienceMs = 1000;  // for a reader to take, or say, anything

std::int64_t Seconds(std::int64_t nanoseconds) { return nanoseconds / 1'000'000'000; }
std::uint32_t Rest(std::int64_t nanoseconds) {
  return static_cast<std::uint32_t>(nanoseconds % 1'000'000'000);
}

std::string Octets(std::span<const std::uint8_t> octets) { return {octets.begin(), octets.end()}; }

dnstap::Dnstap Envelope(const DnstapSettings& settings, const TappedQuery& query) {
  dnstap::Dnstap envelope;
  envelope.set_type(dnstap::Dnstap::MESSAGE);
  if (!settings.identity.empty()) envelope.set_identity(settings.identity);
  envelope.set_version("dnsd " DNSD_VERSION);
  dnstap::Message& message = *envelope.mutable_message();
  const IpAddress& client = query.header.client.address;
  message.set_socket_family(client.family() == IpFamily::kV4 ? dnstap::INET : dnstap::INET6);
  message.set_socket_protocol(query.header.transport == answer::Transport::kUdp ? dnstap::UDP
                                                                                : dnstap::TCP);
  message.set_query_address(Octets(client.octets()));
  if (query.header.client.port != 0) message.set_query_port(query.header.client.port);
  // One time stands for both: the answer took some microseconds.
  message.set_query_time_sec(static_cast<std::uint64_t>(Seconds(query.header.time)));
  message.set_query_time_nsec(Rest(query.header.time));
  return envelope;
}

// A descriptor as libfstrm reads and writes it. Every call returns soon: libfstrm itself would wait
// for a reader without end.
struct Transport {
  Fd fd;

  bool WaitFor(short what) const {
    pollfd waiting{fd.get(), what, 0};
    return poll(&waiting, 1, kPatienceMs) == 1;
  }

  bool Read(std::uint8_t* to, std::size_t count) {
    while (count > 0) {
      if (!WaitFor(POLLIN)) return false;
      const ssize_t n = read(fd.get(), to, count);
      if (n <= 0) return false;
      to += n;
      count -= static_cast<std::size_t>(n);
    }
    return true;
  }

  bool Write(const std::uint8_t* from, std::size_t count) {
    while (count > 0) {
      const ssize_t n = write(fd.get(), from, count);
      if (n < 0 && errno == EAGAIN && WaitFor(POLLOUT)) continue;
      if (n <= 0) return false;
      from += n;
      count -= static_cast<std::size_t>(n);
    }
    return true;
  }
};

fstrm_res Result(bool good) { return good ? fstrm_res_success : fstrm_res_failure; }

fstrm_res OpenTransport(void*) { return fstrm_res_success; }  // it is open already
fstrm_res CloseTransport(void* transport) {
  static_cast<Transport*>(transport)->fd = Fd();
  return fstrm_res_success;
}
fstrm_res ReadTransport(void* transport, void* to, size_t count) {
  return Result(static_cast<Transport*>(transport)->Read(static_cast<std::uint8_t*>(to), count));
}
fstrm_res WriteTransport(void* transport, const iovec* parts, int count) {
  for (int i = 0; i < count; ++i) {
    const auto* const from = static_cast<const std::uint8_t*>(parts[i].iov_base);
    if (!static_cast<Transport*>(transport)->Write(from, parts[i].iov_len)) {
      return fstrm_res_failure;
    }
  }
  return fstrm_res_success;
}

// A connected socket; -1 if nobody listens.
Fd ConnectTo(const std::string& path) {
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Fd();
  }
  return fd;
}

// A file begun anew: another dnsd may still write to the old one.
Fd BeginFile(const std::string& path) {
  struct stat file {};
  if (lstat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode)) unlink(path.c_str());
  return Fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
}

}  // namespace

struct Dnstap::Stream {
  // A socket's other end takes part in the stream's beginning and end, a file does not.
  Stream(Fd fd, bool is_socket) : transport{std::move(fd)} {
    fstrm_rdwr* rdwr = fstrm_rdwr_init(&transport);
    fstrm_rdwr_set_open(rdwr, OpenTransport);
    fstrm_rdwr_set_close(rdwr, CloseTransport);
    fstrm_rdwr_set_write(rdwr, WriteTransport);
    if (is_socket) fstrm_rdwr_set_read(rdwr, ReadTransport);
    fstrm_writer_options* options = fstrm_writer_options_init();
    fstrm_writer_options_add_content_type(options, kContentType, std::strlen(kContentType));
    writer = fstrm_writer_init(options, &rdwr);
    fstrm_writer_options_destroy(&options);
  }
  ~Stream() { fstrm_writer_destroy(&writer); }

  Transport transport;
  fstrm_writer* writer;
};

std::string DnstapQuery(const DnstapSettings& settings, const TappedQuery& query) {
  dnstap::Dnstap envelope = Envelope(settings, query);
  envelope.mutable_message()->set_type(dnstap::Message::AUTH_QUERY);
  envelope.mutable_message()->set_query_message(Octets(query.query));
  return envelope.SerializeAsString();
}

std::string DnstapResponse(const DnstapSettings& settings, const TappedQuery& query) {
  dnstap::Dnstap envelope = Envelope(settings, query);
  dnstap::Message& message = *envelope.mutable_message();
  message.set_type(dnstap::Message::AUTH_RESPONSE);
  message.set_response_time_sec(static_cast<std::uint64_t>(Seconds(query.header.time)));
  message.set_response_time_nsec(Rest(query.header.time));
  message.set_response_message(Octets(query.response));
  return envelope.SerializeAsString();
}

absl::StatusOr<std::unique_ptr<Dnstap>> Dnstap::Open(const DnstapSettings& settings) {
  std::unique_ptr<Dnstap> tap(new Dnstap(settings));
  if (!tap->Connect() && settings.socket.empty()) {
    return absl::UnavailableError("cannot write the dnstap file " + settings.file + ": " +
                                  std::strerror(errno));
  }
  return tap;
}

Dnstap::Dnstap(const DnstapSettings& settings) : settings_(settings) {}

Dnstap::~Dnstap() {
  if (stream_ != nullptr) fstrm_writer_close(stream_->writer);
}

bool Dnstap::Connect() {
  const bool is_socket = !settings_.socket.empty();
  Fd fd = is_socket ? ConnectTo(settings_.socket) : BeginFile(settings_.file);
  if (fd.get() < 0) return false;
  auto stream = std::make_unique<Stream>(std::move(fd), is_socket);
  if (stream->writer == nullptr || fstrm_writer_open(stream->writer) != fstrm_res_success) {
    return false;
  }
  stream_ = std::move(stream);
  spdlog::info("dnstap to {}", is_socket ? settings_.socket : settings_.file);
  told_ = false;
  return true;
}

void Dnstap::Take(const TappedQuery& query) {
  const bool good =
      stream_ != nullptr && (!settings_.queries || Write(DnstapQuery(settings_, query))) &&
      (!settings_.responses || query.response.empty() || Write(DnstapResponse(settings_, query)));
  (good ? written_ : lost_).Add();
}

bool Dnstap::Write(const std::string& frame) {
  if (fstrm_writer_write(stream_->writer, frame.data(), frame.size()) == fstrm_res_success) {
    return true;
  }
  spdlog::warn("dnstap: {} takes nothing any more",
               settings_.socket.empty() ? settings_.file : settings_.socket);
  stream_->transport.fd = Fd();  // half a frame is out: no end can follow it
  stream_.reset();
  told_ = true;
  return false;
}

void Dnstap::Tend(MonotonicTime now) {
  if (stream_ != nullptr || now < next_try_) return;
  next_try_ = now + kRetry;
  if (settings_.socket.empty() || Connect() || std::exchange(told_, true)) return;
  spdlog::warn("dnstap: nobody listens at {}; tried again every second", settings_.socket);
}

// A socket is left as it is. A file is begun anew, as a stream has a beginning and an end.
void Dnstap::Reopen() {
  if (!settings_.socket.empty()) return;
  if (stream_ != nullptr) fstrm_writer_close(stream_->writer);
  stream_.reset();
  if (!Connect())
    spdlog::error("dnstap: cannot write {}: {}", settings_.file, std::strerror(errno));
}

}  // namespace dnsd::server
