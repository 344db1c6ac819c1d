#include "dnsd/server/control_socket.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/control_commands.h"

namespace dnsd::server {
namespace {

constexpr auto kShutdownTime = std::chrono::seconds(1);
constexpr std::size_t kMostConnections = 64;
constexpr mode_t kMode = 0660;
constexpr int kRestMs = 100;

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

// Whether somebody takes connections on the socket at `path`.
bool IsTaken(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.get() >= 0 &&
         connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// The descriptor that gRPC calls a peer by that it was handed: "fd:12".
int FdOf(const std::string& peer) {
  int fd = -1;
  if (peer.starts_with("fd:")) {
    std::from_chars(peer.data() + 3, peer.data() + peer.size(), fd);
  }
  return fd;
}

}  // namespace

ControlSocket::ControlSocket(std::string path, ControlActions actions)
    : path_(std::move(path)),
      callers_(kMostConnections),
      commands_(std::make_unique<ControlCommands>(
          std::move(actions), [this](const grpc::ServerContext& context) -> absl::StatusOr<Caller> {
            auto who = callers_.Who(FdOf(context.peer()));
            if (!who.ok()) return who.status();
            return Caller{*std::move(who), true};
          })) {}

ControlSocket::~ControlSocket() { Stop(); }

absl::Status ControlSocket::Start() {
  if (IsTaken(path_)) {
    return absl::UnavailableError("control.socket " + path_ +
                                  ": another process answers there; stop it, or name another path");
  }
  // What a crash has left. Somebody else's file is not ours to remove.
  struct stat file {};
  if (lstat(path_.c_str(), &file) == 0) {
    if (!S_ISSOCK(file.st_mode)) {
      return absl::UnavailableError("control.socket " + path_ + ": found a file that is no socket");
    }
    unlink(path_.c_str());
  }
  DNSD_RETURN_IF_ERROR(Bind());
  grpc::ServerBuilder builder;
  commands_->AddTo(builder);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("control.socket: gRPC does not start");
  taker_ = std::thread([this] { TakeConnections(); });
  return absl::OkStatus();
}

absl::Status ControlSocket::Bind() {
  const auto failed = [this] {
    return absl::UnavailableError(
        "control.socket " + path_ + ": cannot be bound: " + std::strerror(errno) +
        "; wanted a path in a folder that exists and that dnsd may write");
  };
  listening_ = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  stop_ = Fd(eventfd(0, EFD_CLOEXEC));
  const sockaddr_un address = AddressOf(path_);
  struct stat file {};
  // Nobody but those it is meant for may connect, at any time: what the umask leaves of the mode
  // that the socket has by then is less than what it gets last.
  if (listening_.get() < 0 || stop_.get() < 0 || fchmod(listening_.get(), kMode) != 0 ||
      bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failed();
  }
  if (chmod(path_.c_str(), kMode) != 0 || lstat(path_.c_str(), &file) != 0 ||
      listen(listening_.get(), SOMAXCONN) != 0) {
    return failed();
  }
  inode_ = file.st_ino;
  return absl::OkStatus();
}

// Until stop_ says so.
void ControlSocket::TakeConnections() {
  bool rests = false;  // there is no room for one more connection
  for (;;) {
    pollfd waits[] = {{stop_.get(), POLLIN, 0}, {listening_.get(), POLLIN, 0}};
    poll(waits, rests ? 1 : 2, rests ? kRestMs : -1);
    rests = false;
    if (waits[0].revents != 0) return;
    if ((waits[1].revents & POLLIN) == 0) continue;
    Fd connection(accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection.get() < 0) {
      rests = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
      continue;
    }
    if (const absl::Status added = callers_.Add(connection.get()); !added.ok()) {
      spdlog::warn("control.socket: a connection is refused: {}", Message(added));
      continue;
    }
    grpc::AddInsecureChannelFromFd(server_.get(), connection.release());
  }
}

void ControlSocket::Stop() {
  if (server_ == nullptr) return;
  eventfd_write(stop_.get(), 1);
  if (taker_.joinable()) taker_.join();
  server_->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
  server_->Wait();
  server_.reset();
  listening_ = Fd();
  // The path may be another's by now.
  struct stat file {};
  if (lstat(path_.c_str(), &file) == 0 && file.st_ino == inode_) unlink(path_.c_str());
}

}  // namespace dnsd::server
